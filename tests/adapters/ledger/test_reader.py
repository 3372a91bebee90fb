import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from stasis_refer.adapters.ledger.reader import Reader
from stasis_refer.core.info import CallStatus
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason
from stasis_refer.runtime.book import (
    BadCursorError,
    CallFilter,
    CallRecord,
    Page,
    TransferFilter,
    TransferRecord,
)
from stasis_refer.runtime.ports import StoreError
from tests.adapters.ledger.rows import call, fill, transfer
from tests.transfer_records import AT, BUSY, LADDER

T = TypeVar("T")


@pytest.fixture
def reader(path: Path) -> Iterator[Reader]:
    reader = Reader(path)
    yield reader
    reader.close()


def some_transfers() -> list[TransferRecord]:
    """Return transfers of all kinds; several begin at the same time."""
    chosen = random.Random(1)  # noqa: S311 - the same each time
    found = []
    for number in range(300):
        outcome = chosen.choice([*Outcome, None])
        found.append(
            transfer(
                number,
                at=float(chosen.randrange(100)),
                outcome=outcome,
                reason=Reason.FINAL_NOTIFY if outcome else None,
                evidence=Evidence.SIP if outcome else None,
                direction=chosen.choice(list(Direction)),
                application=chosen.choice(["support", "sales"]),
                refer_code=chosen.choice([None, 202, 405]),
                notify_code=chosen.choice([None, 180, 200, 486]),
                group=chosen.choice(["", "default"]),
            )
        )
    return found


def some_calls() -> list[CallRecord]:
    chosen = random.Random(2)  # noqa: S311 - the same each time
    found = []
    for number in range(300):
        status = chosen.choice(list(CallStatus))
        at = float(chosen.randrange(100))
        found.append(
            call(
                number,
                at,
                status=status,
                application=chosen.choice(["support", "sales"]),
                caller=chosen.choice(["1001", "1002"]),
                dialed=chosen.choice(["support", "4001"]),
                parent=chosen.choice(["", "p1", "p2"]),
                ended_at=None if status is CallStatus.RINGING else AT + at + 1,
            )
        )
    return found


TRANSFERS, CALLS = some_transfers(), some_calls()


@pytest.fixture
def filled(path: Path) -> None:
    fill(path, TRANSFERS, CALLS)


def all_pages(ask: Callable[[str], Page[T]]) -> list[T]:
    page = ask("")
    found = [*page.items]
    while page.next:
        page = ask(page.next)
        assert page.items
        found += page.items
    return found


def newest_first(records: Sequence[T], at: Callable[[T], float]) -> list[T]:
    """Return records as they are to be told: of those of one time what came last is first."""
    placed = sorted(enumerate(records), key=lambda each: (at(each[1]), each[0]), reverse=True)
    return [record for _, record in placed]


FILTERS: list[tuple[TransferFilter, Callable[[TransferRecord], bool]]] = [
    (TransferFilter(), lambda _: True),
    (TransferFilter(outcome=Outcome.BUSY), lambda t: t.outcome is Outcome.BUSY),
    (TransferFilter(direction=Direction.SENT), lambda t: t.direction is Direction.SENT),
    (TransferFilter(application="sales"), lambda t: t.application == "sales"),
    (TransferFilter(code=486), lambda t: t.notify_code == 486),
    (TransferFilter(code=405), lambda t: t.refer_code == 405),
    (TransferFilter(refer_code=405), lambda t: t.refer_answer == 405),
    (
        TransferFilter(refer_code=202, notify_code=180),
        lambda t: (t.refer_answer, t.notify_code) == (202, 180),
    ),
    (TransferFilter(notify_code=486), lambda t: t.notify_code == 486),
    (TransferFilter(group=""), lambda t: not t.group),
    (TransferFilter(group="default"), lambda t: t.group == "default"),
    (TransferFilter(open=True), lambda t: t.outcome is None),
    (TransferFilter(open=False), lambda t: t.outcome is not None),
    (TransferFilter(since=AT + 50), lambda t: t.began_at >= AT + 50),
    (TransferFilter(until=AT + 50), lambda t: t.began_at < AT + 50),
    (TransferFilter(since=AT + 50, until=AT + 50), lambda _: False),
    (TransferFilter(call=f"{7:032x}"), lambda t: t.call == f"{7:032x}"),
    (TransferFilter(call=f"{7:032x}", code=699), lambda _: False),
    (
        TransferFilter(AT + 20, AT + 80, Outcome.NO_ANSWER, application="sales"),
        lambda t: (
            AT + 20 <= t.began_at < AT + 80
            and t.outcome is Outcome.NO_ANSWER
            and t.application == "sales"
        ),
    ),
    (TransferFilter(application="none"), lambda _: False),
]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(("wanted", "fits"), FILTERS)
@pytest.mark.parametrize("limit", [1, 7, 299, 300, 1000])
def test_a_filter_leaves_what_fits_page_by_page(
    reader: Reader, wanted: TransferFilter, fits: Callable[[TransferRecord], bool], limit: int
) -> None:
    found = all_pages(lambda cursor: reader.transfers(wanted, cursor, limit))
    expected = [each for each in TRANSFERS if fits(each)]
    assert found == newest_first(expected, lambda each: each.began_at)


OF_CALLS: list[tuple[CallFilter, Callable[[CallRecord], bool]]] = [
    (CallFilter(), lambda _: True),
    (CallFilter(applications=("sales",)), lambda c: c.application == "sales"),
    (CallFilter(applications=("sales", "support")), lambda _: True),
    (CallFilter(statuses=(CallStatus.BUSY,)), lambda c: c.status is CallStatus.BUSY),
    (
        CallFilter(("sales",), (CallStatus.BUSY, CallStatus.FAILED)),
        lambda c: c.application == "sales" and c.status in {CallStatus.BUSY, CallStatus.FAILED},
    ),
    (CallFilter(statuses=()), lambda _: False),
    (CallFilter(caller="1001"), lambda c: c.caller == "1001"),
    (CallFilter(dialed="4001"), lambda c: c.dialed == "4001"),
    (CallFilter(parent="p1"), lambda c: c.parent == "p1"),
    (CallFilter(live=True), lambda c: c.ended_at is None),
    (CallFilter(live=False), lambda c: c.ended_at is not None),
    (
        CallFilter(("sales",), (CallStatus.BUSY,), "1001", "4001", since=AT + 10, until=AT + 90),
        lambda c: (
            (c.application, c.status, c.caller, c.dialed)
            == ("sales", CallStatus.BUSY, "1001", "4001")
            and AT + 10 <= c.started_at < AT + 90
        ),
    ),
]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(("wanted", "fits"), OF_CALLS)
@pytest.mark.parametrize("limit", [7, 1000])
def test_calls_are_filtered_page_by_page(
    reader: Reader, wanted: CallFilter, fits: Callable[[CallRecord], bool], limit: int
) -> None:
    found = all_pages(lambda cursor: reader.calls(wanted, cursor, limit))
    expected = [each for each in CALLS if fits(each)]
    assert found == newest_first(expected, lambda each: each.started_at)


@pytest.mark.usefixtures("filled")
def test_no_table_is_read_from_end_to_end(path: Path) -> None:
    reader = Reader(path)
    plans: list[str] = []

    def explain(text: str, values: Sequence[object], made: object) -> list[object]:
        del made
        with closing(sqlite3.connect(path)) as opened:
            plans.extend(row[3] for row in opened.execute(f"EXPLAIN QUERY PLAN {text}", values))
        return []

    reader._read = explain  # type: ignore[method-assign, assignment] # noqa: SLF001 - what SQLite makes of it
    for wanted, _ in FILTERS:
        reader.transfers(wanted)
    for of_calls, _ in OF_CALLS:
        reader.calls(of_calls)
    reader.transfer(BUSY.id)
    reader.call("c1")
    assert plans
    small = {"transfer_kinds", "call_kinds", "kinds"}
    scans = {plan.split()[1] for plan in plans if plan.startswith("SCAN")}
    assert scans <= small


@pytest.mark.usefixtures("filled")
def test_what_comes_meanwhile_moves_no_page(reader: Reader, path: Path) -> None:
    first = reader.transfers(TransferFilter(), limit=100)
    fill(path, [transfer(1000, at=1000.0)])
    second = reader.transfers(TransferFilter(), first.next, limit=100)
    expected = newest_first(TRANSFERS, lambda each: each.began_at)
    assert [*first.items, *second.items] == expected[:200]


@pytest.mark.usefixtures("filled")
def test_a_transfer_is_found_with_its_ladder(reader: Reader) -> None:
    assert reader.transfer(TRANSFERS[5].id) == (TRANSFERS[5], LADDER)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("id_", ["", "x", "x-1", f"{5:032x}-2", f"{5:032x}-9999999999"])
def test_what_is_not_there_is_none(reader: Reader, id_: str) -> None:
    assert reader.transfer(id_) is None
    assert reader.call(id_) is None


@pytest.mark.usefixtures("filled")
def test_a_call_is_found(reader: Reader) -> None:
    assert reader.call(CALLS[5].key) == CALLS[5]


@pytest.mark.usefixtures("filled")
def test_a_cursor_of_nothing_is_told(reader: Reader) -> None:
    with pytest.raises(BadCursorError):
        reader.transfers(TransferFilter(), "x")
    with pytest.raises(BadCursorError):
        reader.calls(CallFilter(), "x")


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    "change", ["outcome = 'won'", "nth = 'x', outcome = 'x'", "caller = x'ff'"]
)
def test_a_row_that_is_none_of_ours_is_told_where_it_cannot_be_read(
    reader: Reader, path: Path, change: str
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute(f"UPDATE transfers SET {change} WHERE number = 1")  # noqa: S608 - our own
    try:
        found = reader.transfers(TransferFilter(), limit=1000).items
    except StoreError as error:
        assert "cannot be read" in str(error)  # noqa: PT017 - or it can be
    else:
        assert len(found) == 300


@pytest.mark.usefixtures("filled")
def test_one_that_is_asked_for_is_told_likewise(reader: Reader, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute("UPDATE transfers SET outcome = 'won' WHERE number = 1")
        ((id_,),) = opened.execute("SELECT call || '-' || nth FROM transfers WHERE number = 1")
    with pytest.raises(StoreError, match="cannot be read"):
        reader.transfer(id_)


def test_a_file_that_is_not_there_is_read_when_it_is(reader: Reader, path: Path) -> None:
    with pytest.raises(StoreError, match="there is no such file"):
        reader.transfers(TransferFilter())
    one = replace(transfer(1), accepted_at=AT + 1)
    fill(path, [one])
    assert reader.transfers(TransferFilter()).items == (one,)
