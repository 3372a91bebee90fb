"""REFERs we send to a phone of another make: aiosipua answers 202 and NOTIFY 100 by itself."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiosipua import (
    IncomingCall,
    SipRequest,
    SipResponse,
    SipUAC,
    SipUAS,
    build_sdp,
    notify_refer,
)
from aiosipua import UdpSipTransport as Plain

from stasis_refer.core.events import ReferNotified
from stasis_refer.core.outcome import Evidence, Outcome, Reason
from stasis_refer.lab.asterisk import free_udp_port
from tests.scenarios.theatre import Theatre

DOCUMENT = """<Response><Refer action="after"><Sip>sip:sales@example.com</Sip></Refer></Response>"""


class Agent:
    """A phone in this process that is transferred, and tells what became of it."""

    def __init__(self, transport: type[Plain], codes: list[int]) -> None:
        self.transport = transport(local_addr=("127.0.0.1", free_udp_port()))
        self.uac = SipUAC(self.transport)
        self.uas = SipUAS(self.transport, uac=self.uac)
        self.uas.on_refer = self._refer
        self.over = asyncio.Event()
        self.uas.on_bye = self._bye
        self.codes = codes
        self.referred_to: list[str] = []

    def _refer(self, call: IncomingCall, refer_to: str) -> None:
        self.referred_to.append(refer_to)
        for code in self.codes:
            notify_refer(call, code)

    def _bye(self, *_: object) -> None:
        self.over.set()

    async def call(self, sip: str, user: str) -> None:
        """Call, and stay until the other side hangs up."""
        host, _, port = sip.partition(":")
        offer = build_sdp("127.0.0.1", 40000, payload_type=0, codec_name="PCMU")
        made = self.uac.send_invite(
            "sip:agent@127.0.0.1", f"sip:{user}@{sip}", (host, int(port)), offer
        )
        await made.wait_answered(10)
        async with asyncio.timeout(10):
            await self.over.wait()


class Echo(Plain):
    """Sends each NOTIFY twice, byte by byte the same, as if the first answer had been lost."""

    def send(self, message: SipRequest | SipResponse, addr: tuple[str, int]) -> None:
        super().send(message, addr)
        if isinstance(message, SipRequest) and message.method == "NOTIFY":
            super().send(message, addr)


@pytest.fixture
async def agent(request: pytest.FixtureRequest) -> AsyncIterator[Agent]:
    agent = Agent(*request.param)
    await agent.uas.start()
    yield agent
    await agent.uas.stop()


@pytest.mark.parametrize(
    ("agent", "outcome", "told"),
    [
        pytest.param(
            (Plain, [180, 200]), Outcome.COMPLETED, ("in-progress", "202", "200"), id="answers"
        ),
        pytest.param((Plain, [180, 486]), Outcome.BUSY, ("busy", "202", "486"), id="busy"),
        pytest.param((Plain, [603]), Outcome.FAILED, ("failed", "202", "603"), id="declines"),
        pytest.param((Echo, [180, 486]), Outcome.BUSY, ("busy", "202", "486"), id="retransmits"),
    ],
    indirect=["agent"],
)
async def test_a_phone_of_another_make(
    theatre: Theatre, agent: Agent, outcome: Outcome, told: tuple[str, str, str]
) -> None:
    name = theatre.free_application()
    theatre.reply(name, "voice", DOCUMENT)
    theatre.reply(name, "after", "<Response><Hangup/></Response>")
    await agent.call(theatre.running.sip, name)
    assert agent.referred_to == ["sip:sales@example.com"]
    heard = theatre.journal[name]
    (ended,) = heard.ended
    result = ended.result
    assert (result.outcome, result.reason) == (outcome, Reason.FINAL_NOTIFY)
    assert (result.evidence, result.conflict) == (Evidence.SIP, False)
    request = await theatre.the_one(name)
    form = request.form
    assert told == (
        form["ReferCallStatus"],
        form["ReferSipResponseCode"],
        form["NotifySipResponseCode"],
    )
    notified = [event.code for event in heard.events if isinstance(event, ReferNotified)]
    assert len(notified) == len(set(notified)), "a retransmitted NOTIFY is told once"
