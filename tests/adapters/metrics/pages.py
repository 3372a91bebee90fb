"""Metrics for a test, and what their page says."""

from collections.abc import Callable

from stasis_refer.adapters.metrics import Metrics, Names
from stasis_refer.core.application import Application, Callback

PREFIX = "stasis_refer_"
KEY = "0123456789abcdef" * 2  # of a call
SUPPORT = Application("support", "twiml", Callback("http://127.0.0.1/voice"))
STRANGER = Application("stranger", "morse", Callback("http://127.0.0.1/voice"))
"""An application that is no longer configured, in a dialect that is not in use."""


def make() -> Metrics:
    return Metrics("0.1.0", ["twiml"], Names(["support"], ["default"], ["trunk-a"]))


def samples(metrics: Metrics) -> dict[str, float]:
    """Return each series as it is written, without the prefix, and its value."""
    lines = metrics.render().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line.startswith(PREFIX))
    return {_plain(series.removeprefix(PREFIX)): float(value) for series, value in pairs}


def _plain(series: str) -> str:
    name, _, labels = series.replace('"', "").removesuffix("}").partition("{")
    return f"{name}{{{','.join(sorted(labels.split(',')))}}}"


def changes(act: Callable[[Metrics], None]) -> dict[str, float]:
    """Return by how much each series grew, histogram buckets aside."""
    metrics = make()
    before = samples(metrics)
    act(metrics)
    after = samples(metrics)
    assert before.keys() == after.keys(), "a series came into being"
    grown = {series: after[series] - before[series] for series in after}
    return {series: by for series, by in grown.items() if by and "_bucket{" not in series}
