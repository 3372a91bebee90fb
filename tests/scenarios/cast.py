"""Several phones around one Asterisk: a caller, and agents that are called."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from stasis_refer.core.outcome import Outcome
from stasis_refer.lab.asterisk import free_udp_port
from stasis_refer.lab.phone import (
    Phone,
    Step,
    answer,
    bye,
    call,
    hear_bye,
    hear_notify,
    pause,
    ring_in,
    send_refer,
)
from tests.scenarios.theatre import Theatre

RING = 0.3
"""Seconds that agents ring."""

TALK = 0.3
"""Seconds that people talk before somebody does something."""

ANSWERS = (ring_in(), pause(RING), answer())
TARGET = "sip:agentb@example.com"


def refers(refer_to: str = f"<{TARGET}>", **more: object) -> tuple[Step, ...]:
    """Return what an agent does that is called, talks a little and presses transfer."""
    return (*ANSWERS, pause(TALK), send_refer(refer_to, **more))  # type: ignore[arg-type]


@dataclass
class Cast:
    """The phones of one scenario; agents have a port of 127.0.0.1 each, as soon as named."""

    theatre: Theatre
    name: str
    ports: dict[str, int] = field(default_factory=dict)

    def uri(self, agent: str) -> str:
        """Return where an agent is called."""
        port = self.ports.setdefault(agent, free_udp_port())
        return f"sip:{agent}@127.0.0.1:{port}"

    def dial(self, *agents: str, attributes: str = "", behind: str = "") -> str:
        """Return TwiML that calls agents."""
        nouns = "".join(f"<Sip>{self.uri(agent)}</Sip>" for agent in agents)
        return f"<Response><Dial {attributes}>{nouns}</Dial>{behind}</Response>"

    async def play(self, caller: Sequence[Step], **agents: Sequence[Step]) -> None:
        """Let everybody play their part; all must have gone as they should."""
        logs = await self.logs(caller, **agents)
        assert not any(logs.values()), "\n".join(self._complaints(logs))

    def _complaints(self, logs: Mapping[str, str]) -> Iterator[str]:
        yield from (f"{who}:\n{log}" for who, log in logs.items() if log)
        yield "the program:"
        yield from map(str, self.theatre.journal[self.name].steps)

    async def logs(self, caller: Sequence[Step], **agents: Sequence[Step]) -> Mapping[str, str]:
        """Let everybody play their part; what each phone has to complain of."""
        sip = self.theatre.running.sip
        async with AsyncExitStack() as stack:
            waiting = {
                agent: await stack.enter_async_context(
                    Phone(sip).wait(self.ports[agent], steps, within=25)
                )
                for agent, steps in agents.items()
            }
            logs = {"caller": await self.theatre.phone(self.name, *caller)}
            for agent, phone in waiting.items():
                logs[agent] = (await phone.played()).log
        return logs

    async def have_a_transfer_the_caller_to_b(self) -> None:
        """Let the caller be connected with agent A, who transfers it to agent B, who answers."""
        voice = self.dial("a", attributes='answerOnBridge="true" referUrl="where" action="after"')
        self.theatre.reply(self.name, "voice", voice)
        self.theatre.reply(self.name, "where", self.dial("b"))
        self.theatre.reply(self.name, "after", "<Response/>")
        await self.play(
            (call(), hear_bye()),
            a=(*refers(), hear_notify(200), hear_bye()),
            b=(*ANSWERS, pause(TALK), bye()),
        )

    # -- what came of it ---------------------------------------------------------

    async def outcomes(self, number: int = 1) -> list[Outcome]:
        """Return how the transfers of this application ended, once there are so many."""
        heard = self.theatre.journal[self.name]
        for _ in range(200):
            if len(heard.ended) >= number:
                break
            await asyncio.sleep(0.02)
        return [each.result.outcome for each in heard.ended]

    def counted(self, direction: str = "received") -> dict[str, float]:
        """Return by outcome how often the metrics counted a transfer of this application."""
        page = self.theatre.running.app.metrics.render().decode()
        return {
            sample.labels["outcome"]: sample.value
            for family in text_string_to_metric_families(page)
            for sample in family.samples
            if sample.name == "stasis_refer_application_transfers_total"
            and sample.labels["application"] == self.name
            and sample.labels["direction"] == direction
            and sample.value
        }


HANGS_UP = (pause(TALK), hear_bye())


async def listed(theatre: Theatre, what: str) -> set[str]:
    """Return the ids of all channels or bridges that Asterisk lists."""
    ari = theatre.running.settings.ari
    credentials = aiohttp.encode_basic_auth(ari.username, ari.password.get_secret_value())
    async with (
        aiohttp.ClientSession(headers={"Authorization": credentials}) as session,
        session.get(f"{ari.url}/ari/{what}") as response,
    ):
        return {each["id"] for each in await response.json()}


async def nothing_left(theatre: Theatre, before: Mapping[str, set[str]]) -> None:
    """Wait until no channel and no bridge is there that was not there before."""
    left: Mapping[str, set[str]] = {}
    for _ in range(250):
        left = {what: await listed(theatre, what) - before[what] for what in before}
        calls = set(theatre.running.app.switchboard.channels) - before["channels"]
        if not any(left.values()) and not calls:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"left behind: {left}, {calls}")
