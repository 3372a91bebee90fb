import pytest

from stasis_refer.core.events import FetchFailure
from stasis_refer.core.intents import DocumentFailed, FetchKind, TellKind
from tests.adapters.metrics.pages import KEY, SUPPORT, changes


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        (FetchKind.ACTION, "ok"),
        (FetchKind.REFER, "ok"),
        (FetchKind.DOCUMENT, FetchFailure.NOT_WELL_FORMED),
        (TellKind.STATUS, FetchFailure.TIMEOUT),
        (TellKind.EVENT, "ok"),
    ],
)
def test_a_webhook_is_counted_and_timed(kind: str, result: str) -> None:
    assert changes(lambda metrics: metrics.webhooks.ended("twiml", kind, result, 0.5)) == {
        f"webhook_requests_total{{dialect=twiml,kind={kind},result={result}}}": 1,
        f"webhook_duration_seconds_count{{kind={kind}}}": 1,
        f"webhook_duration_seconds_sum{{kind={kind}}}": 0.5,
    }


def test_what_nobody_listed_is_another() -> None:
    assert changes(lambda metrics: metrics.webhooks.ended("morse", "pigeon", "eaten", 1.0)) == {
        "webhook_requests_total{dialect=other,kind=other,result=other}": 1,
        "webhook_duration_seconds_count{kind=other}": 1,
        "webhook_duration_seconds_sum{kind=other}": 1.0,
    }


def test_a_document_that_failed_is_counted_by_why() -> None:
    note = DocumentFailed(FetchFailure.UNKNOWN_VERB, "http://127.0.0.1/voice", "line 3: <Dance>")
    assert changes(lambda metrics: metrics.note(KEY, SUPPORT, note)) == {
        "documents_rejected_total{dialect=twiml,reason=unknown_verb}": 1
    }
