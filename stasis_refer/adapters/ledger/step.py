"""A transaction of the ledger's file, as its writer has it under way."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Final

from stasis_refer.runtime.ports import StoreError


class Step:
    """A transaction that is under way, ``begun`` by its first write; why it will not be kept.

    To be entered at once. No generator, which takes twice the time: a call makes dozens.
    """

    __slots__ = ("begun", "end", "failed", "then")

    def __init__(self, end: Callable[[bool], None]) -> None:
        self.begun = False
        self.failed: StoreError | None = None
        self.then: list[Callable[[], None]] = []  # once it is kept
        self.end = end

    def __enter__(self) -> None:
        """Begin it: the first write does."""

    def __exit__(self, error: object, *_: object) -> None:
        self.end(error is None)


INSIDE: Final = nullcontext()
"""A step in a step."""
