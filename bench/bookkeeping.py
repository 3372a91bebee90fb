"""What the ledger costs: the CPU of writing a sent transfer down, step by step."""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time, time
from typing import Final

from stasis_refer.adapters.ledger import Ledger
from stasis_refer.core.application import Application, Callback
from stasis_refer.core.call import Call
from stasis_refer.core.events import (
    CallEnded,
    ChannelReturned,
    ChannelUp,
    DocumentFetched,
    Event,
    ReferAnswered,
    ReferNotified,
    ReferSeen,
    SipSeen,
    TransferStatus,
)
from stasis_refer.core.info import CallInfo
from stasis_refer.core.message import Message
from stasis_refer.core.targets import parse_rule
from stasis_refer.core.verbs import Refer
from stasis_refer.dialects.registry import DIALECTS
from stasis_refer.runtime.call_log import CallLog
from stasis_refer.runtime.debts import Debts
from stasis_refer.runtime.journal import Entry, Tap
from stasis_refer.runtime.letters import Letters
from stasis_refer.runtime.ports import Parcel
from stasis_refer.runtime.steps import Steps

_TRANSFERS: Final = 2000
_WARM_UP: Final = 200
_TARGET: Final = "sip:alice@example.com"
_APPLICATION: Final = Application(
    "support",
    "twiml",
    Callback("http://127.0.0.1/voice"),
    targets=(parse_rule("sip:*@example.com"),),
    account_sid="AC" + "1" * 32,
)
_DOCUMENT: Final = (Refer(_TARGET, Callback("http://127.0.0.1/after"), place="line 1, column 11"),)
_HEADERS: Final = (
    ("From", "<sip:support@127.0.0.1:5060>;tag=0f1a7ad1-3c5b-4a0e-9b0b-7a1d5b1f0a11"),
    ("To", '"Phone" <sip:phone@127.0.0.1:42312>;tag=4711'),
    ("Call-ID", "1-27476@127.0.0.1"),
)


class _NoOutbox:
    """What applications are told is in the other figures already; here nobody is."""

    def keep(self, parcel: Parcel) -> int | None:
        """Keep nothing."""
        del parcel
        return None

    def send(self, number: int | None, parcel: Parcel) -> None:
        """Send nothing."""
        del number, parcel

    async def caught_up(self, call: str) -> None:
        """Wait for nothing."""
        del call


class _NoTimer:
    def cancel(self) -> None:
        """Nothing is to happen."""


def seconds_a_transfer() -> float:
    """Return the CPU that the ledger takes for one transfer, in seconds.

    It is the time of the writes alone, on a file of its own, less that of the clock that takes it.
    """
    with tempfile.TemporaryDirectory(prefix="stasis-refer-bench-") as folder:
        ledger = Ledger(Path(folder) / "bench.db", clock=perf_counter)
        ledger.open()
        with closing(ledger):
            letters, outbox = Letters(DIALECTS, time), _NoOutbox()
            debts = Debts(
                store=ledger.owed,
                together=ledger.step,
                later=lambda _seconds, _do: _NoTimer(),
                letters=letters,
                outbox=outbox,
                applications={},
            )
            steps = Steps(
                together=ledger.step,
                log=CallLog(ledger.call_log, time),
                letters=letters,
                outbox=outbox,
                later=lambda _seconds, _do: _NoTimer(),
                tables=(ledger.tap, debts),
            )
            for number in range(_WARM_UP):
                _write(steps, ledger.tap, number)
            numbers = range(_WARM_UP, _WARM_UP + _TRANSFERS)
            return sum(_write(steps, ledger.tap, number) for number in numbers) / _TRANSFERS


def _write(steps: Steps, overheard: Tap, number: int) -> float:
    key = f"{number:032x}"
    info = CallInfo(
        key, f"1764000000.{number}", f"{number}@a", "PJSIP/phone-1", "phone", dialed="s"
    )
    info = replace(info, source_ip="127.0.0.1", peer="127.0.0.1", started=time())
    call = Call(info, _APPLICATION, up=False, now=perf_counter())
    began = process_time()
    empty = process_time() - began
    spent = 0.0
    seq = 0
    for event in (None, *_events()):
        now = perf_counter()
        seq += not isinstance(event, SipSeen)
        intents = call.start() if event is None else call.handle(event, now)
        entry = Entry(call, seq, now, event, tuple(intents))
        tap = overheard if isinstance(event, SipSeen) else steps
        began = process_time()
        tap(entry)
        spent += process_time() - began - empty
    began = process_time()
    steps.forget(key)
    return spent + process_time() - began - empty


def _events() -> Iterator[Event]:
    """Yield what happens to a call that is transferred, and rings before."""
    yield DocumentFetched(_DOCUMENT, 1)
    yield ChannelUp()
    refer = (*_HEADERS, ("CSeq", "7 REFER"), ("Refer-To", _TARGET), ("Referred-By", "<sip:us@a>"))
    yield ReferSeen(7, message=_message("REFER sip:phone@127.0.0.1 SIP/2.0", refer, sent=True))
    accepted = (*_HEADERS, ("CSeq", "7 REFER"))
    yield ReferAnswered(202, 7, message=_message("SIP/2.0 202 Accepted", accepted))
    for cseq, status, ended in ((2, "180 Ringing", False), (3, "200 OK", True)):
        state = "terminated;reason=noresource" if ended else "active;expires=60"
        told = (*_HEADERS, ("CSeq", f"{cseq} NOTIFY"), ("Event", "refer"))
        fragment = f"SIP/2.0 {status}"
        notify = _message(
            "NOTIFY sip:support@127.0.0.1 SIP/2.0", (*told, ("Subscription-State", state)), fragment
        )
        yield ReferNotified(int(status[:3]), ended, cseq, message=notify)
        yield SipSeen(
            _message("SIP/2.0 200 OK", (*_HEADERS, ("CSeq", f"{cseq} NOTIFY")), sent=True)
        )
    yield ChannelReturned(TransferStatus.SUCCESS, 0, 1)
    yield DocumentFetched((), 2)
    yield CallEnded()


def _message(
    first_line: str, headers: tuple[tuple[str, str], ...], body: str = "", *, sent: bool = False
) -> Message:
    return Message(time(), sent, first_line, headers, body)
