from stasis_refer.core.application import Application, Callback
from stasis_refer.core.call import Call
from stasis_refer.core.events import CallEnded
from stasis_refer.core.info import CallInfo
from stasis_refer.runtime.journal import Entry, all_of

SUPPORT = Application("support", "twiml", Callback("http://127.0.0.1/voice"))


def entry(seq: int) -> Entry:
    call = Call(CallInfo("0" * 32, "1.1"), SUPPORT, up=True, now=0.0)
    return Entry(call, seq, float(seq), CallEnded(), ())


def test_every_tap_reads_every_entry_in_its_turn() -> None:
    read: list[tuple[str, Entry]] = []
    taps = (lambda entry, name=name: read.append((name, entry)) for name in ("metrics", "log"))
    tap = all_of(taps)
    first, second = entry(1), entry(2)
    tap(first)
    tap(second)
    assert read == [("metrics", first), ("log", first), ("metrics", second), ("log", second)]


def test_a_journal_may_have_no_reader() -> None:
    all_of(())(entry(1))
