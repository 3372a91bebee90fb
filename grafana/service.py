"""The dashboard Service: webhooks, the connection to Asterisk, capture, ledger, the process."""

from collections.abc import Iterable
from typing import Final

from grafana.colours import BAD, GOOD, NEUTRAL, WARNING
from grafana.frame import Board
from grafana.panels import (
    COUNT,
    PER_MINUTE,
    PER_SECOND,
    SECONDS,
    SHARE,
    About,
    Panel,
    bars,
    graph,
    number,
    stacked,
)
from grafana.queries import (
    RANGE,
    Query,
    by,
    counted,
    ours,
    per_minute,
    per_second,
    quantile,
    select,
    share,
)

_STARTED: Final = "process_start_time_seconds"


def _state() -> Iterable[Panel]:
    text = "Whether the WebSocket to Asterisk is up, of all instances. Without it no call is taken."
    about = About("Asterisk", text, COUNT, 4, 5, nothing="no data")
    words = (("0", "not connected", BAD), ("1", "connected", GOOD))
    yield number(about, Query(f"min({select('ari_connected')})", now=True), words=words)
    text = "Whether all instances say at /readyz that calls may be sent to them; it tells why not."
    about = About("New calls", text, COUNT, 4, 5, nothing="no data")
    words = (("0", "not ready", BAD), ("1", "are taken", GOOD))
    yield number(about, Query(f"min({select('ready')})", now=True), words=words)
    about = About("Live calls", "Calls that the program handles now.", COUNT, 4, 5, decimals=0)
    yield number(about, Query(f"sum({select('calls_in_progress')})", now=True))
    text = "Time since the program was started; of several instances the youngest."
    about = About("Running for", text, SECONDS, 4, 5, nothing="no data")
    yield number(about, Query(f"time() - max({ours(_STARTED)})", now=True))
    text = "How often the program was started again in the range shown."
    about = About("Restarts", text, COUNT, 4, 5, ((None, GOOD), (1.0, WARNING)), decimals=0)
    restarts = f"sum({ours(f'changes({_STARTED}[{RANGE}])')})"
    yield number(about, Query(restarts, now=True))
    text = "Instances that are scraped, by version."
    about = About("Instances", text, COUNT, 4, 5, nothing="no data", decimals=0)
    versions = f"count by (version) ({select('build_info')})"
    yield number(about, Query(versions, "{{version}}", now=True))


def _webhooks() -> Iterable[Panel]:
    every = select("webhook_requests_total")
    about = About("Requests", "Requests to applications, a second, by what for.", PER_SECOND, 8)
    yield stacked(about, Query(by("kind", per_second(every)), "{{kind}}"))
    text = "Requests that failed, of all. A gap: there was no request."
    failed = select("webhook_requests_total", result="!ok")
    errors = share(*(by("dialect", per_second(each)) for each in (failed, every)))
    steps = ((None, GOOD), (0.05, WARNING), (0.1, BAD))
    about = About("Errors", text, SHARE, 8, steps=steps, nothing="no requests")
    yield graph(about, Query(errors, "{{dialect}}"))
    text = "From the request to its answer, retries included; 15 s is the limit of most dialects."
    steps = ((None, GOOD), (2.5, WARNING), (10.0, BAD))
    yield graph(
        About("Duration", text, SECONDS, 8, steps=steps, nothing="no requests"),
        *(
            Query(quantile(edge / 100, "kind", "webhook_duration_seconds"), f"{{{{kind}}}} p{edge}")
            for edge in (50, 95)
        ),
    )
    text = "How requests ended in the range shown; all but ok is a failure."
    about = About("Results", text, COUNT, 12, decimals=0)
    yield bars(about, Query(f"sort_desc({counted('result', every)} > 0)", "{{result}}", now=True))
    text = "Documents that could not be had or run, in the range shown, by what was wrong."
    rejected = counted("reason", select("documents_rejected_total"))
    about = About("Documents rejected", text, COUNT, 12, nothing="none", decimals=0)
    yield bars(about, Query(f"sort_desc({rejected} > 0)", "{{reason}}", now=True))


def _asterisk() -> Iterable[Panel]:
    text = "1 while the WebSocket to Asterisk is up; of several instances the worst."
    about = About("ARI connection", text, COUNT, 8, steps=((None, BAD), (1.0, GOOD)))
    yield graph(about, Query(f"min({select('ari_connected')})", "connected"))
    text = "From an ARI request to its answer."
    about = About("ARI latency", text, SECONDS, 8, steps=((None, GOOD), (0.25, BAD)))
    yield graph(about, *_quantiles("ari_request_duration_seconds", 50, 95))
    text = "The ten kinds of ARI events that come most, a second."
    events = f"topk(10, {by('type', per_second(select('ari_events_total')))} > 0)"
    about = About("ARI events", text, "eps", 8)
    yield graph(about, Query(events, "{{type}}"))
    text = (
        "Copies of SIP messages (HEP), a second. passed_over: of no live call. Without the "
        "capture there are none, and outcomes rest on Asterisk alone."
    )
    about = About("Capture", text, "pps", 12)
    packets = by("result", per_second(select("capture_packets_total")))
    yield stacked(about, Query(packets, "{{result}}"))
    text = "Calls that the program handles, and how many instances drain: were told to stop."
    about = About("Calls", text, COUNT, 12)
    draining = Query(f"sum({select('draining')})", "draining")
    yield graph(about, Query(f"sum({select('calls_in_progress')})", "live calls"), draining)


def _quantiles(metric: str, *edges: int) -> tuple[Query, ...]:
    return tuple(Query(quantile(edge / 100, "", metric), f"p{edge}") for edge in edges)


def _inside() -> Iterable[Panel]:
    text = "How late the event loop runs what is due. Above 0.25 s calls are heard to stumble."
    about = About("Event loop lag", text, SECONDS, 8, steps=((None, GOOD), (0.25, BAD)))
    yield graph(about, *_quantiles("event_loop_lag_seconds", 50, 99))
    text = "Parcels that applications are still to be told. One is given up after a day."
    steps = ((None, GOOD), (100.0, WARNING), (10000.0, BAD))
    about = About("Outbox", text, COUNT, 8, steps=steps)
    yield graph(about, Query(f"sum({select('outbox_pending')})", "pending"))
    text = "Writes to the ledger that failed, a minute; each is tried again."
    about = About("Ledger", text, PER_MINUTE, 8, steps=((None, GOOD), (1.0, BAD)))
    failed = per_minute("", select("ledger_writes_failed_total"))
    yield graph(about, Query(failed, "writes that failed"))
    text = (
        "Limits that were reached in the range shown: of calls, transfers, documents and of the "
        "web server."
    )
    about = About("Limits reached", text, COUNT, 12, decimals=0)
    limits = counted("limit", select("limits_reached_total"))
    yield bars(about, Query(limits, "{{limit}}", now=True))
    text = (
        "Mistakes of applications, in the range shown. 13801: a Refer on a leg that is not SIP. "
        "13802: a REFER came, and the Dial has no URL to ask."
    )
    about = About("Alerts", text, COUNT, 12, steps=((None, NEUTRAL), (1.0, WARNING)), decimals=0)
    yield bars(about, Query(counted("code", select("alerts_total")), "{{code}}", now=True))


SERVICE: Final = Board(
    "service",
    "Service",
    "How the program itself does, and all that it depends on.",
    ("dialect",),
    (
        ("State", _state),
        ("Webhooks", _webhooks),
        ("Asterisk", _asterisk),
        ("Inside the program", _inside),
    ),
)
