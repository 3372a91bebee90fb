"""A call on a clock of its own whose steps are told to a tap."""

from dataclasses import replace

from stasis_refer.core.application import Application
from stasis_refer.core.call import Call
from stasis_refer.core.events import (
    CallEnded,
    Event,
    ReferAnswered,
    ReferNotified,
    ReferSeen,
    SipSeen,
)
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import Intent
from stasis_refer.core.message import Message
from stasis_refer.runtime.journal import Entry, Tap
from tests.core.calls import INFO, PLAIN, REFER, SUCCESS, Line, Step, document

WALL = 1_764_000_000.0  # seconds since 1970, when the clock of ``now`` is at 0
CALLER = replace(INFO, caller="1001", caller_name="Alice", dialed="support", started=WALL)


def another(number: int) -> CallInfo:
    """Return the facts of another call."""
    return replace(CALLER, key=f"{number:032x}", channel=f"{WALL:.0f}.{number}")


class _Told(Call):
    tap: Tap
    _within = False
    _seq = 0

    def handle(self, event: Event, now: float) -> list[Intent]:
        if self._within or self.over:  # of a party, by way of the call; or too late for an actor
            return super().handle(event, now)
        self._within = True
        intents = super().handle(event, now)
        self._within = False
        self._seq += 1
        self.tap(Entry(self, self._seq, now, event, tuple(intents)))
        return intents


class Journaled(Line):
    """A line whose journal goes to a tap; its clock is that of ``Entry.at``."""

    def __init__(
        self,
        tap: Tap,
        info: CallInfo = CALLER,
        *,
        application: Application = PLAIN,
        up: bool = True,
        at: float = 0.0,
    ) -> None:
        super().__init__(application, info, up=up)
        self.now = at
        call = _Told(info, application, up=up, now=at)
        call.tap = tap
        self.call = call
        tap(Entry(call, 0, at, None, tuple(call.start())))


def message(first_line: str, *, sent: bool, at: float = 0.0, body: str = "") -> Message:
    return Message(WALL + at, sent, first_line, (("CSeq", "7 REFER"),), body)


def notified(at: float, number: int, code: int, *, end: bool = False) -> tuple[Step, ...]:
    """A NOTIFY is captured, and the answer to it."""
    fragment = f"SIP/2.0 {code} x"
    notify = message("NOTIFY sip:a@b SIP/2.0", sent=False, at=at, body=fragment)
    answer = message("SIP/2.0 200 OK", sent=True, at=at)
    return (at, ReferNotified(code, end, number, message=notify)), (at, SipSeen(answer))


def referred(at: float) -> tuple[Step, ...]:
    """A document with a Refer comes, the REFER is sent and accepted."""
    refer = message("REFER sip:a@b SIP/2.0", sent=True, at=at)
    accepted = message("SIP/2.0 202 Accepted", sent=False, at=at + 0.1)
    return (
        (at, document(REFER)),
        (at, ReferSeen(7, refer)),
        (at + 0.1, ReferAnswered(202, 7, message=accepted)),
    )


def completed(at: float) -> tuple[Step, ...]:
    """Such a transfer rings and is completed, and the transferee hangs up."""
    bye = message("BYE sip:a@b SIP/2.0", sent=False, at=at + 4)
    return (
        *referred(at),
        *notified(at + 1, 1, 100),
        *notified(at + 2, 2, 180),
        *notified(at + 3, 3, 200, end=True),
        (at + 3, SUCCESS),
        (at + 4, SipSeen(bye)),
        (at + 4, CallEnded()),
        (at + 5, document()),
    )
