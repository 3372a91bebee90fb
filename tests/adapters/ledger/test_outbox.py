import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from stasis_refer.adapters.ledger import Ledger
from stasis_refer.adapters.ledger.outbox import GIVEN_UP_KEPT
from stasis_refer.core.application import Callback, Method
from stasis_refer.dialects.dialect import Letter
from stasis_refer.runtime.ports import Leftover, UnreadableError
from tests.adapters.ledger.parcels import NOW, URL, parcel, rows


def left_after_a_restart(ledger: Ledger) -> Sequence[Leftover]:
    ledger.close()
    ledger.open()
    return ledger.outbox.leftovers()


@pytest.mark.parametrize("method", Method)
def test_a_parcel_is_read_as_it_was_added(ledger: Ledger, method: Method) -> None:
    added = parcel(method=method)
    assert ledger.outbox.read(ledger.outbox.add(added)) == added


def test_what_a_letter_is_made_of_is_kept() -> None:
    # A new field needs a column. A fallback is for documents alone, and nobody is told there.
    assert [each.name for each in fields(Letter)] == ["callback", "token", "fields"]
    assert [each.name for each in fields(Callback)] == ["url", "method", "fallback"]


def test_numbers_grow_also_when_the_last_one_was_delivered(ledger: Ledger) -> None:
    first, second = ledger.outbox.add(parcel("a")), ledger.outbox.add(parcel("b"))
    ledger.outbox.delivered(second)
    third = ledger.outbox.add(parcel("c"))
    assert first < third
    kept = ledger.outbox.read(third)
    assert kept is not None
    assert kept.id == "c"


def test_what_was_delivered_is_gone(ledger: Ledger, path: Path) -> None:
    number = ledger.outbox.add(parcel())
    ledger.outbox.delivered(number)
    assert ledger.outbox.read(number) is None
    assert rows(path) == []


@pytest.mark.parametrize(
    "change",
    [
        "fields = '{'",
        "fields = '3'",
        "kind = 'x'",
        "method = 'x'",
        "made_at = 'x'",
        "fields = x'ff'",
        "url = 'http://['",
    ],
)
def test_a_row_that_is_no_parcel_is_told(ledger: Ledger, path: Path, change: str) -> None:
    number = ledger.outbox.add(parcel())
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute(f"UPDATE outbox SET {change}")  # noqa: S608 - our own
    with pytest.raises(UnreadableError, match=f"{path.name}: row {number}: "):
        ledger.outbox.read(number)


def test_tries_are_counted(ledger: Ledger) -> None:
    number = ledger.outbox.add(parcel())
    ledger.outbox.tried(number, 3, NOW + 4, "it broke")
    assert ledger.outbox.read(number) == parcel()
    assert left_after_a_restart(ledger) == [Leftover("c1", (number,), URL, 3, NOW + 4)]


def test_what_was_given_up_is_kept_for_the_list_alone(ledger: Ledger, path: Path) -> None:
    number = ledger.outbox.add(parcel())
    ledger.outbox.give_up(number, 9, time.time(), "it broke")
    assert ledger.outbox.read(number) is None
    assert left_after_a_restart(ledger) == []
    assert rows(path, "SELECT id || tries || why FROM outbox") == ["t19it broke"]


def test_what_was_given_up_needs_no_password_any_more(ledger: Ledger, path: Path) -> None:
    url = "https://bob:s3cret@example.com/status?a=b"
    numbers = [ledger.outbox.add(parcel(name, url=url)) for name in ("waiting", "given up")]
    ledger.outbox.give_up(numbers[1], 9, time.time(), "it broke")
    kept = ledger.outbox.read(numbers[0])
    assert kept is not None
    assert kept.letter.callback.url == url
    assert rows(path, "SELECT url FROM outbox") == [url, "https://…@example.com/status?a=b"]


def test_what_was_given_up_is_deleted_after_thirty_days(ledger: Ledger, path: Path) -> None:
    for number, day in enumerate((0, 1, 29, 31)):
        ledger.outbox.add(parcel(f"pending {number}"))
        ledger.outbox.give_up(ledger.outbox.add(parcel(f"{day}")), 1, NOW + day * 86400, "it broke")
    pending = [each for each in rows(path) if str(each).startswith("pending")]
    assert len(pending) == 4
    assert [each for each in rows(path) if each not in pending] == ["1", "29", "31"]
    assert GIVEN_UP_KEPT == 30 * 86400


def test_the_list_is_cleared_when_the_program_starts(ledger: Ledger, path: Path) -> None:
    ledger.outbox.give_up(ledger.outbox.add(parcel()), 1, time.time() - 31 * 86400, "it broke")
    ledger.outbox.add(parcel("new"))
    ledger.outbox.leftovers()
    assert rows(path) == ["new"]


def test_what_is_left_is_told_by_call_the_oldest_first(ledger: Ledger) -> None:
    for name, call, path in (
        *(("a", "c2", "/1"), ("b", "c1", "/2"), ("c", "c1", "/3"), ("d", "c3", "/4")),
        *(("e", "c2", "/5"), ("f", "c1", "/6")),
    ):
        ledger.outbox.add(parcel(name, call, url=f"https://example.com{path}"))
    ledger.outbox.tried(1, 5, NOW + 16, "it broke")
    assert left_after_a_restart(ledger) == [
        Leftover("c2", (1, 5), "https://example.com/1", 5, NOW + 16),
        Leftover("c1", (2, 3, 6), "https://example.com/2", 0, NOW),
        Leftover("c3", (4,), "https://example.com/4", 0, NOW),
    ]


def calls(left: Sequence[Leftover]) -> list[str]:
    return [each.call for each in left]


def test_a_program_leaves_alone_what_others_see_to_until_they_end(
    ledger: Ledger, path: Path
) -> None:
    ledger.outbox.add(parcel())
    second, third = Ledger(path), Ledger(path)
    with capture_logs() as logs:
        second.open()
    assert [line["log_level"] for line in logs] == ["warning"]
    number = second.outbox.add(parcel("b", "c2"))
    assert second.outbox.read(number) == parcel("b", "c2")
    assert second.outbox.leftovers() == []
    ledger.close()
    third.open()
    assert calls(third.outbox.leftovers()) == ["c1"]
    assert second.outbox.leftovers() == []
    second.close()
    assert calls(third.outbox.leftovers()) == ["c2"]
    assert third.outbox.leftovers() == []
    third.close()
    ledger.open()
    assert calls(ledger.outbox.leftovers()) == ["c1", "c2"]


def test_what_was_added_since_is_not_left(ledger: Ledger, path: Path) -> None:
    ledger.outbox.add(parcel())
    ledger.close()
    ledger.open()
    ledger.outbox.add(parcel("b", "c2"))
    assert calls(ledger.outbox.leftovers()) == ["c1"]
    assert rows(path) == ["t1", "b"]


def test_a_number_is_never_used_again(ledger: Ledger, path: Path) -> None:
    number = ledger.outbox.add(parcel())
    ledger.outbox.delivered(number)
    second = Ledger(path)
    second.open()
    assert second.outbox.add(parcel()) > number
    second.close()
