"""The demo's own application of agents: its documents can be run, and say what the scenes say."""

import aiohttp
import pytest

from stasis_refer.core.verbs import Dial, SipAddress
from stasis_refer.demo.agents import AGENT_SCENES, REFER_TO, AgentScene
from stasis_refer.demo.customer import SampleCustomer
from stasis_refer.demo.desk import Desk
from stasis_refer.demo.show import settings
from stasis_refer.dialects.registry import DIALECTS


def told(dialect: str) -> dict[str, object]:
    """Return what an application is told of a REFER, as arguments of aiohttp's ``post``."""
    if dialect == "jambonz":
        return {"json": {"refer_details": {"sip_refer_to": REFER_TO}}}
    return {"data": {"ReferTransferTarget": REFER_TO}}


async def dial_at(desk: Desk, scene: AgentScene, path: str) -> Dial:
    """Ask the desk for a document, and read it as the program would."""
    async with (
        SampleCustomer(lambda *_: None, desk.routes) as customer,
        aiohttp.ClientSession() as session,
    ):
        url = f"{customer.url}/desk/{scene.name}/{path}"
        async with session.post(url, **told(scene.dialect)) as response:  # type: ignore[arg-type]
            body, kind = await response.read(), response.content_type
    application = settings(customer.url).application_table()[scene.application]
    reading = DIALECTS[scene.dialect].read(body, kind, url, application)
    (verb,) = reading.document
    assert isinstance(verb, Dial)
    assert not reading.remarks
    return verb


SCENES = pytest.mark.parametrize("scene", AGENT_SCENES, ids=lambda scene: scene.name)


@SCENES
async def test_the_caller_is_connected_with_a(scene: AgentScene) -> None:
    desk = Desk(lambda *_: None)
    verb = await dial_at(desk, scene, "voice")
    assert verb.answer_on_bridge is scene.holds
    assert verb.refer is not None
    assert verb.refer.url.endswith(f"/desk/{scene.name}/where")
    assert verb.callees[0].address == SipAddress(f"sip:A@127.0.0.1:{desk.port(scene, 'A')}")


@SCENES
async def test_who_is_transferred_goes_to_whom_refer_to_names(scene: AgentScene) -> None:
    heard: list[tuple[str, str]] = []
    desk = Desk(lambda asked, refer_to: heard.append((asked.name, refer_to)))
    verb = await dial_at(desk, scene, "where")
    assert verb.refer is None
    assert verb.callees[0].address == SipAddress(f"sip:B@127.0.0.1:{desk.port(scene, 'B')}")
    assert heard == [(scene.name, REFER_TO)]


def test_every_application_of_the_scenes_is_configured() -> None:
    configured = settings("http://127.0.0.1").application_table()
    assert {name for scene in AGENT_SCENES for name in scene.callers} < set(configured)
