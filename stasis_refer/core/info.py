"""Who calls whom: what is known of a call from its first moment on."""

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Invite:
    """What the captured INVITE of a call says.

    ``dialed`` and ``domain`` are user and host of the request URI, ``peer`` the host of the
    dialog's remote URI, ``source_ip`` where it came from; ``headers`` as the sender spelled
    them, in wire order.
    """

    dialed: str = ""
    domain: str = ""
    peer: str = ""
    source_ip: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    allow: str = ""  # the header Allow, '' without one
    tag: str = ""  # of its sender


class CallDirection(StrEnum):
    """Who called whom."""

    INBOUND = "inbound"  # somebody called an application
    DIALED = "dialed"  # an application's Dial called somebody
    ORIGINATED = "originated"  # somebody outside asked us to call


class CallStatus(StrEnum):
    """Where a call stands, in no vendor's words."""

    INITIATED = "initiated"  # we are about to call
    RINGING = "ringing"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    BUSY = "busy"  # refused by its application as busy, or by whom we called
    REJECTED = "rejected"  # refused by its application otherwise
    FAILED = "failed"  # refused because its application could not be asked; or we could not call
    NO_ANSWER = "no_answer"  # whom we called did not answer
    CANCELED = "canceled"  # we hung up before whom we called had answered


@dataclass(frozen=True, slots=True)
class CallInfo:
    """The unchanging facts of one call.

    ``key`` is ours, 32 hexadecimal digits; ``channel`` is Asterisk's channel id, ``call_id``
    the SIP Call-ID. ``headers``, ``domain``, ``source_ip`` and ``peer`` are those of
    ``Invite``, empty when nothing was captured. ``started`` is in seconds since 1970.
    Of a leg that was dialed ``dialed`` and ``domain`` are who was called, ``peer`` is the host of
    the caller, and ``parent`` the key of the caller's call; the number at the end of its
    ``channel_name`` is ours, as Asterisk has not told its own.
    """

    key: str
    channel: str
    call_id: str = ""
    channel_name: str = ""
    caller: str = ""
    caller_name: str = ""
    dialed: str = ""
    domain: str = ""
    peer: str = ""
    source_ip: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    started: float = 0.0
    allow: str = ""
    direction: CallDirection = CallDirection.INBOUND
    parent: str = ""
    watched: bool = False  # its SIP messages are captured, also where its INVITE was not
    caller_tag: str = ""  # of who began the dialog, where its INVITE was captured

    @property
    def far_user(self) -> str:
        """The user part of the far end: of who called us, or whom we called."""
        return self.caller if self.direction is CallDirection.INBOUND else self.dialed

    @property
    def identity(self) -> str:
        """The far end as a SIP URI, '' where it is not known."""
        return self.at_peer(self.far_user) if self.far_user else ""

    def at_peer(self, user: str) -> str:
        """Return the SIP URI of a user at the far end's host, '' where that is not known."""
        far = self.peer if self.direction is CallDirection.INBOUND else self.domain
        host = f"[{far}]" if ":" in far else far
        return f"sip:{user}@{host}" if host else ""

    @property
    def refuses_refer(self) -> bool:
        """Whether the far end said what it allows, and a REFER is not among it."""
        methods = {each.strip().upper() for each in self.allow.split(",")}
        return bool(self.allow) and "REFER" not in methods

    @property
    def is_sip(self) -> bool:
        """Whether the channel is a SIP leg, the only kind a REFER can be sent on."""
        return self.channel_name.startswith("PJSIP/")

    @property
    def endpoint(self) -> str:
        """The PJSIP endpoint of the channel, '' where there is none.

        Asterisk names a channel ``PJSIP/ENDPOINT-NUMBER`` (chan_pjsip.c, chan_pjsip_new).
        """
        return self.channel_name.removeprefix("PJSIP/").rpartition("-")[0] if self.is_sip else ""

    @property
    def captured(self) -> bool:
        """Whether its SIP messages are captured, as its INVITE or others were."""
        return self.watched or bool(self.source_ip)
