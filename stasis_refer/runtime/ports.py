"""What the runtime needs of the world, as the adapters implement it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from stasis_refer.core.application import Application
from stasis_refer.core.events import Event, FetchFailure
from stasis_refer.core.info import Invite
from stasis_refer.core.intents import Connect, CreateLeg, ReferReport, SendRefer, TellKind
from stasis_refer.core.verbs import Recording, Speech
from stasis_refer.dialects.dialect import Letter, WebhookRequest


class WebhookPolicy(Protocol):
    """Which URLs webhooks may go to."""

    def why_not(self, url: str) -> str:
        """Return why an absolute URL can never be requested, '' where it may be.

        Nothing is resolved: a request to it can still be refused, by where its name leads to.
        """
        ...


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

    async def play(self, channel: str, playback: str, media: str) -> int:
        """Play a media URI: ``sound:http://…``, a WAV that Asterisk fetches, or ``tone:…``."""
        ...

    async def ring(self, channel: str) -> int:
        """Tell the caller of a ringing channel that it rings."""
        ...

    async def join_queue(self, channel: str, queue: str, application: str) -> int:
        """Send a channel into a queue: it leaves our control until it is back.

        0 when it may or may not be on its way.
        """
        ...

    async def stop(self, playback: str) -> int:
        """Stop a playback."""
        ...

    async def hang_up(self, channel: str, status: int | None) -> int:
        """End a channel; one that rings is refused with a SIP status, as near as there is."""
        ...

    async def go_on(self, channel: str) -> int:
        """Let a channel go on in the dialplan."""
        ...

    async def accept_refers(self, channel: str) -> int:
        """Let a REFER from the far end of a channel be left to us."""
        ...

    async def create_leg(self, leg: CreateLeg, originator: str) -> tuple[int, str]:
        """Make a channel on behalf of the originator's; the status and its SIP Call-ID.

        Nobody is called yet. A REFER from its far end is left to us.
        """
        ...

    async def ring_leg(self, channel: str) -> int:
        """Send the INVITE of a leg that was made."""
        ...

    async def connect(self, wanted: Connect) -> int:
        """Make a bridge and put its channels into it, with its recording."""
        ...

    async def separate(self, bridge: str) -> int:
        """Take a bridge away; the channels in it stay."""
        ...

    async def report(self, channel: str, report: ReferReport) -> int:
        """Send the final NOTIFY of the REFER that came from a channel's far end."""
        ...

    async def dialog(self, channel: str) -> str:
        """Return what names a channel's dialog to its far end, as Replaces has it (RFC 3891).

        '' when it is not to be had.
        """
        ...


class Capture(Protocol):
    """The wire, as it is captured."""

    def watch(
        self, call_id: str, deliver: Callable[[Event], None], *, dialed: bool = False
    ) -> Invite | None:
        """Deliver what is captured of a dialog from now on; what its INVITE said.

        ``dialed``: we begin the dialog. None where the INVITE was not captured, or not sent yet.
        """
        ...

    def watch_again(
        self, call_id: str, deliver: Callable[[Event], None], tag: str, *, dialed: bool = False
    ) -> None:
        """Deliver what is captured of a dialog whose INVITE was captured before a restart.

        ``tag`` is the tag of who sent that, '' where it is not known.
        """
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

    async def recording_url(self, recording: Recording, application: str) -> str:
        """Fetch a sound for an application, return the URL of the WAV; raises MediaError."""
        ...


CountWebhook: TypeAlias = Callable[[Application, str, str, float], None]
"""Called with application, kind, result and seconds of each webhook."""


class Timer(Protocol):
    """What is to happen later, and can be called off."""

    def cancel(self) -> None:
        """Call it off."""
        ...


Later: TypeAlias = Callable[[float, Callable[[], None]], Timer]
"""Calls a function in so many seconds."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A letter to an application, with all it takes to send it later, and again.

    ``call`` is the key of the call it is about, ``dialect`` the one in whose words it is
    written; ``made_at`` is in seconds since 1970.
    """

    call: str
    application: str
    dialect: str
    kind: TellKind
    letter: Letter
    made_at: float

    @property
    def id(self) -> str:
        """What names the parcel across all its tries, also to who receives it."""
        return self.letter.token

    @property
    def names(self) -> dict[str, str]:
        """What the log says of it: nothing secret, nothing personal."""
        return {
            "application": self.application,
            "call": self.call,
            "id": self.id,
            "kind": self.kind.value,
        }


class Outbox(Protocol):
    """What applications are told: delivered at least once, that of one call in order."""

    def keep(self, parcel: Parcel) -> int | None:
        """Keep a parcel, that ``send`` sees to; its number, None where it is not kept.

        Raises StoreError.
        """
        ...

    def send(self, number: int | None, parcel: Parcel) -> None:
        """See to the delivery of a parcel that was kept under a number, or was not (None)."""
        ...

    async def caught_up(self, call: str) -> None:
        """Wait until nothing put for this call can be tried at once; 1 s a parcel at most."""
        ...


class StoreError(Exception):
    """The ledger cannot be read or written; ``str()`` is a sentence with the file's name."""


class UnwritableError(StoreError):
    """What was to be written can never be: try it no more. All else of its step can be kept."""


class BusyError(StoreError):
    """Another program writes the ledger, for longer than was waited: try again."""


class UnreadableError(StoreError):
    """What is kept is no parcel, and never will be."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """What is pending of one call: the numbers of its parcels, and of the oldest one more.

    ``next_at``, when it is to be tried again, is in seconds since 1970.
    """

    call: str
    numbers: tuple[int, ...]
    url: str
    tries: int
    next_at: float


class OutboxStore(Protocol):
    """Where the outbox keeps its parcels. Every method may raise StoreError; none waits long."""

    def leftovers(self) -> Sequence[Leftover]:
        """Return what is pending of programs that have ended, the oldest first; each once."""
        ...

    def add(self, parcel: Parcel) -> int:
        """Keep a new parcel; its number, which is higher than those of all that are pending.

        May raise UnwritableError.
        """
        ...

    def read(self, number: int) -> Parcel | None:
        """Return a pending parcel; None when it is not there. May raise UnreadableError."""
        ...

    def delivered(self, number: int) -> None:
        """Forget a parcel that was delivered."""
        ...

    def tried(self, number: int, tries: int, next_at: float, why: str) -> None:
        """Note that a parcel could not be delivered yet."""
        ...

    def give_up(self, number: int, tries: int, at: float, why: str) -> None:
        """Keep a parcel for the list of those that were never delivered."""
        ...
