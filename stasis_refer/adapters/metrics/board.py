"""How a metric is made: with all the label sets that it will ever have."""

from collections.abc import Callable, Iterable
from itertools import product
from typing import Final, Generic, TypeAlias, TypeVar

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

OTHER: Final = "other"
"""The value of a label that stands for all that nobody listed."""

Axes: TypeAlias = dict[str, tuple[str, ...]]
"""The labels of a metric, each with the values that it may have."""

Kind = TypeVar("Kind", bound=MetricWrapperBase)


class Family(Generic[Kind]):
    """One metric with all its children made: to find one is a dict look-up."""

    def __init__(self, metric: Kind, axes: Axes) -> None:
        self._axes = tuple(axes.values())
        self._children: dict[tuple[str, ...], Kind] = (
            {key: metric.labels(*key) for key in product(*self._axes)} if axes else {(): metric}
        )

    def at(self, *values: str) -> Kind:
        """Return the child of these values, in the order of the labels."""
        child = self._children.get(values)
        if child is None:
            pairs = zip(values, self._axes, strict=True)
            child = self._children[tuple(v if v in axis else OTHER for v, axis in pairs)]
        return child


class Board:
    """Makes metrics in a registry of its own; ``options`` are those of prometheus_client."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

    def __call__(
        self,
        kind: Callable[..., Kind],
        name: str,
        text: str,
        axes: Axes | None = None,
        **options: object,
    ) -> Family[Kind]:
        """Make a metric; ``text`` is what Prometheus shows as its help."""
        metric = kind(
            name, text, axes or (), namespace="stasis_refer", registry=self.registry, **options
        )
        return Family(metric, axes or {})


def axis(label: str, values: Iterable[str], *more: str) -> Axes:
    """Return a label with its values. It needs OTHER when they come to us as mere text."""
    return {label: tuple(dict.fromkeys((*values, *more)))}
