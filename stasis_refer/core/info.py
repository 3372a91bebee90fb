"""Who calls whom: what is known of a call from its first moment on."""

from dataclasses import dataclass, field


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


@dataclass(frozen=True, slots=True)
class CallInfo:
    """The unchanging facts of one call.

    ``key`` is ours, 32 hexadecimal digits; ``channel`` is Asterisk's channel id, ``call_id``
    the SIP Call-ID. ``headers``, ``domain``, ``source_ip`` and ``peer`` are those of
    ``Invite``, empty when nothing was captured. ``started`` is in seconds since 1970.
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

    @property
    def identity(self) -> str:
        """The caller as a SIP URI, '' where it is not known."""
        return self.at_peer(self.caller) if self.caller else ""

    def at_peer(self, user: str) -> str:
        """Return the SIP URI of a user at the caller's host, '' where that is not known."""
        host = f"[{self.peer}]" if ":" in self.peer else self.peer
        return f"sip:{user}@{host}" if host else ""

    @property
    def is_sip(self) -> bool:
        """Whether the channel is a SIP leg, the only kind a REFER can be sent on."""
        return self.channel_name.startswith("PJSIP/")

    @property
    def captured(self) -> bool:
        """Whether its SIP messages are captured, as its INVITE was."""
        return bool(self.source_ip)
