"""One party of a call: its channel, and what it went through."""

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Final

from stasis_refer.core.application import Application, Callback
from stasis_refer.core.info import CallDirection, CallInfo, CallStatus
from stasis_refer.core.outcome import Outcome, outcome_of
from stasis_refer.core.verbs import LegWatch

_ENDS: Final = {Outcome.BUSY: CallStatus.BUSY, Outcome.NO_ANSWER: CallStatus.NO_ANSWER}


@dataclass(slots=True)
class Leg:
    """A party; times are in the clock of ``now``.

    ``watch`` says who is told how a leg that was dialed goes, ``status_callback`` who is told of
    the end of a call that came in. ``drop_at`` is when a party that was transferred away is
    hung up at the latest, None while nobody waits for that.
    """

    info: CallInfo
    began_at: float
    answered_at: float | None = None
    gone: bool = False  # it hung up, or its channel ended
    held: bool = False  # the party put us on hold
    ringing: bool = False
    code: int | None = None  # the final response to our INVITE, None while there is none
    dropped: CallStatus | None = None  # how it ends when we hang it up before it is answered
    watch: LegWatch | None = None
    status_callback: Callback | None = None
    application: Application | None = None  # of another call, which it was handed over by
    told: int = 0  # how many of its events were told
    tag: str = ""
    screening: Callback | None = None  # asked for a document before it is connected
    lent: bool = False  # another call runs that document on it
    accepts_refers: bool = False  # a REFER of the party's is left to us
    drop_at: float | None = None
    # By calls of its own, so that no number is given twice under its key.
    asked: int = 0  # requests for documents
    transfers: int = 0

    @property
    def channel(self) -> str:
        """Asterisk's id of its channel."""
        return self.info.channel

    @property
    def status(self) -> CallStatus:
        """How it stands."""
        if self.gone:
            return self.end
        if self.answered_at is not None:
            return CallStatus.IN_PROGRESS
        rings = self.ringing or self.info.direction is CallDirection.INBOUND
        return CallStatus.RINGING if rings else CallStatus.INITIATED

    @property
    def end(self) -> CallStatus:
        """How it ended, once it has."""
        if self.answered_at is not None:
            return CallStatus.COMPLETED
        if self.code is not None and outcome_of(self.code) is Outcome.COMPLETED:
            return CallStatus.COMPLETED  # it hung up before Asterisk told that it is up
        if self.dropped is not None:
            return self.dropped
        if self.code is None:
            return CallStatus.FAILED
        return _ENDS.get(outcome_of(self.code), CallStatus.FAILED)


def key_of(parent: str, number: int) -> str:
    """Return the key of the leg of this number that a call dials: 32 hexadecimal digits."""
    return hashlib.md5(f"{parent}-{number}".encode(), usedforsecurity=False).hexdigest()


def names_leg(channel: str) -> bool:
    """Tell whether a channel's id is one that ``info_of`` gives."""
    return _LEG.fullmatch(channel) is not None


_LEG: Final = re.compile("[0-9a-f]{32}-leg-[0-9]+")


def info_of(  # noqa: PLR0913 - who calls whom, and when
    caller: CallInfo,
    number: int,
    user: str,
    host: str,
    at: float,
    *,
    endpoint: str = "",
    called_from: str = "",
) -> CallInfo:
    """Return what is known of a leg before it is called; ``at`` is in seconds since 1970.

    ``endpoint`` is the one of Asterisk's that it is called through, ``called_from`` the number
    it is called from, '' for the caller's own.
    """
    return replace(
        caller,
        key=key_of(caller.key, number),
        channel=f"{caller.key}-leg-{number}",
        call_id="",
        channel_name=f"PJSIP/{endpoint}-{number:08x}",
        caller=called_from or caller.far_user,
        dialed=user,
        domain=host,
        source_ip="",
        headers=(),
        allow="",
        caller_tag="",
        started=at,
        direction=CallDirection.DIALED,
        parent=caller.key,
    )
