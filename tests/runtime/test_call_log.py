from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from structlog.testing import capture_logs

from stasis_refer.core import codec
from stasis_refer.core.events import DigitPressed
from stasis_refer.core.handing_over import HandedOver
from stasis_refer.core.intents import HangUp, StopPlayback
from stasis_refer.runtime import call_log
from stasis_refer.runtime.call_log import CallLog, Kept
from stasis_refer.runtime.journal import Entry
from stasis_refer.runtime.ports import StoreError, UnwritableError
from tests.runtime.parties import SUPPORT, Party

WALL = 1_764_000_000.0  # seconds since 1970


@dataclass
class Store:
    """Keeps steps in memory, unless its disk is full."""

    steps: list[Kept] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    full: bool = False
    unwritable: int = 0  # the number of a step

    def add(self, steps: Sequence[Kept]) -> None:
        self._write()
        if any(step.number == self.unwritable for step in steps):
            raise UnwritableError("it is no text")
        self.steps += steps

    def forget(self, call: str) -> None:
        self._write()
        self.forgotten.append(call)

    def left(self) -> Sequence[Kept]:
        raise NotImplementedError

    def _write(self) -> None:
        if self.full:
            raise StoreError("the disk is full")


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def log(store: Store) -> CallLog:
    return CallLog(store, lambda: WALL)


CALL = Party("alice", key="k")


def entry(number: int, event: object = DigitPressed("5")) -> Entry:
    return Entry(CALL, number, 5.5, event, (StopPlayback("p"), HangUp()))  # type: ignore[arg-type]


def write(log: CallLog) -> None:
    """Write as a step does."""
    try:
        log.write()
    except StoreError:
        log.not_written()
    else:
        log.was_written()


def test_a_step_is_kept_with_its_times_and_the_classes_of_what_was_asked(
    log: CallLog, store: Store
) -> None:
    log.take(entry(2))
    assert (log.written, store.steps) == (False, [])
    write(log)
    write(log)
    said = '{"":"DigitPressed","digit":"5"}'
    assert store.steps == [Kept("k", 2, 5.5, WALL, said, "StopPlayback HangUp")]
    assert log.written


def test_the_first_step_says_what_the_call_began_with(log: CallLog, store: Store) -> None:
    log.take(entry(1, None))
    write(log)
    info = '{"":"CallInfo","key":"k","channel":"alice"}'
    lead = f'{{"":"Leg","info":{info},"began_at":0.0,"answered_at":0.0}}'
    assert store.steps[0].said == f'[{codec.dumps(SUPPORT)},{{"":"Arrived"}},{lead}]'


def test_a_call_with_a_step_missing_is_kept_no_more(log: CallLog, store: Store) -> None:
    log.take(entry(1, None))
    write(log)
    store.full = True
    log.take(entry(2))
    write(log)
    log.take(entry(3))
    write(log)
    assert not log.written
    store.full = False
    log.take(entry(4))
    write(log)  # what was kept before goes as soon as it can
    assert [step.number for step in store.steps] == [1]
    assert store.forgotten == ["k"]


def test_a_call_that_is_not_kept_is_named_once(log: CallLog, store: Store) -> None:
    store.full = True
    with capture_logs() as logs:
        for number in range(1, 4):
            log.take(entry(number))
            write(log)
    assert [(line["log_level"], line["call"]) for line in logs] == [("warning", "k")]


def test_a_step_that_can_never_be_written_costs_its_own_call_alone(
    log: CallLog, store: Store
) -> None:
    store.unwritable = 1
    with capture_logs() as logs:
        log.take(entry(1, None))
        log.take(entry(2))
        log.take(replace(entry(3), call=Party("bob", key="other")))
        write(log)
    assert [(line["call"], line["why"]) for line in logs] == [("k", "it is no text")]
    log.take(entry(4))
    write(log)
    assert store.forgotten == ["k"]
    assert [step.call for step in store.steps if step.call not in store.forgotten] == ["other"]
    assert [step.number for step in store.steps] == [3]


def test_a_call_that_is_over_is_forgotten_with_what_is_not_written_yet(
    log: CallLog, store: Store
) -> None:
    log.take(entry(1, None))
    write(log)
    log.take(entry(2))
    log.forget("k")
    write(log)
    assert ([step.number for step in store.steps], store.forgotten) == ([1], ["k"])
    log.take(entry(1, None))  # as another one would
    write(log)
    assert len(store.steps) == 2


def test_a_call_of_too_many_steps_is_kept_no_more(
    log: CallLog, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_log, "MOST_STEPS", 2)
    with capture_logs() as logs:
        for number in (1, 2, 3, 4):
            log.take(entry(number))
            write(log)
    assert (len(store.steps), store.forgotten) == (2, ["k"])
    assert [line["log_level"] for line in logs] == ["warning"]


def test_an_event_that_cannot_be_written_costs_no_call(log: CallLog, store: Store) -> None:
    with capture_logs() as logs:
        log.take(entry(2, HandedOver(object())))  # type: ignore[arg-type]
    write(log)
    assert (store.steps, store.forgotten) == ([], ["k"])
    assert "cannot be kept" in logs[0]["why"]
