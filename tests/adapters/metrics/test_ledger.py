from tests.adapters.metrics.pages import changes, make, samples


def test_a_write_that_failed_is_counted() -> None:
    grown = changes(lambda metrics: metrics.ledger.write_failed())
    assert grown == {"ledger_writes_failed_total{}": 1}


def test_the_outbox_is_as_full_as_it_was_last_told() -> None:
    metrics = make()
    for pending in (7, 3):
        metrics.ledger.outbox(pending)
    assert samples(metrics)["outbox_pending{}"] == 3
