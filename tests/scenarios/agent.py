"""An agent's phone of another make: a second SIP stack in this process, beside SIPp's phones.

    async with Agent(port) as agent:
        line = await agent.called()                 # the call that came to it, answered
        assert await line.refer("sip:b@example.com") == 202
        assert await line.final() == Heard(200, "terminated;reason=noresource")
        await line.over()

An attended transfer, with a consultation call of the agent's own:

        second = await agent.call("support", "127.0.0.1:5060")
        await line.refer("sip:support@127.0.0.1:5060", replaces=second.dialog)
"""

import asyncio
from dataclasses import dataclass
from typing import Self

from aiosipua import (
    Dialog,
    IncomingCall,
    SipRequest,
    SipResponse,
    SipUAC,
    SipUAS,
    UdpSipTransport,
    build_sdp,
)

from stasis_refer.lab.dialog import DialogId

WITHIN = 10.0  # seconds, for each thing that is waited for
FIRST_FINAL = 200
SDP = build_sdp("127.0.0.1", 40004, payload_type=0, codec_name="PCMU")

Message = SipRequest | SipResponse
Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Heard:
    """What one NOTIFY said: the status in its body, and its Subscription-State."""

    code: int
    state: str

    @property
    def is_last(self) -> bool:
        return self.state.startswith("terminated")


class Line:
    """One call of the agent, from its answer to its end."""

    def __init__(self, transport: UdpSipTransport, dialog: Dialog, peer: Address) -> None:
        self.heard: list[Heard] = []
        self._transport = transport
        self._dialog = dialog
        self._peer = peer
        self._answers: dict[int, asyncio.Future[int]] = {}
        self._final = asyncio.Event()
        self._over = asyncio.Event()

    @property
    def dialog(self) -> DialogId:
        dialog = self._dialog
        return DialogId(dialog.call_id, dialog.local_tag, dialog.remote_tag)

    @property
    def codes(self) -> list[int]:
        """The statuses that the NOTIFYs told, in order."""
        return [each.code for each in self.heard]

    @property
    def is_over(self) -> bool:
        """Whether one of the two has hung up."""
        return self._over.is_set()

    async def refer(
        self, to: str, *, referred_by: str | None = None, replaces: DialogId | None = None
    ) -> int:
        """Press transfer: send a REFER to this URI; return the status of its answer."""
        headers = {"Refer-To": replaces.refer_to(to) if replaces else f"<{to}>"}
        if referred_by is not None:
            headers["Referred-By"] = f"<{referred_by}>"
        return await self._ask("REFER", headers)

    async def hang_up(self) -> int:
        """Send a BYE; return the status of its answer."""
        answer = await self._ask("BYE", {})
        self.end()
        return answer

    async def final(self) -> Heard:
        """Wait for the NOTIFY that ends the subscription, and return it."""
        async with asyncio.timeout(WITHIN):
            await self._final.wait()
        return next(each for each in self.heard if each.is_last)

    @property
    def finals(self) -> list[int]:
        """The statuses of the NOTIFYs that ended a subscription, in order."""
        return [each.code for each in self.heard if each.is_last]

    async def final_behind(self, number: int) -> int:
        """Wait for one more such NOTIFY than there were; the status of it."""
        async with asyncio.timeout(WITHIN):
            while len(self.finals) <= number:  # noqa: ASYNC110 - short
                await asyncio.sleep(0.01)
        return self.finals[number]

    async def over(self) -> None:
        """Wait until the other side hangs up."""
        async with asyncio.timeout(WITHIN):
            await self._over.wait()

    async def _ask(self, method: str, headers: dict[str, str]) -> int:
        host, port = self._transport.local_addr
        request = self._dialog.create_request(method, via_host=host, via_port=port)
        request.headers.set_single("Contact", f"<sip:agent@{host}:{port}>")
        for name, value in headers.items():
            request.headers.set_single(name, value)
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._answers[self._dialog.local_cseq] = answer
        self._transport.send(request, self._peer)
        async with asyncio.timeout(WITHIN):
            return await answer

    def answered(self, response: SipResponse) -> None:
        """Take the answer to a request of ours."""
        cseq = response.cseq
        waiting = self._answers.get(cseq.seq) if cseq else None
        if waiting and not waiting.done() and response.status_code >= FIRST_FINAL:
            waiting.set_result(response.status_code)

    def notified(self, request: SipRequest) -> None:
        """Take a NOTIFY."""
        state = request.get_header("Subscription-State") or ""
        heard = Heard(int(request.text.split()[1]), state)
        self.heard.append(heard)
        if heard.is_last:
            self._final.set()

    def end(self) -> None:
        """Take the end of the call."""
        self._over.set()


class Agent:
    """``async with Agent(port)``: takes every call at that UDP port, and calls itself.

    ``host`` is an address of 127.0.0.0/8.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._transport = UdpSipTransport(local_addr=(host, port))
        self._uac = SipUAC(self._transport)
        self._uas = SipUAS(self._transport, uac=self._uac)
        self._uas.on_invite = self._take
        self._uas.on_bye = self._bye
        self._lines: dict[str, Line] = {}
        self._taken: asyncio.Queue[Line] = asyncio.Queue()

    async def called(self) -> Line:
        """Wait until the agent is called; return the call, which it has answered."""
        async with asyncio.timeout(WITHIN):
            return await self._taken.get()

    async def call(self, user: str, sip: str) -> Line:
        """Call a user at ``sip`` (``HOST:PORT``), and wait for the answer.

        Raises RuntimeError when the call is refused.
        """
        host, _, port = sip.partition(":")
        peer = (host, int(port))
        own, own_port = self._transport.local_addr
        made = self._uac.send_invite(f"sip:agent@{own}:{own_port}", f"sip:{user}@{sip}", peer, SDP)
        line = self._line(made.dialog, peer)
        await made.wait_answered(WITHIN)
        return line

    def _take(self, call: IncomingCall) -> None:
        call.ringing()
        call.accept(SDP)
        self._taken.put_nowait(self._line(call.dialog, call.source_addr))

    def _line(self, dialog: Dialog, peer: Address) -> Line:
        line = Line(self._transport, dialog, peer)
        self._lines[dialog.call_id] = line
        return line

    def _bye(self, call: IncomingCall, _: SipRequest) -> None:
        self._lines[call.call_id].end()

    def _hear(self, message: Message, peer: Address) -> None:
        """Note what the stack says nothing of, or not all; then it does its own part."""
        line = self._lines.get(message.call_id or "")
        match message:
            case SipResponse() if line:
                line.answered(message)
            case SipRequest(method="NOTIFY") if line:
                line.notified(message)
        self._stack(message, peer)

    async def __aenter__(self) -> Self:
        await self._uas.start()
        assert self._transport.on_message is not None
        self._stack = self._transport.on_message
        self._transport.on_message = self._hear
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._uas.stop()
