"""What a dialect is: how documents are asked for, and how they are read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from stasis_refer.core.application import Application, Callback, Method
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import Fetch, Tell
from stasis_refer.core.verbs import Document


class DocumentError(ValueError):
    """A document cannot be read or cannot be run as written.

    ``str()`` is a sentence that names the place and the remedy; ``line`` and ``column``
    count from 1, None where there is no place to point at.
    """

    def __init__(
        self,
        failure: FetchFailure,
        message: str,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(message)
        self.failure = failure
        self.line = line
        self.column = column


MAX_BYTES: Final = 65_536
"""What a document of any dialect may have."""


def refuse_too_large(body: bytes) -> None:
    """Raise DocumentError (TOO_LARGE) for a document over MAX_BYTES."""
    if len(body) > MAX_BYTES:
        message = f"The document has {len(body)} bytes; at most {MAX_BYTES} are read."
        raise DocumentError(FetchFailure.TOO_LARGE, message)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something in a document that is passed over, and that its author should hear of."""

    message: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A document that was read, and what was passed over in it."""

    document: Document
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class WebhookLimits:
    """How long a webhook may take, in seconds, how often it is tried or sent on.

    ``largest`` is the most that is read of a reply, in bytes, also once decompressed.
    """

    connect: float = 5.0
    read: float = 15.0
    total: float = 15.0
    retries: int = 1
    retry_on: frozenset[str] = frozenset({"connection"})  # or timeout, status_4xx, status_5xx
    redirects: int = 10
    largest: int = MAX_BYTES
    accepted: frozenset[int] = frozenset(range(200, 300))


@dataclass(frozen=True, slots=True)
class Letter:
    """What a webhook is told, as plain data: it may be kept, and sent or signed at any time.

    ``fields`` are the vendor's names and values, JSON as far as they are not text. ``token``
    names the letter across all its tries.
    """

    callback: Callback
    token: str
    fields: Mapping[str, object] = field(repr=False)  # numbers, names


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """One webhook as it goes out.

    ``url`` is without userinfo and fragment. ``sign`` is called anew for every try and
    every redirect, with the URL and method of that try and the time in seconds since 1970; it
    returns further headers.
    """

    method: Method
    url: str
    headers: Mapping[str, str]
    body: bytes
    sign: Callable[[str, Method, float], Mapping[str, str]]
    limits: WebhookLimits


class Dialect(Protocol):
    """One vendor's way of speaking. Stateless: everything it needs comes as an argument."""

    name: str
    media_type: str  # what its documents are written as
    time_limits: tuple[float, float]  # no_notify_timeout and ring_timeout, in seconds

    def fields(
        self, intent: Fetch | Tell, info: CallInfo, application: Application, now: float
    ) -> Mapping[str, object]:
        """Put what a webhook is told into the vendor's words; ``now`` in seconds since 1970."""
        ...

    def request(self, letter: Letter, application: Application) -> WebhookRequest:
        """Return a letter as it goes out, for the application that signs it."""
        ...

    def read(self, body: bytes, content_type: str, url: str, application: Application) -> Reading:
        """Read a reply fetched from ``url`` for an application; raises DocumentError."""
        ...
