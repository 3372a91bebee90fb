"""What the runtime needs of the world, as the adapters implement it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from stasis_refer.core.application import Application
from stasis_refer.core.events import Event, FetchFailure
from stasis_refer.core.info import Invite
from stasis_refer.core.intents import HangupCause, SendRefer
from stasis_refer.core.verbs import Recording, Speech
from stasis_refer.dialects.dialect import WebhookRequest


class Telephony(Protocol):
    """Commands to Asterisk. Each returns its HTTP status, 0 when it never answered."""

    async def answer(self, channel: str) -> int:
        """Answer a ringing channel."""
        ...

    async def refer(self, channel: str, refer: SendRefer, application: str) -> int:
        """Send a REFER: the channel leaves our control until it is back.

        0 when it may or may not be on its way.
        """
        ...

    async def break_off(self, channel: str) -> int:
        """Take a channel out of ``Transfer()``."""
        ...

    async def play(self, channel: str, playback: str, url: str) -> int:
        """Play a WAV that Asterisk fetches over HTTP."""
        ...

    async def stop(self, playback: str) -> int:
        """Stop a playback."""
        ...

    async def hang_up(self, channel: str, cause: HangupCause) -> int:
        """End a channel."""
        ...

    async def go_on(self, channel: str) -> int:
        """Let a channel go on in the dialplan."""
        ...


class Capture(Protocol):
    """The wire, as it is captured."""

    def watch(self, call_id: str, deliver: Callable[[Event], None]) -> Invite | None:
        """Deliver what is captured of a dialog from now on; what its INVITE said."""
        ...

    def forget(self, call_id: str) -> None:
        """Stop watching a dialog."""
        ...

    def drain(self) -> None:
        """Deliver what has arrived up to now."""
        ...


class WebhookError(Exception):
    """A webhook brought no reply.

    ``str()`` is a sentence that names the host, never credentials or a query. ``url`` is the
    one that failed, behind redirects perhaps, with its query; ``status`` is the reply's, None
    unless ``failure`` is STATUS. A connection that is not there in time is CONNECTION.
    """

    def __init__(
        self, failure: FetchFailure, message: str, url: str, status: int | None = None
    ) -> None:
        super().__init__(message)
        self.failure = failure
        self.url = url
        self.status = status

    @property
    def slug(self) -> str:
        """The failure as ``WebhookLimits.retry_on`` names it: ``timeout``, ``status_5xx``."""
        if self.status is None:
            return self.failure.value
        return f"{self.failure.value}_{self.status // 100}xx"


class MediaError(Exception):
    """A sound that is not to be had."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An accepted reply: ``content_type`` as sent, '' if not; ``url`` after redirects."""

    status: int
    content_type: str
    body: bytes
    url: str


class Webhooks(Protocol):
    """Requests to the customer's application."""

    async def fetch(self, request: WebhookRequest) -> Reply:
        """Make a request with its time limits and tries; raises WebhookError."""
        ...


class Media(Protocol):
    """Sounds that Asterisk can fetch."""

    async def speech_url(self, speech: Speech) -> str:
        """Speak a text, return the URL of the WAV; raises MediaError."""
        ...

    async def recording_url(self, recording: Recording) -> str:
        """Fetch a sound, return the URL of the WAV; raises MediaError."""
        ...


CountWebhook: TypeAlias = Callable[[Application, str, str, float], None]
"""Called with application, kind, result and seconds of each webhook."""
