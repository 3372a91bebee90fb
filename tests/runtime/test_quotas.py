import pytest
from structlog.testing import capture_logs

from stasis_refer.core.allowance import PLENTY, Allowance, QuotasTold
from stasis_refer.core.intents import QuotaTaken
from stasis_refer.core.quota import Bucket
from stasis_refer.core.rules import Scope
from stasis_refer.runtime.journal import Entry
from stasis_refer.runtime.quotas import KeptUses, Quotas
from tests.core.calls import PLAIN
from tests.core.test_allowance import ALL, APPLICATION, LARGE, PARTNERS, told
from tests.runtime.journaled import Journaled
from tests.runtime.quota_store import Store

NOW = 1_764_000_000.0  # seconds since 1970
HOUR = 3600.0
KEY = (Scope.RULE, "partners")
OF_ALL = (Scope.APPLICATION, PLAIN.name)


class Program:
    """The quotas of a program on a store; ``again`` is it after a restart."""

    def __init__(self, store: Store | None = None, at: float = NOW) -> None:
        self.store = store or Store()
        self.now = at
        self.quotas = Quotas(self.store, lambda: self.now)
        self.quotas.open()

    def again(self, after: float) -> "Program":
        return Program(self.store, self.now + after)

    def news(self) -> QuotasTold | None:
        return self.quotas.news(Allowance(APPLICATION))

    @property
    def left(self) -> int:
        news = self.news() or Allowance(APPLICATION).known
        return next(uses for _, name, uses in news.left if name == "partners")


@pytest.fixture
def program() -> Program:
    return Program()


def test_a_call_of_an_application_without_quotas_is_told_nothing(program: Program) -> None:
    program.quotas.take((ALL,))
    assert program.quotas.news(Allowance(PLAIN)) is None


def test_a_call_is_told_what_it_does_not_know(program: Program) -> None:
    allowance = Allowance(APPLICATION)
    assert program.quotas.news(allowance) is None
    program.quotas.take((PARTNERS, ALL))
    assert program.quotas.news(allowance) == told(1, 2)
    allowance.hear(told(1, 2))
    assert program.quotas.news(allowance) is None


def test_what_it_took_itself_is_no_news(program: Program) -> None:
    allowance = Allowance(APPLICATION)
    allowance.take((PARTNERS,))
    taken = (QuotaTaken((PARTNERS,)),)
    program.quotas.tap(Entry(Journaled(lambda _: None).call, 2, 0.0, None, taken))
    assert program.quotas.news(allowance) is None
    assert program.left == 1


def test_what_is_held_back_is_left_to_others_and_its_call_is_told(program: Program) -> None:
    full = Quotas(program.store, lambda: NOW, held_back=lambda _: True)
    allowance = Allowance(APPLICATION)
    before = allowance.known
    allowance.take((PARTNERS,))
    taken = (QuotaTaken((PARTNERS,)),)
    full.tap(Entry(Journaled(lambda _: None).call, 2, 0.0, None, taken))
    assert full.news(allowance) == before
    assert not program.store.kept


def test_one_that_has_plenty_is_not_told_until_it_is_low(program: Program) -> None:
    program.quotas.take((LARGE,))
    found = program.news()
    assert found is not None
    assert (Scope.RULE, "large", PLENTY - 1) in found.left


def test_uses_come_back_with_time(program: Program) -> None:
    program.quotas.take((PARTNERS, PARTNERS))
    assert program.left == 0
    assert program.quotas.used_up((ALL, PARTNERS)) == PARTNERS
    program.now += 61.0
    assert program.left == 2
    assert program.quotas.used_up((ALL, PARTNERS)) is None


# -- a restart -------------------------------------------------------------------


def test_what_was_used_is_used_after_a_restart(program: Program) -> None:
    program.quotas.take((PARTNERS, ALL))
    program.now += 30.0
    program.quotas.take((PARTNERS, ALL))
    assert program.again(1.0).news() == told(0, 1)
    assert program.again(32.0).news() == told(1, 1)
    assert program.again(62.0).news() == told(2, 1)


def test_what_counts_no_more_is_not_kept(program: Program) -> None:
    for _ in range(5):
        program.quotas.take((PARTNERS,))
        program.now += 70.0
    assert len(program.store.kept) == 1
    program.again(0.0)
    assert not program.store.kept


@pytest.mark.parametrize("restarts", [1, 3])
def test_a_clock_set_back_while_it_was_away_locks_for_a_window_and_no_longer(
    program: Program, restarts: int
) -> None:
    program.quotas.take((PARTNERS,))
    program.now += 1.0
    program.quotas.take((PARTNERS,))
    program = program.again(-HOUR)
    for _ in range(restarts):
        assert program.left == 0
        program = program.again(0.0)
    assert program.again(60.0).left == 0
    assert program.again(61.0).left == 2
    assert [(each.bucket, each.until) for each in program.store.kept.values()] == []


def test_what_is_set_back_is_kept_as_of_now(program: Program) -> None:
    program.quotas.take((PARTNERS, ALL))
    now = program.again(-HOUR).now
    assert list(program.store.kept.values()) == [
        KeptUses(KEY, Bucket(now), now + 61.0),
        KeptUses(OF_ALL, Bucket(now), now + 3660.0),
    ]


def test_a_clock_set_forward_while_it_was_away_opens_once(program: Program) -> None:
    program.quotas.take((PARTNERS, PARTNERS))
    program = program.again(HOUR)
    program.quotas.take((PARTNERS, PARTNERS))
    assert program.left == 0
    assert program.again(60.0).left == 0


# -- a ledger that cannot be written ---------------------------------------------


def test_a_use_that_cannot_be_kept_counts_all_the_same(program: Program) -> None:
    program.store.broken = True
    with capture_logs() as logs:
        program.quotas.take((PARTNERS, PARTNERS))
    assert program.left == 0
    assert {(line["quota"], line["why"]) for line in logs} == {("partners", "disk full")}


def test_one_that_cannot_be_read_begins_anew(program: Program) -> None:
    program.quotas.take((PARTNERS,))
    program.store.broken = True
    with capture_logs() as logs:
        assert program.again(1.0).left == 2
    assert [line["log_level"] for line in logs] == ["error"]
