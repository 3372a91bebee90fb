"""How the scenes are played: each phone its part, all phones of a scene at once."""

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import Final

from stasis_refer.demo.agents import TALK, AgentScene
from stasis_refer.demo.agents_stage import AgentsStage
from stasis_refer.demo.desk import Desk
from stasis_refer.demo.scenes import Scene
from stasis_refer.demo.stage import Stage
from stasis_refer.errors import StartError
from stasis_refer.lab.lab import Lab
from stasis_refer.lab.phone import Phone, Playing, call, hear_bye

_WITHIN: Final = 30.0
"""Seconds until a phone gives up."""


async def play(lab: Lab, scene: Scene, dialect: str, stage: Stage) -> None:
    """Play a scene in a dialect, until its application was told of the end."""
    name = scene.application(dialect)
    played = await Phone(lab.sip).play(name, scene.steps, within=_WITHIN)
    shown = stage.shown[name]
    shown.phone_log = played.log
    # The application may be told a moment after the phone has hung up.
    for _ in range(100):
        if shown.ended and shown.told == scene.told[dialect]:
            return
        await asyncio.sleep(0.05)


async def play_with_agents(lab: Lab, scene: AgentScene, desk: Desk, stage: AgentsStage) -> None:
    """Play a scene with agents, until every phone has played its part."""
    phone = Phone(lab.sip)
    async with AsyncExitStack() as stack:
        phones = {
            agent: await stack.enter_async_context(
                phone.wait(desk.port(scene, agent), steps, within=_WITHIN)
            )
            for agent, steps in scene.agents.items()
        }
        phones["caller"] = await stack.enter_async_context(
            phone.dial(scene.application, scene.caller, within=_WITHIN)
        )
        if scene.consults:
            # A phone whose part is over too early says so in its log.
            with suppress(StartError):
                await _consult(lab, scene, phones, stack)
        logs = {who: (await each.played()).log for who, each in phones.items()}
    watched = stage.watched[scene.name]
    watched.phone_logs = {who: log for who, log in logs.items() if log}


async def _consult(
    lab: Lab, scene: AgentScene, phones: dict[str, Playing], stack: AsyncExitStack
) -> None:
    """Let A call B on a second line, and tell A's first line the name of that dialog."""
    await phones["A"].dialog()
    second = await stack.enter_async_context(
        Phone(lab.sip).dial(scene.consultation, (call(), hear_bye()), within=_WITHIN)
    )
    phones["A's second line"] = second
    await phones["B"].dialog()
    await asyncio.sleep(TALK)
    dialog = await second.dialog()
    await phones["A"].tell(dialog.refer_to(f"sip:{scene.consultation}@{lab.sip}"))
