from dataclasses import replace

import pytest

from stasis_refer.core.call import Call
from stasis_refer.core.events import (
    CallEnded,
    ChannelRinging,
    ChannelUp,
    Command,
    CommandRefused,
    DocumentFetched,
    DrainOver,
    FetchFailed,
    FetchFailure,
    InviteAnswered,
    LegCreated,
    Ordered,
    Regained,
    Unbridged,
)
from stasis_refer.core.info import CallDirection, CallInfo, CallStatus
from stasis_refer.core.intents import CreateLeg, Fetch, GiveBack, Tell
from stasis_refer.core.leg import Leg, info_of
from stasis_refer.core.opening import Lent, Opening, Outgoing, Parted
from stasis_refer.core.orders import EndCall, Origination, RunDocument
from stasis_refer.core.verbs import Callee, LegEvent, LegWatch, SipAddress
from tests.core.calls import (
    ANSWERED,
    CHANNEL,
    INFO,
    PLAIN,
    REFER,
    SAY,
    STATUS,
    VOICE,
    Line,
    Step,
    document,
    word,
)

KEY = "a" * 32
LEAD = f"{KEY}-leg-0"
CALLED = CallInfo(
    KEY, LEAD, channel_name="PJSIP/example.com", direction=CallDirection.ORIGINATED, started=1000.0
)
BOB = Callee(SipAddress("sip:bob@example.com"), LegWatch(STATUS, frozenset(LegEvent)), tag="mine")
WANTED = Origination(BOB, VOICE, caller_id="4930", caller_name="Support", timeout=20.0)
MADE: Step = (0.0, LegCreated("c@a"))
TAKEN: tuple[Step, ...] = (
    MADE,
    (1.0, ChannelRinging()),
    (2.0, InviteAnswered(200)),
    (2.0, ChannelUp()),
)


class Begun(Line):
    """A call that does not begin with somebody who calls."""

    def __init__(
        self, opening: Opening, info: CallInfo = CALLED, leg: Leg | None = None, *, up: bool = False
    ) -> None:
        super().__init__()
        self.intents.clear()
        self.words.clear()
        self.call = Call(info, PLAIN, up=up, now=0.0, opening=opening, leg=leg)
        self._keep(self.call.start())


def called(*steps: Step, wanted: Origination = WANTED, until: float = 0.0) -> list[str]:
    line = Begun(Outgoing(wanted))
    line.happens(*steps)
    line.wait(until)
    return line.words


# -- we call ---------------------------------------------------------------------


def test_a_call_is_made_and_its_document_fetched_once_it_is_answered() -> None:
    assert called(*TAKEN) == [
        "0 create leg 0 stasis_refer/sip:bob@example.com",
        "0 tell leg initiated 0",
        "0 call leg 0",
        "1 tell leg ringing 1",
        "2 tell leg answered 2",
        "2 fetch document",
    ]


def test_who_calls_is_told() -> None:
    line = Begun(Outgoing(WANTED))
    (create,) = line.intents
    expected = CreateLeg(LEAD, "stasis_refer/sip:bob@example.com", "4930", "Support")
    assert create == expected


def test_a_document_may_be_there_already() -> None:
    words = called(*TAKEN, wanted=replace(WANTED, then=(SAY,)))
    assert words[-1] == f"2 play {LEAD}-1"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (486, CallStatus.BUSY),
        (480, CallStatus.NO_ANSWER),
        (404, CallStatus.FAILED),
        (None, CallStatus.FAILED),
    ],
)
def test_who_asked_is_told_why_nobody_was_reached(code: int | None, status: CallStatus) -> None:
    line = Begun(Outgoing(WANTED))
    line.happens(MADE, (3.0, CallEnded(status=code)))
    told = line.intents[-1]
    assert isinstance(told, Tell)
    assert (told.callback, told.standing.status) == (STATUS, status)
    assert line.call.over


def test_a_phone_rings_so_long_and_no_longer() -> None:
    words = called(MADE, (1.0, ChannelRinging()), until=30.0)
    assert words[-2:] == ["20 hang up", "20 tell leg completed 2"]


@pytest.mark.parametrize("command", [Command.CREATE, Command.RING])
@pytest.mark.parametrize("status", [404, 500, 0])
def test_a_call_that_cannot_be_made_has_failed(command: Command, status: int) -> None:
    line = Begun(Outgoing(WANTED))
    line.happens((0.0, CommandRefused(command, status)))
    assert line.words[-1] == "0 tell leg completed 0"
    assert line.call.over


def test_who_may_not_be_called_is_not() -> None:
    elsewhere = replace(BOB, address=SipAddress("sip:bob@example.org"))
    assert called(wanted=replace(WANTED, callee=elsewhere)) == ["0 refused policy"]


def test_a_call_may_last_so_long() -> None:
    words = called(
        *TAKEN, (2.5, DocumentFetched((SAY,))), wanted=replace(WANTED, time_limit=60.0), until=99.0
    )
    assert words[-2:] == ["62 hang up", "62 tell leg completed 3"]


def test_what_we_called_can_be_transferred_and_its_messages_are_heard() -> None:
    line = Begun(Outgoing(WANTED))
    line.happens(*TAKEN, (3.0, document(REFER)))
    assert line.words[-2:] == ["3 began", "3 refer sip:alice@example.com"]
    assert line.call.info.captured


def test_a_ringing_call_can_be_canceled_and_is_not_redirected() -> None:
    asked = Ordered("t", KEY, RunDocument((SAY,)))
    words = called(MADE, (1.0, asked), (2.0, Ordered("u", KEY, EndCall(unanswered=True))))
    assert words[-4:] == ["1 not taken away", "2 taken", "2 hang up", "2 tell leg completed 1"]


def test_a_call_that_was_canceled_is_told_as_such() -> None:
    line = Begun(Outgoing(WANTED))
    line.happens(MADE, (1.0, ChannelRinging()), (2.0, Ordered("t", KEY, EndCall())))
    told = line.intents[-1]
    assert isinstance(told, Tell)
    assert told.standing.status is CallStatus.CANCELED


def test_who_hangs_up_at_once_had_answered() -> None:
    line = Begun(Outgoing(WANTED))
    line.happens(MADE, (1.0, InviteAnswered(200)), (1.0, CallEnded()))
    told = line.intents[-1]
    assert isinstance(told, Tell)
    assert told.standing.status is CallStatus.COMPLETED


def test_what_we_called_has_no_dialplan_to_go_back_to() -> None:
    assert called(*TAKEN, (3.0, DrainOver()))[-1] == "3 hang up"


# -- a party that parted from another call ---------------------------------------


PARTED = Parted((SAY,))


def parted(*steps: Step, opening: Opening = PARTED, until: float = 0.0) -> list[str]:
    info = info_of(INFO, 1, "bob", "example.com", 1000.0)
    line = Begun(opening, info, Leg(info, -9.0, answered_at=-5.0), up=True)
    line.happens(*steps)
    line.wait(until)
    return line.words


def test_it_runs_its_document_once_it_is_out_of_the_bridge() -> None:
    assert parted((0.1, Unbridged())) == [f"0.1 play {INFO.key}-leg-1-1"]


def test_it_does_not_wait_for_ever() -> None:
    assert parted(until=2.0) == [f"2 play {INFO.key}-leg-1-1"]


def test_after_a_gap_it_goes_on() -> None:
    assert parted((0.5, Regained())) == [f"0.5 play {INFO.key}-leg-1-1"]


def test_who_asked_for_its_transfer_is_told_when_that_begins() -> None:
    assert parted((0.1, Unbridged()), opening=Parted((REFER,), "t")) == [
        "0.1 began",
        "0.1 taken 1",
        "0.1 refer sip:alice@example.com",
    ]


def test_who_asked_for_its_transfer_is_told_that_it_hung_up() -> None:
    assert parted((0.1, CallEnded()), opening=Parted((REFER,), "t")) == ["0.1 not taken no_call"]


# -- a callee that runs a document before it is connected ------------------------

BLOCKED = replace(REFER, target="sip:alice@example.org")
TRANSFERRED: tuple[Step, ...] = tuple((at + 1.0, event) for at, event in ANSWERED)
SCREENED = Lent(VOICE, INFO.key)


def test_it_is_given_back_behind_its_document() -> None:
    assert parted((1.0, document()), opening=SCREENED) == ["0 fetch screening", "1 give leg 1 back"]


@pytest.mark.parametrize(
    "end",
    [
        CallEnded(),
        FetchFailed(FetchFailure.STATUS, VOICE.url, "it answered 500"),
        Ordered("t", info_of(INFO, 1, "", "", 0.0).key, EndCall()),
    ],
)
def test_it_is_given_back_as_gone_where_it_is(end: CallEnded | FetchFailed | Ordered) -> None:
    words = parted((1.0, document(SAY)), (2.0, end), (3.0, CallEnded()), opening=SCREENED)
    if isinstance(end, FetchFailed):
        words = parted((2.0, end), opening=SCREENED)
    assert words[-1] in {"2 give leg 1 back gone", "3 give leg 1 back gone"}


def test_a_party_that_was_transferred_by_its_document_is_not_given_back() -> None:
    steps = ((1.0, document(replace(REFER, action=None))), *TRANSFERRED)
    assert "give leg 1 back" not in parted(*steps, opening=SCREENED, until=9.0)


def test_no_number_is_given_twice_under_one_key() -> None:
    info = info_of(INFO, 1, "bob", "example.com", 1000.0)
    line = Begun(SCREENED, info, Leg(info, -9.0, answered_at=-5.0), up=True)
    line.happens((1.0, document(replace(BLOCKED, action=None))))
    back = next(each for each in line.intents if isinstance(each, GiveBack))
    parted_later = Begun(Parted((BLOCKED,), "t"), info, back.leg, up=True)
    parted_later.happens((2.0, Unbridged()))
    assert "2 taken 2" in parted_later.words
    fetch = next(each for each in parted_later.intents if isinstance(each, Fetch))
    assert fetch.number == 2


def test_its_end_is_told_by_the_call_that_lent_it() -> None:
    info = info_of(INFO, 1, "bob", "example.com", 1000.0)
    leg = Leg(info, -9.0, answered_at=-5.0, watch=LegWatch(STATUS))
    line = Begun(SCREENED, info, leg, up=True)
    line.happens((1.0, document(SAY)), (2.0, CallEnded()))
    assert [word(each) for each in line.intents if isinstance(each, Tell | GiveBack)] == [
        "give leg 1 back gone"
    ]
    assert CHANNEL not in line.call.channels
