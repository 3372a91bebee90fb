from dataclasses import replace

import pytest

from stasis_refer.core.events import CallEnded, ChannelUp, DrainOver
from stasis_refer.core.handing_over import HandedOver, Replaced
from stasis_refer.core.info import CallDirection, CallStatus
from stasis_refer.core.intents import HandOver
from stasis_refer.core.leg import key_of
from stasis_refer.core.verbs import Callee, Dial, Hangup, Number, Reject, SipAddress, Tag
from stasis_refer.runtime.book import CallRecord
from stasis_refer.runtime.call_stories import CallStories
from stasis_refer.runtime.journal import Entry
from stasis_refer.runtime.stories import CallStory
from tests.core.calls import NOT_FETCHED, Step, document, leg
from tests.core.dials import DIAL, answers, hangs_up, made, refers, refuses, rings
from tests.runtime.journaled import CALLER, WALL, Journaled, another

LEG = key_of(CALLER.key, 1)


class Told:
    """What was told of calls, in order."""

    def __init__(self, *, hide: bool = False) -> None:
        self.records: list[CallRecord] = []
        self.entries: list[Entry] = []
        self._stories = CallStories(self._changed, hide=hide)

    def tap(self, entry: Entry) -> None:
        self.entries.append(entry)
        self._stories.note(entry, WALL)

    def _changed(self, story: CallStory) -> None:
        self.records.append(story.record)

    def of(self, key: str) -> list[tuple[CallStatus, float | None, float | None]]:
        """Return status, when answered and when ended, for each change of a call."""
        return [
            (each.status, _since(each.answered_at), _since(each.ended_at))
            for each in self.records
            if each.key == key
        ]

    @property
    def remembered(self) -> int:
        return len(self._stories._stories) + len(self._stories._parties)  # noqa: SLF001 - what leaks shows nowhere else


def _since(at: float | None) -> float | None:
    return None if at is None else at - WALL


@pytest.fixture
def told() -> Told:
    return Told()


def test_a_call_is_told_with_who_called_whom(told: Told) -> None:
    Journaled(told.tap, up=False)
    assert told.records == [
        CallRecord(
            key=CALLER.key,
            parent="",
            application="support",
            dialect="twiml",
            direction=CallDirection.INBOUND,
            caller="1001",
            caller_name="Alice",
            dialed="support",
            status=CallStatus.RINGING,
            started_at=WALL,
        )
    ]


@pytest.mark.parametrize(
    ("steps", "status", "answered", "ended"),
    [
        (((1.0, ChannelUp()), (2.0, CallEnded()), (2.0, NOT_FETCHED)), "completed", 1.0, 2.0),
        (((1.0, document(Hangup())), (2.0, CallEnded())), "completed", None, 1.0),
        (((1.0, document(Reject(486))), (2.0, CallEnded())), "busy", None, 1.0),
        (((1.0, document(Reject(603))), (2.0, CallEnded())), "rejected", None, 1.0),
        (((1.0, NOT_FETCHED), (2.0, CallEnded())), "failed", None, 1.0),
        (((1.0, ChannelUp()), (2.0, DrainOver())), "completed", 1.0, 2.0),
    ],
)
def test_how_a_call_ends(
    told: Told, steps: tuple[Step, ...], status: str, answered: float | None, ended: float
) -> None:
    line = Journaled(told.tap, up=False)
    line.happens(*steps)
    line.wait(60.0)
    assert line.call.over
    assert told.of(CALLER.key)[-1] == (CallStatus(status), answered, ended)
    assert told.remembered == 0


def test_only_what_changes_is_told(told: Told) -> None:
    line = Journaled(told.tap, up=False)
    line.happens((1.0, ChannelUp()), (2.0, ChannelUp()), (3.0, document(Tag("a"))))
    assert [(each.status, each.tag) for each in told.records] == [
        (CallStatus.RINGING, ""),
        (CallStatus.IN_PROGRESS, ""),
        (CallStatus.COMPLETED, "a"),
    ]


def test_one_that_is_not_called_is_told_with_its_reason(told: Told) -> None:
    mallory = Dial((Callee(SipAddress("sip:mallory@example.org\r\n")), *DIAL.callees))
    Journaled(told.tap).happens((1.0, document(mallory)))
    (record,) = (each for each in told.records if each.key == LEG)
    assert record == CallRecord(
        key=LEG,
        parent=CALLER.key,
        application="support",
        dialect="twiml",
        direction=CallDirection.DIALED,
        caller="1001",
        caller_name="Alice",
        dialed="sip:mallory@example.org\\r\\n",
        status=CallStatus.FAILED,
        started_at=WALL + 1,
        ended_at=WALL + 1,
        reason="policy",
    )
    assert [each.dialed for each in told.records if each.key == key_of(CALLER.key, 2)] == ["a"]


def test_who_is_not_called_is_hidden_where_parties_are() -> None:
    told = Told(hide=True)
    Journaled(told.tap).happens(
        (
            1.0,
            document(
                Dial(
                    (
                        Callee(
                            Number("+4930123"),
                        ),
                    )
                )
            ),
        )
    )
    assert [each.dialed for each in told.records if each.key == LEG] == ["+***"]


def test_a_leg_is_told_from_its_making_to_its_end(told: Told) -> None:
    line = Journaled(told.tap)
    line.happens((0.0, document(DIAL)), *answers(1.0), hangs_up(9.0))
    assert told.of(LEG) == [
        (CallStatus.INITIATED, None, None),
        (CallStatus.RINGING, None, None),
        (CallStatus.IN_PROGRESS, 2.0, None),
        (CallStatus.COMPLETED, 2.0, 9.0),
    ]
    first = next(each for each in told.records if each.key == LEG)
    assert (first.parent, first.direction) == (CALLER.key, CallDirection.DIALED)
    assert (first.caller, first.dialed) == ("1001", "a")


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        (refuses(1.0, 486), CallStatus.BUSY),
        (refuses(1.0, 480), CallStatus.NO_ANSWER),
        (refuses(1.0, 500), CallStatus.FAILED),
        ((*rings(1.0), (2.0, CallEnded()), hangs_up(2.0)), CallStatus.CANCELED),
    ],
)
def test_how_a_leg_ends(told: Told, steps: tuple[Step, ...], status: CallStatus) -> None:
    line = Journaled(told.tap)
    line.happens((0.0, document(DIAL)), *steps)
    assert told.of(LEG)[-1][0] is status
    assert told.of(LEG)[-1][2] is not None


def test_a_party_that_is_transferred_stays_the_call_it_was(told: Told) -> None:
    line = Journaled(told.tap)
    line.happens((0.0, document(DIAL)), *answers(1.0), *refers(5.0, None))
    assert line.call.info.key == LEG
    assert told.of(CALLER.key) == [(CallStatus.IN_PROGRESS, 0.0, None)]
    assert told.of(LEG)[-1] == (CallStatus.IN_PROGRESS, 2.0, None)


ASKS = another(2)


def handed_over(told: Told) -> tuple[Journaled, HandedOver]:
    """Let a call hand the party over that it has dialed."""
    line = Journaled(told.tap)
    line.happens((0.0, document(DIAL)), *answers(1.0))
    line.happens((5.0, Replaced(line.call.info.channel, ASKS.channel)))
    (answer,) = (each for each in line.intents if isinstance(each, HandOver))
    return line, HandedOver(answer.leg)


def test_a_party_that_is_handed_over_has_not_ended(told: Told) -> None:
    Journaled(told.tap, ASKS)
    line, _ = handed_over(told)
    line.happens((6.0, CallEnded()))
    assert line.call.over
    assert told.of(CALLER.key)[-1][2] == 5.0
    assert told.of(LEG)[-1] == (CallStatus.IN_PROGRESS, 2.0, None)


def test_a_party_that_nobody_waits_for_any_more_has(told: Told) -> None:
    asks = Journaled(told.tap, ASKS)
    _, party = handed_over(told)
    asks.happens((6.0, party))
    assert told.of(LEG)[-1] == (CallStatus.COMPLETED, 2.0, 6.0)


def test_a_party_that_is_handed_over_to_a_call_that_is_gone_has_ended(told: Told) -> None:
    asks = Journaled(told.tap, ASKS)
    asks.happens((1.0, document(Hangup())))
    line, _ = handed_over(told)
    line.happens((6.0, CallEnded()))
    assert told.of(LEG)[-1] == (CallStatus.COMPLETED, 2.0, 5.0)
    assert told.remembered == 0


def test_the_parties_are_not_told_where_that_is_wanted() -> None:
    told = Told(hide=True)
    Journaled(told.tap).happens((0.0, document(replace(DIAL))), made(1.0))
    assert {(each.caller, each.caller_name, each.dialed) for each in told.records} == {
        ("1***", "A***", "s***"),
        ("1***", "A***", "a***"),
    }
    assert leg(1) not in repr(told.records)
