"""Every query of the dashboards and rules, on a real Prometheus behind real transfers.

With ``-s`` the table of all queries is printed. Where the environment has PREVIEWS=FOLDER, what
Prometheus answered is left there for ``grafana.preview`` to draw.
"""

import asyncio
import json
import math
import os
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from grafana.asked import Asked, put_in, queries, variables
from grafana.catalogue import BOARDS, file_of
from grafana.queries import VARIABLES
from stasis_refer.lab.lab import Lab
from stasis_refer.runtime.book import TransferFilter
from tests.fakes.customer import Customer
from tests.scenarios import placed
from tests.scenarios.prometheus import Labels, Points, Prometheus, openmetrics, prometheus
from tests.scenarios.shown import A_WEEK_AGO, NOT_EXACT, Shown, grown, numbers
from tests.scenarios.theatre import Theatre, settings

WEEK = 7 * 86400
HOUR = 3600
SOON = 300
ASKED = [each for board in BOARDS for each in queries(file_of(board))]
EXACT = 1e-3

Answer = list[tuple[Labels, Points]]


@dataclass
class Played:
    """The lab and its Prometheus, behind the calls, and the times of its first and last scrape.

    ``answers`` are those to all queries, asked as Grafana does.
    """

    prometheus: Prometheus
    theatre: Theatre
    start: float
    stop: float
    answers: dict[str, Answer] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        return len(self.theatre.customer.requests)

    async def ask(self, each: Asked, **chosen: str) -> Answer:
        """Ask one query over all of the time; of the variables all values, unless chosen."""
        milliseconds = round((self.stop - self.start) * 1000)
        expr = sent(each.expr, f"{milliseconds}ms", **chosen)
        if each.now:
            return await self.prometheus.now(expr, self.stop)
        return await self.prometheus.over(expr, self.start, self.stop)


def sent(expr: str, shown: str, **chosen: str) -> str:
    """Return a query as Grafana sends it: a rate is over four scrapes."""
    own = {"__rate_interval": "4s", "__range": shown}
    return put_in(expr, dict.fromkeys(VARIABLES, ".*") | own | chosen)


def a_week_ago(instance: str) -> str:
    """Return samples of the two metrics that are compared with the week before."""
    now = time.time()
    seconds = range(-HOUR, SOON)
    where = f'job="stasis_refer",instance="{instance}"'
    ended = (
        (f'{where},application="support",direction="sent",outcome="{outcome}"', each, rate)
        for outcome, rate in A_WEEK_AGO.items()
        for each in seconds
    )
    started = (
        (f'{where},dialect="twiml",direction="sent"', each, sum(A_WEEK_AGO.values()))
        for each in seconds
    )
    families = {"application_transfers": ended, "transfers_started": started}
    texts = (
        openmetrics(
            f"stasis_refer_{family}",
            ((labels, now - WEEK + each, (each + HOUR) * rate) for labels, each, rate in samples),
        )
        for family, samples in families.items()
    )
    return "".join((*texts, "# EOF\n"))


@pytest.fixture(scope="module")
async def played(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Played]:
    extra = tmp_path_factory.mktemp("pjsip") / "extra.conf"
    extra.write_text(placed.PJSIP)
    async with Customer() as customer:
        theatre = Theatre(customer)
        configured = settings(
            placed.applications(customer),
            lab={"pjsip_extra": extra},
            metrics={"endpoints": list(placed.ENDPOINTS.values())},
        )
        async with Lab(configured, (theatre.tap,)) as lab:
            theatre.lab = lab
            past = a_week_ago(lab.settings.http.listen)
            async with prometheus(lab.http, past) as running:
                start = await scrapes(running, 5)
                await placed.place(theatre)
                stop = await scrapes(running, 6, since=time.time())
                yield await all_answered(Played(running, theatre, start[0], stop[-1]))


async def all_answered(played: Played) -> Played:
    for each in ASKED:
        played.answers[each.key] = await played.ask(each)
    if folder := os.environ.get("PREVIEWS"):
        text = json.dumps({"start": played.start, "stop": played.stop, "answers": played.answers})
        await asyncio.to_thread((Path(folder) / "answers.json").write_text, text)
    return played


async def scrapes(running: Prometheus, number: int, since: float = 0) -> list[float]:
    """Wait for so many scrapes of the program; the times of them."""
    async with asyncio.timeout(30):
        while True:
            series = await running.now('up{job="stasis_refer"} == 1', time.time())
            samples = await running.raw("up", time.time()) if series else []
            times = [at for at, value in samples if value and at > since]
            if len(times) >= number:
                return times
            await asyncio.sleep(0.2)


def last(answer: Answer, each: Asked) -> Shown:
    """Return the last value of each series that is not zero."""
    return {each.named(labels): points[-1][1] for labels, points in answer if points[-1][1]}


def table(played: Played) -> Iterator[str]:
    """Yield a line for each query: how many series, their last values, what was expected."""
    expected = numbers(played.requests)
    yield "query | series | last value, where it is not 0 | expected"
    for each in ASKED:
        answer = played.answers[each.key]
        wanted = expected.get((each.board, each.panel, each.ref)) if each.now else None
        said = "a number" if wanted is None else written(wanted)
        yield f"{each.key} | {len(answer)} | {written(last(answer, each))} | {said}"


def written(shown: Shown) -> str:
    pairs = sorted(shown.items())
    return ", ".join(f"{name} {value:.4g}".strip() for name, value in pairs) or "0"


def approx(wanted: Shown) -> object:
    return pytest.approx(wanted, abs=EXACT)


async def test_every_query_is_accepted_and_answered(played: Played) -> None:
    print(*table(played), sep="\n")  # noqa: T201
    empty = [key for key, answer in played.answers.items() if not answer]
    assert not empty


async def test_no_value_is_other_than_a_number(played: Played) -> None:
    for key, answer in played.answers.items():
        for labels, points in answer:
            assert all(math.isfinite(value) for _, value in points), f"{key} {labels}"


async def test_what_is_shown_is_what_was_placed(played: Played) -> None:
    expected = numbers(played.requests)
    exact = {(each.board, each.panel, each.ref): each for each in ASKED if each.now}
    assert set(exact) == {*expected, *NOT_EXACT}
    wrong = {
        exact[key].key: (found, wanted)
        for key, wanted in expected.items()
        if (found := last(played.answers[exact[key].key], exact[key])) != approx(wanted)
    }
    assert not wrong


async def test_counters_have_grown_by_what_was_placed(played: Played) -> None:
    for metric, wanted in grown(played.requests).items():
        selector = f"stasis_refer_{metric}"
        if set(wanted) == {""}:
            selector = f"sum({selector})"
        first = await counted(played, selector, played.start)
        after = await counted(played, selector, played.stop)
        found = {key: value - first[key] for key, value in after.items() if value != first[key]}
        assert found == wanted, metric


async def counted(played: Played, selector: str, at: float) -> Mapping[str, float]:
    series = await played.prometheus.now(selector, at)
    return {labelled(labels): points[0][1] for labels, points in series}


def labelled(labels: Labels) -> str:
    own = {"__name__", "job", "instance"}
    return ", ".join(value for name, value in sorted(labels.items()) if name not in own)


async def test_without_traffic_nothing_is_divided_by_nothing(played: Played) -> None:
    quiet = played.start + 3
    for each in ASKED:
        for labels, points in await played.prometheus.now(sent(each.expr, "2s"), quiet):
            assert all(math.isfinite(value) for _, value in points), f"{each.key} {labels}"


async def test_variables_offer_what_there_is(played: Played) -> None:
    lab = played.theatre.running.settings
    offered = {
        "application": {*(each.name for each in lab.applications), "other"},
        "dialect": {"twiml", "rcml", "bxml", "jambonz", "other"},
        "direction": {"sent", "received"},
    }
    for board in BOARDS:
        for each in variables(file_of(board)):
            found = await played.prometheus.values(each.label, each.series)
            assert set(found) == offered[each.name], each


@pytest.mark.parametrize(
    ("panel", "chosen", "wanted"),
    [
        ("Transfers", {"application": "support"}, placed.by(application="support")),
        ("Transfers", {"direction": "received"}, placed.by(direction="received")),
        (
            "Transfers",
            {"application": "(support|desk)", "direction": "sent"},
            placed.by(application="support"),
        ),
    ],
)
async def test_what_is_chosen_filters(
    played: Played, panel: str, chosen: dict[str, str], wanted: Mapping[object, int]
) -> None:
    (each,) = (each for each in ASKED if each.panel == panel and each.now)
    ((_, points),) = await played.ask(each, **chosen)
    assert points[0][1] == pytest.approx(sum(wanted.values()), abs=EXACT)


async def test_a_dialect_that_is_chosen_filters(played: Played) -> None:
    (each,) = (each for each in ASKED if each.panel == "By dialect")
    answer = await played.ask(each, dialect="(rcml|bxml)")
    wanted = {
        f"{dialect}: {outcome}": number
        for (dialect, outcome), number in placed.by("dialect", "outcome").items()
        if dialect in {"rcml", "bxml"}
    }
    assert last(answer, each) == approx(wanted)


async def test_dots_in_graphs_of_times_are_single_transfers(played: Played) -> None:
    page = await played.theatre.running.app.ledger.book.transfers(TransferFilter())
    known = {each.id for each in page.items}
    for each in ASKED:
        if not each.exemplars:
            continue
        times = {"start": f"{played.start:.3f}", "end": f"{played.stop:.3f}"}
        expr = sent(each.expr, "1m")
        found = await played.prometheus.ask("query_exemplars", query=expr, **times)
        ids = {dot["labels"]["transfer_id"] for series in found for dot in series["exemplars"]}
        assert ids, each.key
        assert ids <= known, each.key


async def test_each_rule_is_accepted_and_evaluated(played: Played) -> None:
    data = await played.prometheus.ask("rules")
    rules = [rule for group in data["groups"] for rule in group["rules"]]
    assert [(rule["name"], rule["health"]) for rule in rules] == [
        (rule["name"], "ok") for rule in rules
    ]
    for rule in rules:
        answer = await played.prometheus.now(rule["query"], played.stop)
        print(f"{rule['type']:<9} {rule['name']:<48} {len(answer)}")  # noqa: T201
        if rule["type"] == "recording":
            assert answer, rule["name"]
    healthy = {"StasisReferDown", "StasisReferAriDisconnected", "StasisReferNotReady"}
    states = {rule["name"]: rule["state"] for rule in rules if rule["type"] == "alerting"}
    assert {states[name] for name in healthy} == {"inactive"}
