from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from stasis_refer.core.events import (
    CallEnded,
    ChannelReturned,
    ChannelUp,
    Ordered,
    QueueLeft,
    QueueStatus,
    RecordingEnded,
    TransferStatus,
)
from stasis_refer.core.handing_over import GivenBack
from stasis_refer.core.intents import Branch, Fetch, SendRefer
from stasis_refer.core.leg import key_of
from stasis_refer.core.opening import Parted
from stasis_refer.core.orders import (
    EndCall,
    FetchDocument,
    Order,
    RunDocument,
    TagCall,
    TransferCall,
)
from stasis_refer.core.verbs import (
    After,
    Document,
    Enqueue,
    Gather,
    Pause,
    Play,
    Recorder,
    Refer,
    Ring,
    SecondLeg,
    Speech,
    Tag,
    Then,
    Verb,
)
from tests.core.calls import (
    ANSWERED,
    BEGAN,
    BUSY,
    CHANNEL,
    INFO,
    REFER,
    SAY,
    SENT,
    STATUS,
    TAKEN,
    VOICE,
    Line,
    Step,
    document,
    follow,
    returned,
)
from tests.core.dials import DIAL, HOLDING, TO_B, answers, apart, hangs_up, refers, rings

OTHER = Play(Speech("other"))
LEG = key_of(INFO.key, 1)


def played(*verbs: Verb, steps: Iterable[Step], until: float = 300.0, up: bool = True) -> list[str]:
    """Return what a call asked for behind its first request."""
    return follow(*steps, verbs=verbs, until=until, up=up)


def asks(at: float, order: Order, key: str = INFO.key, ticket: str = "t") -> Step:
    return at, Ordered(ticket, key, order)


RUN = RunDocument((OTHER,))
END = EndCall()
ALICE = TransferCall(REFER)
BOB = TransferCall(replace(REFER, target="sip:bob@example.com"))


# -- another document ------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        pytest.param(
            SAY, ["0 play {c}-1", "1 taken", "1 stop {c}-1", "1 play {c}-2"], id="a sound is cut"
        ),
        pytest.param(Pause(9.0), ["1 taken", "1 play {c}-1"], id="a pause"),
        pytest.param(
            Ring(9.0), ["0 play {c}-1", "1 taken", "1 stop {c}-1", "1 play {c}-2"], id="ringing"
        ),
        pytest.param(
            Gather((SAY,)),
            ["0 play {c}-1", "1 taken", "1 stop {c}-1", "1 play {c}-2"],
            id="digits are collected",
        ),
        pytest.param(
            DIAL,
            [
                "0 accept REFERs",
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 play {c}-1",
                "1 taken",
                "1 stop {c}-1",
                "1 drop leg 1",
                "1 play {c}-2",
            ],
            id="somebody is called",
        ),
    ],
)
def test_a_new_document_ends_the_verb_that_runs(verb: Verb, expected: list[str]) -> None:
    assert played(verb, SAY, steps=(asks(1.0, RUN),), until=2.0) == [
        each.format(c=CHANNEL) for each in expected
    ]


def test_a_new_document_may_have_to_be_fetched() -> None:
    line = Line()
    line.happens((0.0, document(SAY)), asks(1.0, FetchDocument(STATUS)), (2.0, document(OTHER)))
    assert line.words[2:] == [
        "1 taken",
        f"1 stop {CHANNEL}-1",
        "1 fetch document",
        f"2 play {CHANNEL}-2",
    ]
    assert [each.callback for each in line.intents if isinstance(each, Fetch)] == [VOICE, STATUS]


def test_a_document_on_its_way_is_not_waited_for() -> None:
    line = Line()
    line.happens(asks(0.0, RUN), (1.0, document(SAY, SAY)))
    assert line.words[1:] == ["0 taken", f"0 play {CHANNEL}-1"]


def test_a_ringing_call_is_answered_for_a_new_document_that_needs_it() -> None:
    line = Line(up=False)
    line.happens((0.0, document(Pause(9.0))), asks(1.0, RUN), (1.0, ChannelUp()))
    assert line.words[1:] == ["1 taken", "1 answer", f"1 play {CHANNEL}-1"]


def test_two_who_talk_are_taken_apart_first() -> None:
    steps = (*answers(0.0), asks(5.0, RUN), apart(5.1), hangs_up(5.2))
    assert played(TO_B, steps=steps, until=6.0)[-4:] == [
        "5 taken",
        "5 separate bridge 1",
        "5.1 drop leg 1",
        f"5.1 play {CHANNEL}-2",
    ]


def test_a_dial_that_was_left_is_not_told_to_its_action_url() -> None:
    steps = (*answers(0.0), asks(5.0, RUN), apart(5.1), hangs_up(5.2))
    assert not [each for each in played(DIAL, steps=steps) if "fetch action" in each]


def test_a_recording_is_not_waited_for_where_nobody_is_told_of_it() -> None:
    dial = replace(DIAL, recorder=Recorder(STATUS))
    steps = (
        *answers(0.0),
        hangs_up(4.0),
        asks(5.0, RUN),
        apart(5.1),
        (5.5, RecordingEnded(f"{INFO.key}-1", 3.0)),
    )
    assert played(dial, steps=steps, until=6.0)[-3:] == [
        "5 taken",
        f"5.1 play {CHANNEL}-2",
        f"5.5 tell recording {INFO.key}-1 3",
    ]


def test_a_queue_is_left_first() -> None:
    line = Line()
    line.happens((0.0, document(Enqueue("support"))), asks(5.0, RUN), asks(5.0, RUN))
    line.happens((5.1, ChannelReturned(TransferStatus.FAILURE, 0)))
    assert line.words[1:] == [
        "0 join support",
        "5 taken",
        "5 break off",
        "5 taken",
        f"5.1 play {CHANNEL}-1",
    ]


def test_a_call_that_does_not_come_back_from_a_queue_is_hung_up() -> None:
    steps = (asks(5.0, RUN),)
    words = played(Enqueue("support"), steps=steps)
    assert words[-3:] == ["5 taken", "5 break off", "10 hang up"]


def test_what_comes_late_from_a_queue_changes_nothing() -> None:
    steps = (asks(5.0, RUN), (5.1, QueueLeft(QueueStatus.TIMEOUT)))
    assert played(Enqueue("support"), steps=steps, until=6.0)[-1] == "5 break off"


@pytest.mark.parametrize("order", [RUN, FetchDocument(STATUS), BOB])
def test_a_transfer_that_is_under_way_is_not_disturbed(order: Order) -> None:
    words = played(REFER, steps=(SENT, TAKEN, asks(1.0, order)), until=2.0)
    assert words == [*BEGAN, "1 not taken transferring"]


def test_a_document_that_asks_for_the_same_transfer_joins_it() -> None:
    again = RunDocument((replace(REFER, action=None),))
    words = played(REFER, steps=(SENT, TAKEN, asks(1.0, again)), until=2.0)
    assert words == [*BEGAN, "1 taken 1"]


@pytest.mark.parametrize("document", [(BOB.verb,), (REFER, OTHER), (OTHER, REFER), ()])
def test_one_that_asks_for_something_else_does_not(document: Document) -> None:
    steps = (SENT, TAKEN, asks(1.0, RunDocument(document)))
    assert played(REFER, steps=steps, until=2.0) == [*BEGAN, "1 not taken transferring"]


def test_a_transfer_that_was_received_is_not_disturbed() -> None:
    words = played(HOLDING, steps=(*answers(0.0), *refers(2.0), asks(3.0, RUN)), until=4.0)
    assert words[-1] == "3 not taken transferring"


def test_redirects_from_outside_are_no_loop() -> None:
    line = Line()
    line.happens(*[asks(0.0, FetchDocument(VOICE))] * 60, (0.0, document(SAY)))
    assert line.words[-1] == f"0 play {CHANNEL}-1"


# -- a transfer ------------------------------------------------------------------


def test_a_transfer_begins_at_once_and_the_document_goes_on_behind_it() -> None:
    refer = replace(REFER, action=None)
    steps = (asks(1.0, TransferCall(refer)), *[(at + 1.0, event) for at, event in ANSWERED])
    assert played(SAY, OTHER, steps=steps, until=7.0) == [
        f"0 play {CHANNEL}-1",
        f"1 stop {CHANNEL}-1",
        "1 began",
        "1 taken 1",
        "1 refer sip:alice@example.com",
        "6 ended completed",
        f"6 play {CHANNEL}-2",
    ]


ASIDE = After(completed=Then.END, failed=Then.GO_ON, canceled=Then.NOTHING)


@pytest.mark.parametrize(
    ("verb", "again"),
    [
        (SAY, f"6 play {CHANNEL}-2"),
        (Gather((SAY,)), f"6 play {CHANNEL}-2"),
        (Ring(9.0), f"6 play {CHANNEL}-2"),
        (Enqueue("support"), "6 join support"),
    ],
)
def test_where_a_transfer_from_outside_fails_the_caller_is_where_it_was(
    verb: Verb, again: str
) -> None:
    order = TransferCall(replace(REFER, action=None, after=ASIDE))
    steps = (asks(1.0, order), *[(at + 1.0, event) for at, event in BUSY])
    if isinstance(verb, Enqueue):
        out = ChannelReturned(TransferStatus.FAILURE, 0)
        steps = (steps[0], (1.0, out), *steps[1:])
    assert played(verb, steps=steps, until=6.5)[-2:] == ["6 ended busy", again]


def test_a_document_on_its_way_is_asked_for_again_where_a_transfer_fails() -> None:
    order = TransferCall(replace(REFER, action=None, after=ASIDE))
    line = Line()
    line.happens(asks(0.0, order), *BUSY)
    assert line.words[-2:] == ["5 ended busy", "5 fetch document"]


def test_a_pause_lasts_as_long_as_it_would_have() -> None:
    order = TransferCall(replace(REFER, action=None, after=ASIDE))
    steps = (asks(1.0, order), *[(at + 1.0, event) for at, event in BUSY])
    assert played(Pause(9.0), steps=steps)[-2:] == ["6 ended busy", "14 hang up"]


def test_a_caller_whose_transfer_is_blocked_hears_nothing_of_it() -> None:
    order = TransferCall(Refer("sip:alice@example.org", after=ASIDE))
    words = played(SAY, steps=(asks(1.0, order),), until=2.0)
    assert words == [f"0 play {CHANNEL}-1", "1 began", "1 taken 1", "1 ended blocked"]


def test_the_same_target_joins_a_transfer() -> None:
    words = played(REFER, steps=(SENT, TAKEN, asks(1.0, ALICE)), until=2.0)
    assert words == [*BEGAN, "1 taken 1"]


RUNNING = replace(
    REFER,
    referred_by="sip:desk@example.com",
    headers=(("X-A", "1"), ("X-B", "2")),
    ring_timeout=20.0,
)


@pytest.mark.parametrize(
    ("given", "changes", "joins"),
    [
        pytest.param("", {"headers": (), "referred_by": None}, True, id="nothing is given"),
        pytest.param("referred_by", {}, True, id="the same Referred-By"),
        pytest.param("referred_by", {"referred_by": "sip:a@example.com"}, False, id="another one"),
        pytest.param("headers", {"headers": (("x-b", "2 "), ("X-A", "1"))}, True, id="in order"),
        pytest.param("headers", {"headers": (("X-A", "1"),)}, False, id="fewer headers"),
        pytest.param("headers", {"headers": ()}, False, id="no headers, in so many words"),
        pytest.param("ring_timeout", {"ring_timeout": 21.0}, False, id="a longer time"),
        pytest.param("no_notify_timeout", {"no_notify_timeout": 30.0}, True, id="as configured"),
        pytest.param("no_notify_timeout", {"no_notify_timeout": 5.0}, False, id="a shorter time"),
        pytest.param("on_success", {}, True, id="the same action"),
        pytest.param("on_success", {"action": STATUS}, False, id="another action"),
        pytest.param("on_failure", {"failure_action": STATUS}, False, id="another on failure"),
        pytest.param("on_failure", {"after": ASIDE}, False, id="another way on"),
    ],
)
def test_what_differs_does_not_join(given: str, changes: dict[str, Any], *, joins: bool) -> None:
    order = TransferCall(replace(RUNNING, **changes), frozenset({given} - {""}))
    words = played(RUNNING, steps=(SENT, TAKEN, asks(1.0, order)), until=2.0)
    assert words[-1] == ("1 taken 1" if joins else "1 not taken transferring")


def test_a_blocked_transfer_is_one_that_ended() -> None:
    order = TransferCall(Refer("sip:alice@example.org"))
    assert played(Pause(9.0), SAY, steps=(asks(1.0, order),), until=2.0) == [
        "1 began",
        "1 taken 1",
        "1 ended blocked",
        f"1 play {CHANNEL}-1",
    ]


def test_two_who_talk_are_taken_apart_for_a_transfer() -> None:
    steps = (*answers(0.0), asks(5.0, ALICE), asks(5.0, BOB, ticket="u"), apart(5.1))
    assert played(DIAL, steps=steps, until=5.5)[-6:] == [
        "5 separate bridge 1",
        "5 not taken transferring",
        "5.1 drop leg 1",
        "5.1 began",
        "5.1 taken 1",
        "5.1 refer sip:alice@example.com",
    ]


def test_who_asked_for_a_transfer_that_never_began_is_told() -> None:
    steps = (*answers(0.0), asks(5.0, ALICE), (5.0, CallEnded()), hangs_up(5.1))
    assert played(TO_B, steps=steps)[-2:] == ["5 drop leg 1", "5 not taken no_call"]


# -- the end ---------------------------------------------------------------------


def test_a_transfer_is_canceled_by_the_end_of_its_call() -> None:
    words = played(REFER, steps=(SENT, TAKEN, asks(2.0, END), (2.1, CallEnded())))
    assert words[2:] == ["2 taken", "2 hang up", "2 ended canceled", "2 fetch action canceled"]


def test_an_answered_call_is_not_to_be_canceled() -> None:
    words = played(Pause(9.0), steps=(asks(1.0, EndCall(unanswered=True)),), until=2.0)
    assert words == ["1 not taken answered"]


def test_a_ringing_call_is_canceled() -> None:
    steps = (asks(1.0, EndCall(unanswered=True)),)
    assert played(Pause(9.0), steps=steps, up=False) == ["1 taken", "1 hang up"]


@pytest.mark.parametrize("order", [RUN, END, ALICE, TagCall("x")])
def test_a_call_that_is_over_takes_no_orders(order: Order) -> None:
    steps = (*answers(0.0), (5.0, CallEnded()), apart(5.0), asks(5.0, order))
    assert played(TO_B, steps=steps, until=5.5)[-1] == "5 not taken no_call"


# -- the other party -------------------------------------------------------------


def test_the_other_party_parts_with_a_document_of_its_own() -> None:
    line = Line()
    line.happens((0.0, document(DIAL)), *answers(0.0), asks(5.0, RUN, LEG), apart(5.1))
    assert line.words[-4:] == [
        "5 taken",
        "5 part with leg 1",
        "5 separate bridge 1",
        "5.1 fetch action completed 200 4",
    ]
    branch = next(each for each in line.intents if isinstance(each, Branch))
    assert branch.opening == Parted((OTHER,))
    assert line.call.channels == {CHANNEL}


def test_the_other_party_is_transferred_in_a_call_of_its_own() -> None:
    line = Line()
    line.happens((0.0, document(TO_B)), *answers(0.0), asks(5.0, ALICE, LEG))
    assert line.words[-2:] == ["5 part with leg 1", "5 separate bridge 1"]
    branch = next(each for each in line.intents if isinstance(each, Branch))
    assert branch.opening == Parted((REFER,), ticket="t")


def test_both_parties_run_a_document() -> None:
    steps = (*answers(0.0), asks(5.0, RunDocument((OTHER,), both=True)), apart(5.1))
    assert played(TO_B, steps=steps, until=5.5)[-4:] == [
        "5 taken",
        "5 part with leg 1",
        "5 separate bridge 1",
        f"5.1 play {CHANNEL}-2",
    ]


def test_the_other_party_is_hung_up() -> None:
    steps = (*answers(0.0), asks(5.0, END, LEG), hangs_up(5.1), apart(5.2))
    assert played(DIAL, steps=steps, until=5.5)[-4:] == [
        "5 taken",
        "5 drop leg 1",
        "5.1 separate bridge 1",
        "5.2 fetch action completed 200 4.1",
    ]


def test_a_party_that_still_rings_cannot_run_a_document() -> None:
    steps = (*rings(0.0), asks(1.0, RUN, LEG))
    assert played(TO_B, steps=steps, until=2.0)[-1] == "1 not taken away"


def test_a_party_that_never_was_takes_no_orders() -> None:
    assert played(Pause(9.0), steps=(asks(1.0, END, "x"),), until=2.0) == ["1 not taken no_call"]


@pytest.mark.parametrize("key", [INFO.key, LEG])
def test_what_is_told_of_a_party_carries_its_tag(key: str) -> None:
    line = Line()
    line.happens((0.0, document(Tag("old"), TO_B)), *answers(0.0), asks(5.0, TagCall("new"), key))
    tags = line.call.lead.tag, line.call.legs[f"{INFO.key}-leg-1"].tag
    assert tags == (("new", "") if key == INFO.key else ("old", "new"))


# -- a second party for a REFER --------------------------------------------------

SECOND = Refer("sip:b@example.com", replaces=SecondLeg())


@pytest.mark.parametrize(
    "order", [RunDocument((SECOND,)), TransferCall(SECOND), RunDocument((Tag("x"), SECOND))]
)
def test_the_party_that_a_refer_names_stays_until_it_is_over(order: Order) -> None:
    line = Line()
    line.happens((0.0, document(TO_B)), *answers(0.0), asks(5.0, order), apart(5.1))
    refer = next(each for each in line.intents if isinstance(each, SendRefer))
    assert refer.replaces == LEG
    assert "drop leg 1" not in " ".join(line.words)
    line.happens((5.2, returned(405)))
    assert line.words[-2:] == ["5.2 hang up", "5.2 drop leg 1"]


def test_a_document_that_is_fetched_may_name_it_too() -> None:
    line = Line()
    line.happens((0.0, document(TO_B)), *answers(0.0), asks(5.0, FetchDocument(VOICE)))
    line.happens(apart(5.1), (5.2, document(SECOND)))
    assert next(each for each in line.intents if isinstance(each, SendRefer)).replaces == LEG


# -- a party that runs a document before it is connected -------------------------

SCREENED = replace(
    TO_B, callees=(replace(TO_B.callees[0], screening=STATUS), *DIAL.callees), action=VOICE
)


def screened(*steps: Step, order: Order | None = None) -> tuple[Line, GivenBack]:
    """The first of two answered, and runs its document."""
    line = Line()
    line.happens((0.0, document(SCREENED)), *rings(0.0, 2), *answers(0.0))
    leg = line.call.legs[f"{INFO.key}-leg-1"]
    if order:
        line.happens(asks(1.5, order))
    line.happens(*steps)
    return line, GivenBack(leg)


def test_a_leg_that_was_lent_is_the_other_call_s_alone() -> None:
    line, _ = screened(hangs_up(2.0, 2))
    assert line.call.channels == {CHANNEL}


def test_it_is_connected_behind_it_and_the_others_are_hung_up() -> None:
    line, back = screened()
    assert line.words[-1] == "1 lend leg 1"
    assert line.call.channels == {CHANNEL, f"{INFO.key}-leg-2"}
    line.happens((3.0, back))
    assert line.words[-3:] == [
        f"3 stop {CHANNEL}-1",
        "3 drop leg 2",
        "3 connect caller leg 1 in bridge 1",
    ]
    assert f"{INFO.key}-leg-1" in line.call.channels


def test_where_it_hung_up_the_others_go_on_ringing() -> None:
    line, back = screened()
    back.leg.gone = True
    line.happens((3.0, back))
    assert line.words[-1] == "1 lend leg 1"
    line.happens(*answers(4.0, 2)[-1:])
    assert line.words[-1] == "5 connect caller leg 2 in bridge 1"


def test_where_all_hung_up_nobody_answered() -> None:
    line, back = screened(hangs_up(2.0, 2))
    back.leg.gone = True
    line.happens((3.0, back))
    assert line.words[-1] == "3 fetch action no_answer None 0"


def test_it_may_take_longer_than_a_phone_may_ring() -> None:
    line, back = screened()
    line.wait(100.0)
    assert line.words[-1] == "30 drop leg 2"
    line.happens(hangs_up(30.1, 2))
    back.leg.gone = True
    line.happens((101.0, back))
    assert line.words[-1].startswith("101 fetch action no_answer")


def test_it_is_hung_up_where_the_caller_did_not_wait() -> None:
    line, back = screened((2.0, CallEnded()))
    assert {"2 drop leg 1", "2 drop leg 2"} <= set(line.words)
    line.happens((2.1, back))
    assert line.words[-1] == "2.1 drop leg 1"


def test_a_refer_may_name_it_while_its_document_runs() -> None:
    line, back = screened(order=RunDocument((SECOND,)))
    assert next(each for each in line.intents if isinstance(each, SendRefer)).replaces == LEG
    before = list(line.words)
    line.happens((2.0, back))
    assert line.words == before
