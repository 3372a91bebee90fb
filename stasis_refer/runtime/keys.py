"""Requests from outside that had a key of their own, so that none is carried out twice."""

from dataclasses import dataclass
from typing import Final, Protocol

KEPT_FOR: Final = 24 * 3600.0
"""Seconds that a key is kept."""

MOST_KEPT: Final = 10_000
"""Keys that are kept, the latest."""


@dataclass(frozen=True, slots=True)
class KeptRequest:
    """A request that was made; ``fingerprint`` tells it from another one with the same key.

    ``began`` is the id of the transfer it began, '' where that is not known: it is being carried
    out, or the program ended meanwhile.
    """

    fingerprint: str
    began: str = ""


class KeyStore(Protocol):
    """Where requests are kept by their keys. Every method may raise StoreError; none waits long."""

    def find(self, key: str) -> KeptRequest | None:
        """Return the request of a key, None where there was none of late."""
        ...

    def keep(self, key: str, fingerprint: str, began: str = "") -> None:
        """Keep a request, and the id of the transfer it began, in the place of any with its key."""
        ...

    def forget(self, key: str) -> None:
        """Forget a request of which nothing came."""
        ...
