import pytest

from stasis_refer.adapters.metrics.limits import HTTP_LIMITS
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.intents import DocumentFailed
from stasis_refer.runtime.capacity import Limit
from tests.adapters.metrics.pages import KEY, SUPPORT, changes


@pytest.mark.parametrize(
    ("failure", "limit"),
    [
        (FetchFailure.TOO_LARGE, "document_size"),
        (FetchFailure.LIMIT, "document_shape"),
        (FetchFailure.TOO_MANY_STEPS, "document_steps"),
    ],
)
def test_a_document_over_a_limit_is_rejected_and_the_limit_counted(
    failure: FetchFailure, limit: str
) -> None:
    note = DocumentFailed(failure, "http://127.0.0.1/voice", "too much")
    assert changes(lambda metrics: metrics.note(KEY, SUPPORT, note)) == {
        f"documents_rejected_total{{dialect=twiml,reason={failure}}}": 1,
        f"limits_reached_total{{limit={limit}}}": 1,
    }


@pytest.mark.parametrize("limit", [*HTTP_LIMITS, *Limit], ids=str)
def test_a_limit_is_counted(limit: str) -> None:
    grown = changes(lambda metrics: metrics.limits.reached(limit))
    assert grown == {f"limits_reached_total{{limit={limit}}}": 1}


def test_a_limit_nobody_listed_is_another() -> None:
    grown = changes(lambda metrics: metrics.limits.reached("sky"))
    assert grown == {"limits_reached_total{limit=other}": 1}
