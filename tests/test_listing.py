import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from stasis_refer.adapters.ledger import Ledger
from stasis_refer.core.application import Callback
from stasis_refer.core.intents import TellKind
from stasis_refer.dialects.dialect import Letter
from stasis_refer.listing import Undelivered, outbox_line, outbox_table, read_outbox
from stasis_refer.runtime.ports import Parcel, StoreError

NOW = 1_764_000_000.0  # seconds since 1970
URL = "https://user:pass@example.com:8443/a/status?key=k3y#rt=500"


def parcel(name: str, call: str, url: str = URL) -> Parcel:
    letter = Letter(Callback(url), name, {"From": "+491234"})
    return Parcel(call, "support", "twiml", TellKind.STATUS, letter, NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger with two calls; of the first one a parcel was given up, and two are pending."""
    path = tmp_path / "stasis_refer.db"
    ledger = Ledger(path)
    ledger.open()
    for name, call in (("a", "c1"), ("b", "c1"), ("c", "c1"), ("d", "c2")):
        ledger.outbox.add(parcel(name, call))
    ledger.outbox.give_up(1, 295, NOW + 86400, "example.com answered with status 500")
    ledger.outbox.tried(2, 3, NOW + 86404, "example.com [bold]broke the connection off")
    ledger.close()
    return path


def test_what_is_pending_and_what_was_given_up_is_listed(path: Path) -> None:
    a, b, c, d = read_outbox(path)
    assert a == Undelivered(
        id="a",
        call="c1",
        application="support",
        kind="status",
        url="https://example.com:8443/a/status",
        made="2025-11-24T16:00:00+00:00",
        tries=295,
        next_try=None,
        given_up="2025-11-25T16:00:00+00:00",
        why="example.com answered with status 500",
    )
    assert (b.id, b.tries, b.next_try, b.given_up) == ("b", 3, "2025-11-25T16:00:04+00:00", None)
    assert (c.id, c.tries, c.next_try, c.given_up, c.why) == ("c", 0, None, None, "")
    assert (d.id, d.next_try) == ("d", "2025-11-24T16:00:00+00:00")


def test_a_line_is_an_object_in_json(path: Path) -> None:
    for each in read_outbox(path):
        line = outbox_line(each)
        assert "\n" not in line
        assert Undelivered(**json.loads(line)) == each


def test_the_table_has_it_all_and_nothing_secret(path: Path) -> None:
    out = StringIO()
    Console(file=out, width=250).print(outbox_table(read_outbox(path)))
    shown = out.getvalue()
    assert "3 pending, 1 given up" in shown
    for text in (
        *("2025-11-24 16:00:00", "given up", "2025-11-25 16:00:04", "behind another"),
        *("https://example.com:8443/a/status", "example.com [bold]broke the connection off"),
    ):
        assert text in shown
    for secret in ("user", "pass", "k3y", "+491234"):
        assert secret not in shown
        assert secret not in "".join(map(outbox_line, read_outbox(path)))


def test_a_table_in_a_narrow_window_cuts_nothing_off(path: Path) -> None:
    out = StringIO()
    Console(file=out, width=80).print(outbox_table(read_outbox(path)))
    assert "…" not in out.getvalue()


def test_no_ledger_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no such file"):
        read_outbox(tmp_path / "none.db")
