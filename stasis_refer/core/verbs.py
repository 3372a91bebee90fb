"""Verbs every dialect compiles to; a dialect's quirks become fields here."""

from dataclasses import dataclass
from typing import TypeAlias

from stasis_refer.core.application import Callback


@dataclass(frozen=True, slots=True)
class Refer:
    """Send a REFER in this call's dialog and follow it to its end (RFC 3515).

    ``target`` is the text of the document: it is parsed when the verb runs, because a URI
    that cannot be read is an outcome (``blocked``), not a broken document.
    """

    target: str
    action: Callback | None = None
    referred_by: str | None = None
    no_notify_timeout: float | None = None  # seconds; None: as the application says
    ring_timeout: float | None = None  # seconds; None: as the application says


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go on with another document."""

    to: Callback


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


Source: TypeAlias = Speech | Recording


@dataclass(frozen=True, slots=True)
class Play:
    """Let the caller hear something, ``times`` times over (0: until the call ends)."""

    source: Source
    times: int = 1


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call."""


@dataclass(frozen=True, slots=True)
class Reject:
    """Refuse a ringing call with a SIP status; an answered one is hung up."""

    busy: bool


Verb: TypeAlias = Refer | Redirect | Pause | Play | Hangup | Reject
Document: TypeAlias = tuple[Verb, ...]
