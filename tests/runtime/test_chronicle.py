from dataclasses import replace

import pytest

from stasis_refer.core.events import (
    CallEnded,
    ChannelUp,
    DrainOver,
    Event,
    ReferCaptured,
    ReferRefused,
    SipSeen,
    TransferRequested,
)
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason
from stasis_refer.core.verbs import Refer
from stasis_refer.runtime.book import TransferRecord
from stasis_refer.runtime.chronicle import Chronicle
from stasis_refer.runtime.journal import Entry
from stasis_refer.runtime.stories import MOST_RUNGS, TransferStory
from tests.core.calls import FORBIDDEN, document
from tests.core.dials import DIAL, TO_B, answers, of, told
from tests.runtime.journaled import (
    CALLER,
    WALL,
    Journaled,
    completed,
    message,
    notified,
    referred,
)


class Chronicled:
    """A chronicle, all its stories, and what it published."""

    def __init__(self, *, hide: bool = False) -> None:
        self.published: list[TransferRecord] = []
        self.turned: list[list[str]] = []
        self.chronicle = Chronicle(lambda: WALL, lambda: 0.0, self.published.append, hide=hide)

    def tap(self, entry: Entry) -> None:
        turned = self.chronicle.note(entry)
        if turned:
            self.turned.append([story.record.id[-2:] for story in turned])

    @property
    def stories(self) -> list[TransferStory]:
        return list(self.chronicle.transfers)

    @property
    def only(self) -> TransferStory:
        (story,) = self.stories
        return story


@pytest.fixture
def told_of() -> Chronicled:
    return Chronicled()


def ladder(story: TransferStory) -> list[tuple[float, str, str]]:
    """Return when, who and what, NOTIFYs by their body."""
    return [
        (round(rung.at - WALL, 3), "->" if rung.sent else "<-", rung.body or rung.first_line[:20])
        for rung in story.rungs
    ]


# -- a REFER that is sent --------------------------------------------------------


def test_a_completed_transfer_is_told_from_its_begin_to_its_end(told_of: Chronicled) -> None:
    line = Journaled(told_of.tap)
    line.happens(*completed(10.0))
    assert told_of.only.record == TransferRecord(
        id=f"{CALLER.key}-1",
        call=CALLER.key,
        application="support",
        dialect="twiml",
        direction=Direction.SENT,
        target="sip:alice@example.com",
        group="default",
        referred_by="",
        caller="1001",
        dialed="support",
        began_at=WALL + 10,
        accepted_at=WALL + 10.1,
        ringing_at=WALL + 12,
        ended_at=WALL + 13,
        refer_code=202,
        notify_code=200,
        outcome=Outcome.COMPLETED,
        reason=Reason.FINAL_NOTIFY,
        evidence=Evidence.SIP,
        rule="default",
    )
    assert told_of.turned == [["-1"], ["-1"]]


def test_its_ladder_has_each_message_behind_its_end_too(told_of: Chronicled) -> None:
    Journaled(told_of.tap).happens(*completed(10.0))
    assert ladder(told_of.only) == [
        (10.0, "->", "REFER sip:a@b SIP/2."),
        (10.1, "<-", "SIP/2.0 202 Accepted"),
        (11.0, "<-", "SIP/2.0 100 x"),
        (11.0, "->", "SIP/2.0 200 OK"),
        (12.0, "<-", "SIP/2.0 180 x"),
        (12.0, "->", "SIP/2.0 200 OK"),
        (13.0, "<-", "SIP/2.0 200 x"),
        (13.0, "->", "SIP/2.0 200 OK"),
    ]


def test_who_watches_is_told_when_it_begins_is_accepted_rings_and_ends(
    told_of: Chronicled,
) -> None:
    Journaled(told_of.tap).happens(*completed(10.0))
    assert [
        (each.accepted_at, each.ringing_at, each.refer_code, each.notify_code, each.outcome)
        for each in told_of.published
    ] == [
        (None, None, None, None, None),
        (WALL + 10.1, None, 202, None, None),
        (WALL + 10.1, WALL + 12, 202, 180, None),
        (WALL + 10.1, WALL + 12, 202, 200, Outcome.COMPLETED),
    ]


def test_a_bye_is_of_a_transfer_that_is_open(told_of: Chronicled) -> None:
    line = Journaled(told_of.tap)
    bye = message("BYE sip:a@b SIP/2.0", sent=False, at=12)
    line.happens(*referred(10.0), (12.0, SipSeen(bye)), (12.0, CallEnded()))
    assert ladder(told_of.only)[-1] == (12.0, "<-", "BYE sip:a@b SIP/2.0")


def test_what_came_earlier_by_its_stamp_stays_behind(told_of: Chronicled) -> None:
    line = Journaled(told_of.tap)
    early = message("SIP/2.0 200 OK", sent=True, at=9.0)
    line.happens(*referred(10.0), (10.2, SipSeen(early)))
    assert ladder(told_of.only)[-1] == (10.1, "->", "SIP/2.0 200 OK")


def test_a_transfer_that_is_blocked_begins_and_ends_at_once(told_of: Chronicled) -> None:
    Journaled(told_of.tap).happens((1.0, document(FORBIDDEN)))
    record = told_of.only.record
    assert (record.outcome, record.reason) == (Outcome.BLOCKED, Reason.POLICY)
    assert (record.began_at, record.ended_at) == (WALL + 1, WALL + 1)
    assert (record.accepted_at, record.refer_code) == (None, 403)
    assert "targets" in record.detail
    assert told_of.turned == [["-1", "-1"]]


def test_the_transfers_of_a_call_are_told_apart(told_of: Chronicled) -> None:
    line = Journaled(told_of.tap)
    line.happens((1.0, document(FORBIDDEN)), *referred(2.0), (3.0, DrainOver()))
    assert [(each.record.id[-2:], each.record.reason) for each in told_of.stories] == [
        ("-1", Reason.POLICY),
        ("-2", Reason.STOPPED),
    ]
    assert [len(each.rungs) for each in told_of.stories] == [0, 2]


def test_nothing_is_remembered_of_a_call_that_is_over(told_of: Chronicled) -> None:
    line = Journaled(told_of.tap)
    line.happens(*completed(1.0))
    assert line.call.over
    assert not told_of.chronicle.is_live(CALLER.key)


def test_a_ladder_has_an_end_whoever_goes_on(told_of: Chronicled) -> None:
    line = Journaled(told_of.tap)
    line.happens(*referred(0.0))
    for number in range(MOST_RUNGS):
        line.happens(*notified(1.0, number, 180))
    *messages, last = told_of.only.rungs
    assert len(messages) == MOST_RUNGS
    assert last.first_line == "(of one transfer 200 messages are kept: from here on they are not)"


# -- a REFER that is received ----------------------------------------------------


def refers(
    at: float, number: int = 1, to: str = "<sip:b@example.com>"
) -> tuple[tuple[float, Event], ...]:
    refer = message("REFER sip:a@b SIP/2.0", sent=False, at=at)
    accepted = message("SIP/2.0 202 Accepted", sent=True, at=at)
    return (
        (at, of(number, ReferCaptured(3, to, "<sip:a@example.com>", message=refer))),
        (at, of(number, SipSeen(accepted))),
        (at, of(number, TransferRequested(to.partition(":")[2].partition("@")[0]))),
    )


def test_a_refer_of_a_phone_is_told_with_what_was_captured_before_it_was_taken(
    told_of: Chronicled,
) -> None:
    line = Journaled(told_of.tap)
    trying = message("NOTIFY sip:a@b SIP/2.0", sent=True, at=6, body="SIP/2.0 100 Trying")
    line.happens((0.0, document(DIAL)), *answers(1.0), *refers(5.0), (6.0, of(1, SipSeen(trying))))
    assert ladder(told_of.only) == [
        (5.0, "<-", "REFER sip:a@b SIP/2."),
        (5.0, "->", "SIP/2.0 202 Accepted"),
        (6.0, "->", "SIP/2.0 100 Trying"),
    ]
    record = told_of.only.record
    assert record.direction is Direction.RECEIVED
    assert (record.target, record.referred_by) == ("<sip:b@example.com>", "<sip:a@example.com>")
    assert (record.caller, record.dialed) == ("1001", "support")
    assert (record.accepted_at, record.refer_code) == (WALL + 5, 202)


def test_its_target_rings_and_answers(told_of: Chronicled) -> None:
    line = Journaled(told_of.tap)
    line.happens((0.0, document(DIAL)), *answers(1.0), *refers(5.0))
    line.happens((6.0, document(TO_B)), *answers(7.0, 2), told(8.0))
    record = told_of.only.record
    assert (record.ringing_at, record.ended_at) == (WALL + 7, WALL + 8)
    assert (record.outcome, record.notify_code) == (Outcome.COMPLETED, 200)


def test_one_that_asterisk_refused_by_itself_has_its_ladder_too(told_of: Chronicled) -> None:
    line = Journaled(told_of.tap)
    refer = message("REFER sip:a@b SIP/2.0", sent=False, at=5)
    refusal = message("SIP/2.0 603 Decline", sent=True, at=5)
    line.happens(
        (0.0, document(DIAL)),
        *answers(1.0),
        (5.0, of(1, ReferCaptured(3, "<sip:b@x>", message=refer))),
        (5.0, of(1, ReferRefused(3, 603, refusal))),
    )
    assert [first for _, _, first in ladder(told_of.only)] == [
        "REFER sip:a@b SIP/2.",
        "SIP/2.0 603 Decline",
    ]
    record = told_of.only.record
    assert (record.outcome, record.refer_code) == (Outcome.REJECTED, 603)
    assert record.accepted_at is None


# -- a call that is taken up again -----------------------------------------------


def taken_up(told_of: Chronicled) -> tuple[TransferStory, Journaled]:
    """Return the story of a transfer that another program began, and its call."""
    before = Chronicled()
    line = Journaled(before.tap)
    line.happens(*referred(1.0))
    story = before.only
    story.keep(7, story.record, 2)
    line.call.tap = told_of.tap  # type: ignore[attr-defined]
    return story, line


@pytest.mark.parametrize("live", [False, True])
def test_a_transfer_that_was_under_way_goes_on(told_of: Chronicled, *, live: bool) -> None:
    story, line = taken_up(told_of)
    if live:
        line.happens((2.0, ChannelUp()))
    told_of.chronicle.take_up([story])
    line.happens(*notified(3.0, 1, 486, end=True), (3.0, CallEnded()))
    assert told_of.only is story
    assert (story.record.outcome, story.record.notify_code) == (Outcome.BUSY, 486)
    assert (story.row, story.written, len(story.rungs)) == (7, 2, 2)


def test_one_that_was_never_written_down_is_when_it_ends(told_of: Chronicled) -> None:
    _, line = taken_up(told_of)
    line.happens(*notified(3.0, 1, 486, end=True), (3.0, CallEnded()))
    record = told_of.only.record
    assert (record.id, record.outcome) == (f"{CALLER.key}-1", Outcome.BUSY)
    assert record.began_at == WALL + 1


# -- personal data ---------------------------------------------------------------


def test_the_reason_does_not_tell_who_where_that_is_wanted() -> None:
    told_of = Chronicled(hide=True)
    verb = Refer("sip:a@example.com", headers=(("0301234567:", "1"),))
    Journaled(told_of.tap).happens((0.0, document(verb)))
    assert "the header name '0***:' is no token" in told_of.only.record.detail


def test_the_parties_are_not_told_where_that_is_wanted() -> None:
    told_of = Chronicled(hide=True)
    line = Journaled(told_of.tap)
    verb = Refer("sip:secret@example.com", referred_by="sip:secret@example.com")
    refer = message("REFER sip:secret@b SIP/2.0", sent=True, body="To: <sip:secret@b>")
    refer = replace(refer, headers=(("Refer-To", '"Secret" <sip:secret@example.com>'),))
    line.happens((0.0, document(verb)), (0.0, SipSeen(refer)), (1.0, CallEnded()))
    record, (rung,) = told_of.only.record, told_of.only.rungs
    assert (record.target, record.referred_by, record.caller, record.dialed) == (
        "sip:s***@example.com",
        "sip:s***@example.com",
        "1***",
        "s***",
    )
    assert (rung.first_line, rung.headers, rung.body) == (
        "REFER sip:s***@b SIP/2.0",
        (("Refer-To", '"S***" <sip:s***@example.com>'),),
        "To: <sip:s***@b>",
    )
    everything = f"{told_of.published}{told_of.stories}{told_of.chronicle.calls}"
    assert "ecret" not in everything
    assert "1001" not in everything
    assert "Alice" not in everything
