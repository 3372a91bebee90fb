"""SIP phones for demo, tests and bench: a situation as a list of steps, played by SIPp.

    phone = Phone("127.0.0.1:5060")
    await phone.play("support", [
        call(), expect_refer(), answer_refer(202), notify(100), notify(200), hear_bye(),
    ])

That one calls, and is the transferee. One that is called, and is the transferor:

    async with phone.wait(5070, [
        ring_in(), answer(), send_refer("<sip:b@example.com>"), hear_notify(200), hear_bye(),
    ]) as agent:
        await phone.play("support", [call(), ...])
        assert (await agent.played()).good
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from stasis_refer.lab.asterisk import free_udp_port
from stasis_refer.lab.dialog import DialogId
from stasis_refer.lab.scenario import Step, scenario
from stasis_refer.lab.sipp import Played, Playing, playing
from stasis_refer.lab.steps import (
    answer,
    answer_refer,
    bye,
    call,
    call_refused,
    decline,
    expect_cancel,
    expect_refer,
    hear_bye,
    hold,
    notify,
    pause,
    press,
    resume,
    ring_in,
    wait_in,
)
from stasis_refer.lab.transferor import TOLD, hear_nothing, hear_notify, hear_word, send_refer

__all__ = [
    "TOLD",
    "DialogId",
    "Phone",
    "Played",
    "Playing",
    "Step",
    "answer",
    "answer_refer",
    "bye",
    "call",
    "call_refused",
    "decline",
    "expect_cancel",
    "expect_refer",
    "hear_bye",
    "hear_nothing",
    "hear_notify",
    "hear_word",
    "hold",
    "notify",
    "pause",
    "press",
    "resume",
    "ring_in",
    "scenario",
    "send_refer",
    "wait_in",
]


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone at ``host``, an address of 127.0.0.0/8, beside ``asterisk`` (``HOST:PORT``)."""

    asterisk: str
    host: str = "127.0.0.1"

    async def play(
        self, application: str, steps: Sequence[Step], *, within: float = 60.0
    ) -> Played:
        """Call an application and play one's part; ``within`` are seconds.

        Raises StartError when SIPp is not installed.
        """
        async with self.dial(application, steps, within=within) as phone:
            return await phone.played()

    @asynccontextmanager
    async def dial(
        self, application: str, steps: Sequence[Step], *, within: float = 60.0
    ) -> AsyncIterator[Playing]:
        """Call an application, and do other things while the part is played.

        The phone is gone when the context ends. Raises StartError when SIPp is not installed.
        """
        address = (self.host, free_udp_port())
        arguments = (self.asterisk, "-s", application)
        async with playing(steps, address, *arguments, within=within) as phone:
            yield phone

    @asynccontextmanager
    async def wait(
        self, port: int, steps: Sequence[Step], *, within: float = 60.0
    ) -> AsyncIterator[Playing]:
        """Be called once at this UDP port; the context begins when the phone can be.

        One that is not called until ``within`` seconds are over has not played well. The phone is
        gone when the context ends. Raises StartError when SIPp is not installed, or cannot have
        the port.
        """
        async with playing(steps, (self.host, port), within=within) as phone:
            await phone.listening()
            yield phone
