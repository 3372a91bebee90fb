"""The page for Prometheus, after every situation was played on a real Asterisk."""

import asyncio
import subprocess
from collections import Counter

import pytest
from prometheus_client.parser import text_string_to_metric_families

from stasis_refer.core.intents import TransferEnded
from stasis_refer.core.outcome import Direction, Outcome, Reason, Result
from tests import harvest
from tests.scenarios.situations import SITUATIONS
from tests.scenarios.theatre import ENDPOINTS, Stories, Theatre, application_of
from tests.scenarios.voices import VOICES

Counts = Counter[tuple[str, ...]]


async def page(theatre: Theatre) -> str:
    async with (
        harvest.client() as session,
        session.get(f"{theatre.running.http}/metrics") as response,
    ):
        assert response.ok
        return await response.text()


def counted(text: str, metric: str, *labels: str) -> Counts:
    """Return what a metric counted by some of its labels; zeros are left out."""
    found: Counts = Counter()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == f"stasis_refer_{metric}" and sample.value:
                found[tuple(sample.labels[label] for label in labels)] += int(sample.value)
    return found


def ended(theatre: Theatre) -> list[TransferEnded]:
    return [note for heard in theatre.journal.values() for note in heard.ended]


def of_the_trunk(result: Result) -> str:
    """Return the outcome that says of a trunk how it takes a REFER."""
    refused = result.reason is Reason.BRIDGED_FALLBACK  # so we called the target
    return (Outcome.REJECTED if refused else result.outcome).value


@pytest.mark.usefixtures("stories")
async def test_each_outcome_is_counted_once(theatre: Theatre) -> None:
    labels = ("application", "direction", "outcome")
    counts = counted(await page(theatre), "application_transfers_total", *labels)
    expected = Counter(
        (application_of(voice, each), "sent", each.outcome.value)
        for voice in VOICES
        for each in SITUATIONS
    )
    assert {key: number for key, number in counts.items() if key in expected} == expected
    assert not [key for key in counts if key not in expected and not key[0].startswith("free")]


async def test_the_page_says_what_the_journal_says(theatre: Theatre, stories: Stories) -> None:
    while theatre.running.app.switchboard.channels:  # noqa: ASYNC110 - calls of other tests
        await asyncio.sleep(0.05)
    text, notes = await page(theatre), ended(theatre)
    assert len(notes) >= len(stories)
    results = [note.result for note in notes]
    assert counted(text, "transfers_total", "outcome", "evidence") == Counter(
        (result.outcome.value, result.evidence.value) for result in results
    )
    late = [note for heard in theatre.journal.values() for note in heard.late]
    assert counted(text, "transfer_reasons_total", "reason") == Counter(
        [*((result.reason.value,) for result in results), *(("late_success",) for _ in late)]
    )
    ways = Counter((note.direction.value,) for note in notes)
    assert counted(text, "transfers_started_total", "direction") == ways
    assert counted(text, "transfer_duration_seconds_count", "direction") == ways
    assert not counted(text, "transfers_in_progress", "direction")
    conflicts = sum(result.conflict for result in results)
    assert counted(text, "witness_conflicts_total")[()] == conflicts


async def test_each_refer_that_was_sent_is_counted_by_its_endpoint(
    theatre: Theatre, stories: Stories
) -> None:
    while theatre.running.app.switchboard.channels:  # noqa: ASYNC110 - calls of other tests
        await asyncio.sleep(0.05)
    sent = [note for note in ended(theatre) if note.direction is Direction.SENT]
    counts = counted(await page(theatre), "endpoint_transfers_total", "endpoint", "outcome")
    assert counts == Counter(
        (note.endpoint if note.endpoint in ENDPOINTS else "other", of_the_trunk(note.result))
        for note in sent
    )
    by_phones = sum(number for (endpoint, _), number in counts.items() if endpoint == "anonymous")
    challenged = counts["other", "completed"]  # through an endpoint that is not listed
    assert challenged >= len(VOICES)
    assert by_phones + challenged >= len(stories)


async def test_promtool_finds_nothing_to_say_about_the_live_page(theatre: Theatre) -> None:
    done = await asyncio.to_thread(
        subprocess.run,
        ["promtool", "check", "metrics"],
        input=(await page(theatre)).encode(),
        capture_output=True,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == (b"", b"", 0)
