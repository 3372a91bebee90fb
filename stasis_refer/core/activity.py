"""What a call is doing right now: one value, and the time by which it must be over."""

from dataclasses import dataclass
from typing import TypeAlias

from stasis_refer.core.intents import Fetch
from stasis_refer.core.outcome import Result
from stasis_refer.core.sent import SentRefer
from stasis_refer.core.verbs import Enqueue, Gather, Pause, Play, Refer, Verb


@dataclass(frozen=True, slots=True)
class Fetching:
    """A document is on its way. The webhook has its own time limits.

    ``or_go_on``: an empty one leaves the document that runs in its place.
    """

    fetch: Fetch
    or_go_on: bool = False
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class Answering:
    """The channel is being answered, for a verb that needs it Up."""

    verb: Verb
    deadline: float


@dataclass(frozen=True, slots=True)
class Playing:
    """The caller hears something; ``left`` more times, None for ever."""

    name: str
    verb: Play
    left: int | None
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class Pausing:
    """Silence until the deadline."""

    deadline: float


@dataclass(frozen=True, slots=True)
class Ringing:
    """The caller hears ringing until the deadline; ``name`` is of the playback, '' without."""

    name: str
    deadline: float


@dataclass(frozen=True, slots=True)
class Gathering:
    """Digits are collected.

    ``rest`` are the prompts still to come, the one that is on first; ``left`` is how often
    more it is given, None for ever; ``name`` is of its playback, '' in silence.
    """

    verb: Gather
    rest: tuple[Play | Pause, ...]
    rounds: int
    digits: str = ""
    left: int | None = 0
    name: str = ""
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class Queueing:
    """The channel is in ``Queue()``, out of our control; ``connected_at`` with a member."""

    verb: Enqueue
    since: float
    connected_at: float | None = None
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class Referring:
    """A REFER of ours is open."""

    sent: SentRefer

    @property
    def deadline(self) -> float:
        """When the REFER's current time limit ends."""
        return self.sent.machine.deadline


@dataclass(frozen=True, slots=True)
class Returning:
    """The REFER is over and the channel was asked out of ``Transfer()``."""

    verb: Refer
    result: Result
    deadline: float


@dataclass(frozen=True, slots=True)
class Resuming:
    """The caller holds us after a failed transfer; the verb waits to be heard."""

    verb: Verb
    deadline: float


@dataclass(frozen=True, slots=True)
class Parting:
    """The transfer succeeded and nothing is left to do: the phone may say BYE itself."""

    deadline: float


Activity: TypeAlias = (
    Fetching
    | Answering
    | Playing
    | Pausing
    | Ringing
    | Gathering
    | Queueing
    | Referring
    | Returning
    | Resuming
    | Parting
)
