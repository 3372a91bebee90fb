"""The second SIP stack's phone, tried against SIPp's."""

import pytest

from stasis_refer.lab.asterisk import free_udp_port
from stasis_refer.lab.dialog import DialogId
from stasis_refer.lab.phone import (
    Phone,
    Step,
    answer,
    answer_refer,
    bye,
    call,
    decline,
    expect_refer,
    hear_bye,
    notify,
    pause,
    ring_in,
)
from tests.scenarios.agent import Agent, Heard

TARGET = "sip:b@example.com"
FINAL = "terminated;reason=noresource"
REFERRED = (expect_refer(refer_to=f"<{TARGET}>"), answer_refer(202), notify(100))


@pytest.mark.parametrize("code", [200, 503])
async def test_an_agent_that_is_called_presses_transfer(code: int) -> None:
    port = free_udp_port()
    steps = (call(), *REFERRED, notify(code), pause(0.1), bye())
    async with Agent(port) as agent, Phone(f"127.0.0.1:{port}").dial("agent", steps) as phone:
        line = await agent.called()
        assert await line.refer(TARGET) == 202
        assert await line.final() == Heard(code, FINAL)
        assert not line.is_over
        await line.over()
        assert (await phone.played()).log == ""
    assert line.codes == [100, code]


SECOND = DialogId("1@host", local_tag="mine", remote_tag="theirs")


@pytest.mark.parametrize(
    ("heard", "referred_by", "replaces", "code"),
    [
        pytest.param(expect_refer(absent="Referred-By"), None, None, 202, id="without-referred-by"),
        pytest.param(
            expect_refer(header="Referred-By: <sip:a@example.com>"),
            "sip:a@example.com",
            None,
            405,
            id="refused",
        ),
        pytest.param(
            expect_refer(refer_to=SECOND.refer_to(TARGET)), None, SECOND, 202, id="attended"
        ),
    ],
)
async def test_an_agent_that_calls_presses_transfer(
    heard: Step, referred_by: str | None, replaces: DialogId | None, code: int
) -> None:
    port = free_udp_port()
    steps = (ring_in(), answer(), heard, answer_refer(code), hear_bye())
    async with (
        Phone("127.0.0.1:9").wait(port, steps) as phone,
        Agent(free_udp_port()) as agent,
    ):
        line = await agent.call("b", f"127.0.0.1:{port}")
        end = await phone.dialog()
        assert line.dialog == DialogId(end.call_id, end.remote_tag, end.local_tag)
        assert await line.refer(TARGET, referred_by=referred_by, replaces=replaces) == code
        assert await line.hang_up() == 200
        assert line.is_over
        assert (await phone.played()).log == ""


async def test_an_agent_hears_that_its_call_was_refused() -> None:
    port = free_udp_port()
    async with (
        Phone("127.0.0.1:9").wait(port, (ring_in(), decline())),
        Agent(free_udp_port()) as agent,
    ):
        with pytest.raises(RuntimeError, match="486"):
            await agent.call("b", f"127.0.0.1:{port}")
