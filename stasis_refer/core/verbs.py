"""Verbs every dialect compiles to; a dialect's quirks become fields here."""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeAlias

from stasis_refer.core.application import Callback
from stasis_refer.core.redacted import redacted


class Then(Enum):
    """What follows when a Refer is over.

    Without an action URL ``RUN`` and ``RUN_IF_ANY`` go on with the next verb.
    """

    RUN = auto()  # request it; the reply replaces the document, an empty one too
    RUN_IF_ANY = auto()  # the same, but after an empty reply the document goes on
    END = auto()  # tell it, and end the call, whatever it replies
    GO_ON = auto()  # it is not told, and the document goes on
    NOTHING = auto()  # it is not told, and the call ends


@dataclass(frozen=True, slots=True)
class After:
    """What follows a Refer, by how it ended: ``canceled`` when the caller hung up first."""

    completed: Then = Then.RUN
    failed: Then = Then.RUN
    canceled: Then = Then.RUN


@dataclass(frozen=True, slots=True)
class AtPeer:
    """A user at the host of the dialog's remote URI; ``user`` is text, escaped as in a URI."""

    user: str


@dataclass(frozen=True, slots=True)
class Transferee:
    """The party that is transferred, under the identity it called with."""


Party: TypeAlias = str | AtPeer | Transferee
"""Who is meant: the text of a URI, or somebody who is known only once there is a call."""


@dataclass(frozen=True, slots=True)
class SipAddress:
    """A SIP URI to be called.

    ``uri`` is the text of the document, or a user at the caller's host; it is parsed when the
    verb runs. ``endpoint`` is the PJSIP endpoint that it is called through, '' for the one that
    the configuration names. ``headers`` go on the INVITE, beside those in the URI.
    """

    uri: str | AtPeer
    endpoint: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Number:
    """A telephone number, to be called through the application's trunk or ``endpoint``."""

    number: str
    endpoint: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Registered:
    """A PJSIP endpoint of Asterisk's, called wherever it is registered."""

    endpoint: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


Address: TypeAlias = SipAddress | Number | Registered
"""Who can be called."""


class LegEvent(Enum):
    """What an application can be told of a leg that a Dial called."""

    INITIATED = auto()
    RINGING = auto()
    ANSWERED = auto()
    COMPLETED = auto()  # it is over, answered or not


@dataclass(frozen=True, slots=True)
class LegWatch:
    """Where the events of a leg are told, and which of them."""

    callback: Callback
    events: frozenset[LegEvent] = frozenset({LegEvent.COMPLETED})


@dataclass(frozen=True, slots=True)
class Callee:
    """One whom a Dial calls; ``tag`` is sent along with what is told of this leg.

    ``screening`` is asked for a document that runs on this leg when it is answered; behind it
    the two are connected, unless it hung up.
    """

    address: Address
    watch: LegWatch | None = None
    tag: str = ""
    screening: Callback | None = None
    place: str = field(default="", compare=False)  # where it stands, for messages


@dataclass(frozen=True, slots=True)
class Recorder:
    """Record what is said while both are connected; ``watch`` is told when it is there."""

    watch: Callback | None = None


@dataclass(frozen=True, slots=True)
class Dial:
    """Call others, and connect the caller with the first who answers.

    All are called at once, or with ``sequential`` one after the other; ``timeout`` is how long
    each round may ring, ``time_limit`` how long the connection may last, both in seconds.
    ``answer_on_bridge``: a ringing caller is answered only when a callee is; and a party that
    is transferred away stays until the target has answered. ``meanwhile`` is what an answered
    caller hears until then, over and over. ``keys_to_leave``: any of these keys, pressed by the
    caller, ends the connection. ``caller_id`` is a number, '' the caller's own. ``refer`` is
    asked where a party that sends a REFER is to be transferred to; None: nowhere.
    """

    callees: tuple[Callee, ...]
    action: Callback | None = None
    or_go_on: bool = False  # after an empty reply to the action URL the document goes on
    sequential: bool = False
    timeout: float = 30.0
    time_limit: float = 14_400.0
    caller_id: str = ""
    caller_name: str = ""
    answer_on_bridge: bool = False
    meanwhile: "Source | None" = None  # None: the ringing tone
    keys_to_leave: str = ""
    recorder: Recorder | None = None
    refer: Callback | None = None
    name: str = ""  # the document's own, told to the action URL


class Instead(Enum):
    """What happens where a phone does not do what a REFER asks for."""

    NOTHING = auto()
    DIAL = auto()  # the same target is called by us, and connected


@dataclass(frozen=True, slots=True)
class SecondLeg:
    """The other party that the call has, where there is one."""


@dataclass(frozen=True, slots=True)
class Refer:
    """Send a REFER in this call's dialog and follow it to its end (RFC 3515).

    ``target`` is the text of the document: it is parsed when the verb runs, because a URI
    that cannot be read is an outcome (``blocked``), not a broken document. So are
    ``referred_by`` and the further ``headers`` of the REFER itself. ``events`` is told of every
    NOTIFY. ``ring_from_acceptance``: the ring timeout runs from the acceptance, not from the
    first NOTIFY. ``failure_action`` is asked in the place of ``action`` where the transfer did
    not come about; None: ``action`` is. ``replaces`` is the key of another call of ours that the
    transferee is to take the place of (RFC 3891); ``instead``: None, as the application says.
    """

    target: Party
    action: Callback | None = None
    events: Callback | None = None
    name: str = ""  # the document's own, told to the action URL
    referred_by: Party | None = None
    referred_by_name: str = ""  # display name
    headers: tuple[tuple[str, str], ...] = ()
    no_notify_timeout: float | None = None  # seconds; None: as the application says
    ring_timeout: float | None = None  # seconds; None: as the application says
    ring_from_acceptance: bool = False
    replaces: str | SecondLeg = ""
    instead: Instead | None = None
    failure_action: Callback | None = None
    after: After = After()
    place: str = field(default="", compare=False)  # where it stands, for messages


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go on with another document; ``or_go_on``: where that is empty, with this one."""

    to: Callback
    or_go_on: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait in silence. Does not answer a ringing call."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Speech:
    """A text to be spoken; ``voice`` and ``language`` as BCP 47 tags or '' for the default."""

    text: str
    language: str = ""
    voice: str = ""


@dataclass(frozen=True, slots=True)
class Recording:
    """A sound file to be fetched from an absolute URL."""

    url: str

    def __repr__(self) -> str:
        return f"Recording({redacted(self.url)!r})"


@dataclass(frozen=True, slots=True)
class Ringback:
    """The ringing tone, as Asterisk's indications.conf has it."""


@dataclass(frozen=True, slots=True)
class Tone:
    """The ringing tone of a country, by its name in Asterisk's indications.conf."""

    zone: str


Source: TypeAlias = Speech | Recording | Ringback | Tone


@dataclass(frozen=True, slots=True)
class Play:
    """Let the caller hear something, ``times`` times over (0: until the call ends)."""

    source: Source
    times: int = 1


@dataclass(frozen=True, slots=True)
class Ring:
    """Let the caller hear ringing for a time; ``answer``: answer a ringing call first."""

    seconds: float
    answer: bool = True


@dataclass(frozen=True, slots=True)
class Gather:
    """Collect digits (DTMF). Times are in seconds; the first digit ends the prompts.

    ``first_timeout`` runs from the end of the prompts, ``next_timeout`` from each digit. It
    ends with ``most`` digits, with one of ``finish_on``, which is not one of them, or in
    silence. ``rounds``: how often the prompts are given before silence is taken for an end.
    With fewer than ``fewest`` digits nothing was gathered; ``tell_empty`` says whether the
    action URL is requested all the same.
    """

    prompts: tuple[Play | Pause, ...] = ()
    action: Callback | None = None
    first_timeout: float = 5.0
    next_timeout: float = 5.0
    fewest: int = 1
    most: int | None = None
    finish_on: str = ""
    rounds: int = 1
    tell_empty: bool = False
    name: str = ""  # the document's own, told to the action URL
    or_go_on: bool = False  # after an empty reply the document goes on


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Wait in a queue of Asterisk's (app_queue) and be connected to one of its members."""

    queue: str
    action: Callback | None = None


@dataclass(frozen=True, slots=True)
class Tag:
    """Send ``text`` along with every later request about this call; '' sends none."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerCall:
    """Answer a ringing call."""


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call."""


@dataclass(frozen=True, slots=True)
class Reject:
    """Refuse a ringing call with a SIP status; an answered one is hung up."""

    status: int


Verb: TypeAlias = (
    Refer
    | Dial
    | Redirect
    | Pause
    | Play
    | Ring
    | Gather
    | Enqueue
    | Tag
    | AnswerCall
    | Hangup
    | Reject
)
Document: TypeAlias = tuple[Verb, ...]
