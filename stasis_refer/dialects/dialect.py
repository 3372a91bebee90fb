"""What a dialect is: how documents are asked for, and how they are read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from stasis_refer.core.application import Application, Method
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
    largest: int = 64 * 1024
    accepted: frozenset[int] = frozenset(range(200, 300))


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """One webhook as it goes out.

    ``url`` is without userinfo and fragment. ``sign`` is called anew for every try and
    every redirect, with the URL and method of that try and whether the body is sent; it
    returns further headers.
    """

    method: Method
    url: str
    headers: Mapping[str, str]
    body: bytes
    sign: Callable[[str, Method], Mapping[str, str]]
    limits: WebhookLimits


class Dialect(Protocol):
    """One vendor's way of speaking. Stateless: everything it needs comes as an argument."""

    name: str

    def request(
        self, intent: Fetch | Tell, info: CallInfo, application: Application, token: str
    ) -> WebhookRequest:
        """Put a request into the vendor's words; ``token`` names it across its retries."""
        ...

    def read(self, body: bytes, content_type: str, url: str) -> Reading:
        """Read a reply fetched from ``url``; raises DocumentError."""
        ...
