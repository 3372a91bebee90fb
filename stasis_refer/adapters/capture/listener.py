"""Listens for the copies, and hands them to the live calls that they are of."""

import asyncio
import math
import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import structlog

from stasis_refer.adapters.capture import datagrams
from stasis_refer.adapters.capture.admission import Admission, CaptureRules
from stasis_refer.adapters.capture.watched import CountResponse, Watched
from stasis_refer.core.events import Event
from stasis_refer.core.info import Invite
from stasis_refer.wire import dialog, hep, sip
from stasis_refer.wire.caller import Caller

_log = structlog.get_logger(__name__)

_MOST_AT_ONCE: Final = 200
"""Datagrams read before the event loop has its turn again."""

_INVITES_KEPT: Final = 4096
"""INVITEs of calls that have not reached ``Stasis()`` yet; the oldest go first."""

_ACCEPTED: Final = "accepted"

_ALIVE_FOR: Final = 60.0
"""Seconds that a packet shows that Asterisk sends copies."""

_LOOK_FOR_LOSSES: Final = 1.0  # seconds


class CaptureListener:
    """Implements ``runtime.ports.Capture`` on a UDP socket.

    ``count`` hears what became of packets, and of how many: accepted, passed_over (of no live
    call), unmatched (of none by tags, CSeq or the state of things), lost (by the kernel), or one
    of ``admission.Refused``. ``count_response`` of each SIP status that belongs to a REFER.
    """

    def __init__(
        self,
        rules: CaptureRules,
        count: Callable[[str, int], None] = lambda *_: None,
        count_response: CountResponse = lambda *_: None,
    ) -> None:
        self._forward_to = rules.forward
        self._admission = Admission(rules)
        self._count = count
        self._count_response = count_response
        self._socket: socket.socket | None = None
        self._losses: datagrams.Losses | None = None
        self._looked_at = -math.inf
        self._invites: OrderedDict[str, hep.Packet] = OrderedDict()
        self._watched: dict[str, Watched] = {}
        self._heard_at = -math.inf

    def start(self, host: str, port: int) -> int:
        """Listen; returns the port. Raises OSError when the address is taken."""
        self._socket = listening = datagrams.listen(host, port)
        self._losses = datagrams.Losses(listening)
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
            self._watched[call_id] = Watched(deliver, Caller(ours=dialed), self._count_response)
            return None
        caller = Caller(sip.from_tag(message), dialed)
        self._watched[call_id] = Watched(deliver, caller, self._count_response)
        return dialog.read_invite(message, packet.source[0])

    def watch_again(
        self, call_id: str, deliver: Callable[[Event], None], tag: str, *, dialed: bool = False
    ) -> None:
        """Deliver what is captured of a dialog whose INVITE was captured before a restart."""
        caller = Caller(tag or None, dialed)
        self._watched[call_id] = Watched(deliver, caller, self._count_response, resumed=True)

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
        now = time.monotonic()
        for _ in range(_MOST_AT_ONCE):
            if self._socket is None:
                return
            try:
                data, sender = self._socket.recvfrom(datagrams.LARGEST)
            except (BlockingIOError, InterruptedError):
                break
            except OSError as error:
                _log.warning("capture socket", error=repr(error))
                break
            self._count(self._take(data, (sender[0], sender[1]), now), 1)
        self._look_for_losses(now)

    def _look_for_losses(self, now: float) -> None:
        if self._losses is None or now - self._looked_at < _LOOK_FOR_LOSSES:
            return
        self._looked_at = now
        if lost := self._losses.since_last():
            self._count("lost", lost)

    def _take(self, data: bytes, sender: datagrams.Address, now: float) -> str:
        packet = self._admission.judge(data, sender, now)
        if isinstance(packet, str):
            return packet
        self._heard_at = now
        self._forward(data)
        call_id = packet.correlation_id or sip.call_id(packet.payload) or ""
        watched = self._watched.get(call_id)
        if watched is not None:
            return self._read(watched, packet) if watched.may_matter(packet.payload) else _ACCEPTED
        if sip.first_line_is(packet.payload, "INVITE"):
            self._keep(call_id, packet)
        return "passed_over"

    def _keep(self, call_id: str, invite: hep.Packet) -> None:
        # The last one counts: after a 401 the INVITE comes again with credentials.
        self._invites[call_id] = invite
        self._invites.move_to_end(call_id)
        if len(self._invites) > _INVITES_KEPT:
            self._invites.popitem(last=False)

    def _read(self, watched: Watched, packet: hep.Packet) -> str:
        try:
            # Over TCP one packet may hold messages of several calls.
            heard = [self._hear(message, packet.at) for message in sip.messages(packet.payload)]
        except sip.BadMessage as bad:
            watched.tell(dialog.missing(packet.payload, bad, packet.at))
            return "malformed"
        return _ACCEPTED if any(heard) else "unmatched"

    def _hear(self, message: sip.Message, at: float) -> bool:
        watched = self._watched.get(sip.header(message, "call-id") or "")
        return watched is not None and watched.hear(message, at)

    def _forward(self, data: bytes) -> None:
        for address in self._forward_to:
            try:
                if self._socket is not None:
                    self._socket.sendto(data, address)
            except OSError as error:
                _log.warning("capture cannot be forwarded", to=address, error=repr(error))


def _parsed(data: bytes) -> sip.Message | None:
    try:
        return sip.parse(data)
    except sip.BadMessage:
        return None
