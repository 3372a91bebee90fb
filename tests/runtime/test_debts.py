"""What a transfer owes, on a real ledger."""

import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from stasis_refer.adapters.ledger import Ledger
from stasis_refer.core.abouts import Transferred
from stasis_refer.core.application import Application
from stasis_refer.core.events import CallEnded, FetchFailed, FetchFailure
from stasis_refer.core.intents import Fetch, Tell, TellKind
from stasis_refer.core.verbs import After, Refer, Then
from stasis_refer.dialects.registry import DIALECTS
from stasis_refer.runtime.debts import AGAIN_AFTER, RESTARTED, SETTLED_AFTER, Debt, Debts
from stasis_refer.runtime.journal import Entry, all_of
from stasis_refer.runtime.letters import Letters
from stasis_refer.runtime.ports import Parcel, StoreError
from tests.core.calls import AFTER, FORBIDDEN, NO_ACTION, PLAIN, REFER, SAY, UP, document
from tests.runtime.journaled import CALLER, WALL, Journaled, another, completed, referred
from tests.runtime.test_steps import Later, Outbox

LETTERS = Letters(DIALECTS, lambda: WALL)
KNOWN = {PLAIN.name: PLAIN}
TOLD = replace(REFER, after=After(Then.END, Then.END, Then.END))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    ledger = Ledger(path, "here")
    ledger.open()
    yield ledger
    ledger.close()


def debts(ledger: Ledger, applications: dict[str, Application] | None = None) -> Debts:
    return Debts(
        store=ledger.owed,
        together=ledger.step,
        later=at_once,
        letters=LETTERS,
        outbox=Outbox(ledger),
        applications=KNOWN if applications is None else applications,
    )


def waiting(ledger: Ledger, later: Later) -> Debts:
    """Return one that waits until it is told to go on."""
    return Debts(
        store=ledger.owed,
        together=ledger.step,
        later=later,
        letters=LETTERS,
        outbox=Outbox(ledger),
        applications=KNOWN,
    )


class at_once:  # noqa: N801 - a function, but for what it returns
    """Does what is to happen later."""

    def __init__(self, seconds: float, do: Callable[[], None]) -> None:
        assert seconds == SETTLED_AFTER
        do()

    def cancel(self) -> None:
        """Nothing is waited for."""


def call(ledger: Ledger, number: int = 0, application: Application = PLAIN) -> Journaled:
    """Return a call whose steps are written into a ledger as they go."""
    info = another(number) if number else CALLER
    later = Later(SETTLED_AFTER)
    taps = all_of((ledger.tap, waiting(ledger, later)))

    def tap(entry: Entry) -> None:
        taps(entry)
        if later.due:
            later.pass_()

    return Journaled(tap, info, application=application)


def pay(ledger: Ledger, live: Collection[str] = (), **more: dict[str, Application]) -> list[Parcel]:
    """Do what is done at the start."""
    with ledger.step():
        ledger.close_open(live, live, WALL + 60)
        return [parcel for _, parcel in debts(ledger, **more).pay(live)]


@pytest.fixture
def again(ledger: Ledger, path: Path) -> Iterator[Ledger]:
    """The ledger of the next program, to be opened when the first one has ended."""
    del ledger
    again = Ledger(path, "here")
    yield again
    again.close()


def test_a_transfer_that_is_lost_is_told_once(ledger: Ledger, again: Ledger) -> None:
    call(ledger).happens(*referred(1.0))
    ledger.close()
    again.open()
    (parcel,) = pay(again)
    assert again.outbox.read(1) == parcel
    assert (parcel.kind, parcel.letter.callback, parcel.call) == (
        TellKind.ACTION,
        AFTER,
        CALLER.key,
    )
    told = parcel.letter.fields
    assert told["CallSid"] == f"CA{CALLER.key}"
    assert (told["CallStatus"], told["ReferCallStatus"]) == ("in-progress", "failed")
    assert pay(again) == []


def test_it_is_told_under_the_token_of_what_its_call_would_have_asked(
    ledger: Ledger, again: Ledger
) -> None:
    line = call(ledger)
    line.happens(*completed(1.0)[:-2])
    ledger.close()
    (asked,) = [each for each in line.intents if isinstance(each, Fetch) and each.about]
    again.open()
    (parcel,) = pay(again)
    assert parcel.letter.token == LETTERS.request(line.call, CALLER, asked).token


def test_an_end_that_was_seen_is_told_as_it_was(ledger: Ledger, again: Ledger) -> None:
    call(ledger).happens(*completed(1.0)[:-2])
    ledger.close()
    again.open()
    (parcel,) = pay(again)
    told = parcel.letter.fields
    assert (told["ReferCallStatus"], told["NotifySipResponseCode"]) == ("in-progress", "200")


def test_a_call_that_was_built_again_tells_it_itself(ledger: Ledger, again: Ledger) -> None:
    line = call(ledger)
    line.happens(*referred(1.0))
    ledger.close()
    again.open()
    ours = debts(again)
    with again.step():
        again.close_open({CALLER.key}, {CALLER.key}, WALL + 60)
        assert ours.pay({CALLER.key}) == []
    line.call.tap = all_of((again.tap, ours))  # type: ignore[attr-defined]
    line.happens(*completed(1.0)[3:])
    assert pay(again) == []


NOT_HAD = FetchFailed(FetchFailure.STATUS, AFTER.url, "it answered 500", number=2)


@pytest.mark.parametrize(
    ("verb", "steps"),
    [
        (REFER, completed(1.0)),
        (REFER, [*completed(1.0)[:-2], (5.0, NOT_HAD)]),
        (REFER, [(1.0, document(FORBIDDEN)), (2.0, replace(document(SAY), number=2))]),
        (TOLD, completed(1.0)[1:-2]),
        (replace(REFER, after=After(canceled=Then.NOTHING)), [(1.5, CallEnded()), (3.0, NOT_HAD)]),
        (NO_ACTION, referred(1.0)[1:]),
    ],
    ids=["answered", "not to be had", "blocked", "told", "not to be told", "no action URL"],
)
def test_what_was_told_is_owed_no_more(
    ledger: Ledger, again: Ledger, verb: Refer, steps: list[object]
) -> None:
    line = call(ledger)
    line.happens(*([] if verb is REFER else [(1.0, document(verb))]), *steps)  # type: ignore[arg-type]
    ledger.close()
    again.open()
    assert pay(again) == []


def test_what_a_running_program_owes_is_left_to_it(ledger: Ledger, again: Ledger) -> None:
    call(ledger).happens(*referred(1.0))
    again.open()
    assert pay(again) == []
    ledger.close()
    assert len(pay(again)) == 1


def test_what_may_be_taken_up_at_another_place_is_left_to_it(ledger: Ledger, path: Path) -> None:
    call(ledger).happens(*referred(1.0))
    row = (CALLER.key, 1, "there", 0.0, "")
    ledger._file.write("INSERT INTO call_log VALUES (?, ?, ?, ?, ?)", row)  # noqa: SLF001
    ledger.close()
    for place, told in (("here", 0), ("there", 1)):
        again = Ledger(path, place)
        again.open()
        assert len(pay(again)) == told
        again.close()


def test_what_is_owed_to_an_application_that_is_gone_is_listed(
    ledger: Ledger, again: Ledger
) -> None:
    call(ledger).happens(*referred(1.0))
    ledger.close()
    again.open()
    (parcel,) = pay(again, applications={})
    assert (parcel.application, parcel.letter.callback) == (PLAIN.name, AFTER)


@pytest.mark.parametrize("said", ["{", '{"":"Comet"}', "[]"])
def test_what_cannot_be_read_is_loud_and_holds_up_nothing(
    ledger: Ledger, again: Ledger, said: str
) -> None:
    call(ledger, 1).happens(*referred(1.0))
    ledger.owed.add(Debt("0" * 32, 1, PLAIN.name, PLAIN.dialect, said))
    ledger.close()
    again.open()
    with capture_logs() as logs:
        assert [each.call for each in pay(again)] == [another(1).key]
    assert [each["call"] for each in logs if each["log_level"] == "error"] == ["0" * 32]


def test_the_end_of_a_call_that_tells_nothing_costs_nothing(ledger: Ledger) -> None:
    line = call(ledger)
    line.happens((1.0, document(SAY)), (2.0, CallEnded()))
    assert ledger.owed.left() == []


def test_the_letter_of_a_transfer_is_no_other_one() -> None:
    line = Journaled(lambda _: None)
    abouts = (Transferred(RESTARTED, number=2), Transferred(RESTARTED, number=3), None)
    tells = tuple(Tell(TellKind.ACTION, AFTER, UP, each) for each in abouts)
    entry = Entry(line.call, 7, 1.0, None, tells)
    tokens = [each.id for each in LETTERS.parcels(entry)]
    again = [each.id for each in LETTERS.parcels(replace(entry, seq=8))]
    assert len(set(tokens)) == 3
    assert (again[:2], again[2] == tokens[2]) == (tokens[:2], False)


def test_what_was_told_is_written_down_soon_and_again_where_it_cannot_be(
    ledger: Ledger, path: Path
) -> None:
    later = Later(SETTLED_AFTER, AGAIN_AFTER)
    ours = waiting(ledger, later)
    for number in (1, 2):
        Journaled(ours, another(number)).happens(*completed(1.0))
    assert (len(ledger.owed.left()), len(later.due)) == (2, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer, capture_logs() as logs:
        writer.execute("BEGIN IMMEDIATE")
        later.pass_()
        writer.execute("COMMIT")
    assert [each["log_level"] for each in logs] == ["error"]
    assert len(ledger.owed.left()) == 2
    later.pass_()
    assert (ledger.owed.left(), later.due) == ([], [])


def test_what_is_owed_is_written_behind_a_lock(ledger: Ledger, again: Ledger, path: Path) -> None:
    later = Later(SETTLED_AFTER, AGAIN_AFTER)
    ours = waiting(ledger, later)

    def tap(entry: Entry) -> None:
        with suppress(StoreError), ledger.step():
            ledger.tap(entry)
            ours(entry)

    with closing(sqlite3.connect(path, isolation_level=None)) as writer, capture_logs() as logs:
        writer.execute("BEGIN IMMEDIATE")
        Journaled(tap).happens(*referred(1.0))
        later.pass_()
        later.pass_()
        writer.execute("COMMIT")
    assert [each["event"] for each in logs if "owe" in each["event"]] == [
        "what transfers owe cannot be written down yet"
    ]
    later.pass_()
    assert later.due == []
    ledger.close()
    again.open()
    assert [each.call for each in pay(again)] == [CALLER.key]


def test_a_bug_in_what_is_told_keeps_no_program_from_starting(
    ledger: Ledger, again: Ledger
) -> None:
    call(ledger, 1).happens(*referred(1.0))
    call(ledger, 2).happens(*referred(1.0))
    ledger._file.write("UPDATE owed SET dialect = 'gone' WHERE call = ?", (another(1).key,))  # noqa: SLF001
    ledger.close()
    again.open()
    with capture_logs() as logs:
        assert [each.call for each in pay(again)] == [another(2).key]
    assert "error" in {each["log_level"] for each in logs}


def test_a_call_that_was_over_has_told_it(ledger: Ledger, again: Ledger) -> None:
    call(ledger).happens(*completed(1.0)[:-2])
    ledger.close()
    again.open()
    with again.step():
        assert debts(again).pay((), {CALLER.key}) == []
    assert pay(again) == []


def test_a_call_that_goes_on_is_not_told_of_by_who_took_the_rest_over(
    ledger: Ledger, again: Ledger, path: Path
) -> None:
    running = Ledger(path, "there")
    running.open()
    line = call(ledger)
    line.happens(*referred(1.0))
    ledger._file.write("INSERT INTO call_log VALUES (?, 1, 'here', 0.0, '')", (CALLER.key,))  # noqa: SLF001
    ledger.close()
    assert running._file.take_over(1)  # noqa: SLF001 - its outbox does so, where something is pending
    again.open()
    ours = debts(again)
    with again.step():
        assert ours.pay({CALLER.key}) == []
    line.call.tap = all_of((again.tap, ours))  # type: ignore[attr-defined]
    again.call_log.forget(CALLER.key)
    line.happens(*completed(1.0)[3:])
    running.close()
    assert pay(again) == []


def test_what_a_call_tells_is_settled_also_where_the_start_could_write_nothing(
    ledger: Ledger, again: Ledger, path: Path
) -> None:
    call(ledger, 1).happens(*referred(1.0))
    line = call(ledger, 2)
    line.happens(*referred(1.0))
    ledger.close()
    again.open()
    ours, live = debts(again), {another(2).key}
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError), again.step():
            ours.pay(live)
    line.call.tap = all_of((again.tap, ours))  # type: ignore[attr-defined]
    line.happens(*completed(1.0)[3:])
    assert [each.call for each in pay(again)] == [another(1).key]
