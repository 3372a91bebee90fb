"""What a call is doing right now: one value, and the time by which it must be over."""

from dataclasses import dataclass
from typing import TypeAlias

from stasis_refer.core.abouts import Dialed
from stasis_refer.core.application import Callback
from stasis_refer.core.events import FetchFailed
from stasis_refer.core.intents import Fetch, TransferEnded
from stasis_refer.core.outcome import Result
from stasis_refer.core.sent import SentRefer
from stasis_refer.core.verbs import (
    Callee,
    Dial,
    Document,
    Enqueue,
    Gather,
    Pause,
    Play,
    Refer,
    Verb,
)


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
class Recalling:
    """The channel was asked out of ``Queue()``, for another document."""

    deadline: float


@dataclass(frozen=True, slots=True)
class Originating:
    """The lead is being called; the document is fetched, or runs, once it is there."""

    then: Callback | Document
    deadline: float


@dataclass(frozen=True, slots=True)
class Detaching:
    """The lead is on its way out of the bridge of the call that it parted from."""

    deadline: float


@dataclass(frozen=True, slots=True)
class Dialing:
    """Others are called: ``legs`` by channel, ``rest`` whose turn comes later.

    ``sound`` is the playback that the caller hears, '' for none; ``best`` how those ended that
    are over, the most telling one.
    """

    verb: Dial
    rest: tuple[Callee, ...]
    legs: tuple[str, ...] = ()
    sound: str = ""
    best: Dialed | None = None
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class Joining:
    """A callee answered, and the caller is being answered too."""

    verb: Dial
    partner: str
    deadline: float


@dataclass(frozen=True, slots=True)
class Talking:
    """The caller is connected with the channel ``partner`` since then, until the deadline.

    ``former`` is a bridge to be taken away once this one has the caller, '' for none.
    """

    verb: Dial
    partner: str
    bridge: str
    since: float
    deadline: float | None
    recording: str = ""
    former: str = ""


@dataclass(frozen=True, slots=True)
class TakingOver:
    """Another call was asked for the party that one of ours is to be connected with."""

    deadline: float


@dataclass(frozen=True, slots=True)
class NotFetched:
    """A document that could not be had, for which a fallback may stand in."""

    fetch: Fetch
    failed: FetchFailed


@dataclass(frozen=True, slots=True)
class Separating:
    """The bridge is being taken away; the call goes on when the lead is out of it.

    What follows is ``then``: what comes behind a Dial, or behind a REFER's document that could
    not be had, or, None, the document that is there. ``recording`` is awaited too, '' for none;
    ``alone`` that the lead is out, or gone.
    """

    verb: Dial
    then: "Dialed | NotFetched | None"
    recording: str
    alone: bool
    deadline: float


@dataclass(frozen=True, slots=True)
class Clearing:
    """The call is over but for channels that are being hung up."""

    deadline: float


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
    """The REFER is over and the channel was asked out of ``Transfer()``.

    ``untold``: its target is to be called by us, and only then it is over.
    """

    verb: Refer
    result: Result
    deadline: float
    untold: TransferEnded | None = None


@dataclass(frozen=True, slots=True)
class InItsPlace:
    """A call of ours that stands in for a REFER that was refused: how that ended, or this."""

    verb: Refer
    ended: TransferEnded
    began_at: float


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
    | Recalling
    | Originating
    | Detaching
    | Dialing
    | Joining
    | Talking
    | TakingOver
    | Separating
    | Clearing
    | Referring
    | Returning
    | Resuming
    | Parting
)
