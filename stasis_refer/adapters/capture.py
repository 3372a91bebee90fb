"""The wire as Asterisk copies it to us: HEPv3 over UDP to events of live calls (res_hep_pjsip)."""

import asyncio
import hmac
import math
import socket
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

import structlog

from stasis_refer.core.events import Event, ReferCaptured, ReferSeen, SipSeen
from stasis_refer.core.info import Invite
from stasis_refer.wire import dialog, hep, sip

_log = structlog.get_logger(__name__)

Address: TypeAlias = tuple[str, int]
Phase: TypeAlias = dialog.Phase

_LARGEST: Final = 65535
_MOST_AT_ONCE: Final = 200
"""Datagrams read before the event loop has its turn again."""

_INVITES_KEPT: Final = 4096
"""INVITEs of calls that have not reached ``Stasis()`` yet; the oldest go first."""

_ACCEPTED: Final = "accepted"

_ALIVE_FOR: Final = 60.0
"""Seconds that a packet shows that Asterisk sends copies."""

_RECEIVE_BUFFER: Final = 4 * 1024 * 1024  # bytes
_SO_RCVBUFFORCE: Final = 33  # socket(7); Python's module has no name for it


@dataclass(slots=True)
class _Watched:
    """One live dialog: who hears of it, and what was told already."""

    deliver: Callable[[Event], None]
    caller: dialog.Caller
    told: set[tuple[object, ...]] = field(default_factory=set)
    referred: bool = False  # a REFER was sent in it, by either side


@dataclass(frozen=True, slots=True)
class CaptureRules:
    """Which packets are believed. Empty ``sources`` means any sender of this machine's choice."""

    password: bytes
    sources: Collection[str] = ()
    forward: Sequence[Address] = ()


class CaptureListener:
    """Implements ``runtime.ports.Capture`` on a UDP socket.

    ``count`` hears of each packet: accepted, passed_over, malformed, bad_password or
    unknown_source. ``count_response`` of each SIP status that belongs to a REFER.
    """

    def __init__(
        self,
        rules: CaptureRules,
        count: Callable[[str], None] = lambda _: None,
        count_response: Callable[[Phase, int], None] = lambda *_: None,
    ) -> None:
        self._rules = rules
        self._count = count
        self._count_response = count_response
        self._socket: socket.socket | None = None
        self._invites: OrderedDict[str, hep.Packet] = OrderedDict()
        self._watched: dict[str, _Watched] = {}
        self._heard_at = -math.inf

    def start(self, host: str, port: int) -> int:
        """Listen; returns the port. Raises OSError when the address is taken."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_DGRAM)
        try:
            listening.setblocking(False)  # noqa: FBT003 - the socket's own interface
            _widen(listening)
            listening.bind((host, port))
        except OSError:
            listening.close()
            raise
        self._socket = listening
        asyncio.get_running_loop().add_reader(listening.fileno(), self.drain)
        return int(listening.getsockname()[1])

    def close(self) -> None:
        """Stop listening."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def watch(
        self, call_id: str, deliver: Callable[[Event], None], *, dialed: bool = False
    ) -> Invite | None:
        """Deliver what is captured of a dialog from now on; what its INVITE said, if it was sent.

        ``dialed``: we begin the dialog.
        """
        if call_id not in self._invites and not dialed:
            self.drain()
        packet = self._invites.pop(call_id, None)
        message = _parsed(packet.payload) if packet else None
        if packet is None or not isinstance(message, sip.Request):
            self._watched[call_id] = _Watched(deliver, dialog.Caller(ours=dialed))
            return None
        caller = dialog.Caller(sip.from_tag(message), dialed)
        self._watched[call_id] = _Watched(deliver, caller)
        return dialog.read_invite(message, packet.source[0])

    def watch_again(
        self, call_id: str, deliver: Callable[[Event], None], tag: str, *, dialed: bool = False
    ) -> None:
        """Deliver what is captured of a dialog whose INVITE was captured before a restart."""
        self._watched[call_id] = _Watched(deliver, dialog.Caller(tag or None, dialed))

    def hears(self) -> bool:
        """Tell whether Asterisk sends copies, as some arrived of late."""
        return time.monotonic() - self._heard_at < _ALIVE_FOR

    def knows(self, call_id: str) -> bool:
        """Tell whether the INVITE of a call that was not watched yet is among what was read."""
        return call_id in self._invites

    def forget(self, call_id: str) -> None:
        """Stop watching a dialog."""
        self._watched.pop(call_id, None)

    def drain(self) -> None:
        """Read what has arrived. Never blocks and never raises, whatever was sent.

        Asterisk sends the copy of a message before the ARI event that it causes; calling
        this before an ARI event is handled keeps that order.
        """
        for _ in range(_MOST_AT_ONCE):
            if self._socket is None:
                return
            try:
                data, sender = self._socket.recvfrom(_LARGEST)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                _log.warning("capture socket", why=repr(error))
                return
            self._count(self._take(data, str(sender[0])))

    def _take(self, data: bytes, sender: str) -> str:
        if self._rules.sources and sender not in self._rules.sources:
            return "unknown_source"
        try:
            packet = hep.decode(data)
        except hep.BadPacket:
            return "malformed"
        if not hmac.compare_digest(packet.password, self._rules.password):
            return "bad_password"
        self._heard_at = time.monotonic()
        self._forward(data)
        call_id = packet.correlation_id or sip.call_id(packet.payload) or ""
        watched = self._watched.get(call_id)
        if watched is not None:
            worth = dialog.may_matter(packet.payload, dialed=watched.caller.ours)
            return self._read(watched, packet) if worth else _ACCEPTED
        if sip.first_line_is(packet.payload, "INVITE"):
            self._keep(call_id, packet)
        return "passed_over"

    def _keep(self, call_id: str, invite: hep.Packet) -> None:
        # The last one counts: after a 401 the INVITE comes again with credentials.
        self._invites[call_id] = invite
        self._invites.move_to_end(call_id)
        if len(self._invites) > _INVITES_KEPT:
            self._invites.popitem(last=False)

    def _read(self, watched: _Watched, packet: hep.Packet) -> str:
        try:
            found = sip.messages(packet.payload)
            if len(found) == 1:
                self._tell_message(watched, found[0], packet.at)
                return _ACCEPTED
            # Over TCP one packet may hold messages of several calls.
            for message in found:
                of = self._watched.get(sip.header(message, "call-id") or "")
                if of is not None:
                    self._tell_message(of, message, packet.at)
        except sip.BadMessage as bad:
            self._tell(watched, dialog.missing(packet.payload, bad, packet.at))
            return "malformed"
        return _ACCEPTED

    def _tell_message(self, watched: _Watched, message: sip.Message, at: float) -> None:
        if watched.caller.tag is None and dialog.opens(message):
            # Its copy came late, or it is our own.
            watched.caller = replace(watched.caller, tag=sip.from_tag(message))
        said = dialog.read(message, watched.caller, at)
        if said is not None:
            self._tell(watched, said)

    def _tell(self, watched: _Watched, said: dialog.Said) -> None:
        if said.identity in watched.told:
            return  # sent again (RFC 3261, 17)
        watched.referred |= isinstance(said.event, ReferSeen | ReferCaptured)
        if isinstance(said.event, SipSeen) and not watched.referred:
            return  # of no transfer
        watched.told.add(said.identity)
        if said.phase is not None and said.status is not None:
            self._count_response(said.phase, said.status)
        watched.deliver(said.event)

    def _forward(self, data: bytes) -> None:
        for address in self._rules.forward:
            try:
                if self._socket is not None:
                    self._socket.sendto(data, address)
            except OSError as error:
                _log.warning("capture cannot be forwarded", to=address, why=repr(error))


class NoCapture:
    """Implements ``runtime.ports.Capture`` where nothing is captured."""

    def watch(
        self, call_id: str, deliver: Callable[[Event], None], *, dialed: bool = False
    ) -> Invite | None:
        """Deliver nothing."""
        del call_id, deliver, dialed
        return None

    def watch_again(
        self, call_id: str, deliver: Callable[[Event], None], tag: str, *, dialed: bool = False
    ) -> None:
        """Deliver nothing."""

    def forget(self, call_id: str) -> None:
        """Forget nothing."""

    def drain(self) -> None:
        """Read nothing."""

    def hears(self) -> bool:
        """Tell that nobody sends copies."""
        return False


def _widen(listening: socket.socket) -> None:
    """Make room for what arrives while the event loop is busy."""
    try:
        # Beyond net.core.rmem_max, for those who may (CAP_NET_ADMIN).
        listening.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER)
    except OSError:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)


def _parsed(data: bytes) -> sip.Message | None:
    try:
        return sip.parse(data)
    except sip.BadMessage:
        return None
