"""A member of a queue: a phone in this process that takes every call and soon hangs up."""

import asyncio

from aiosipua import IncomingCall, SipUAC, SipUAS, UdpSipTransport, build_sdp

TALK = 0.5  # seconds


class Member:
    """``async with Member(port)``: takes calls at that UDP port of 127.0.0.1."""

    def __init__(self, port: int) -> None:
        transport = UdpSipTransport(local_addr=("127.0.0.1", port))
        self._uas = SipUAS(transport, uac=SipUAC(transport))
        self._uas.on_invite = self._take

    def _take(self, call: IncomingCall) -> None:
        call.accept(build_sdp("127.0.0.1", 40002, payload_type=0, codec_name="PCMU"))
        asyncio.get_running_loop().call_later(TALK, call.hangup)

    async def __aenter__(self) -> None:
        await self._uas.start()

    async def __aexit__(self, *_: object) -> None:
        await self._uas.stop()
