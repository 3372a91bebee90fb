"""The customer's voice application of the scenes with agents: whom to call, and where to."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from stasis_refer.demo.agents import AGENT_SCENES, AgentScene
from stasis_refer.lab.asterisk import free_udp_port

_ASKED: Final = "where"
"""The path that is asked where a transferee is to go, relative to the first document's."""


@dataclass(frozen=True, slots=True)
class _Manner:
    """How a vendor's application calls an agent, and where it finds what it is told of a REFER."""

    content_type: str
    dial: Callable[[str, AgentScene | None], str]
    refer_to: Callable[[Mapping[str, Any]], str]


def _twiml(uri: str, scene: AgentScene | None) -> str:
    bridge = ' answerOnBridge="true"' if scene and scene.holds else ""
    refer = f' referUrl="{_ASKED}"' if scene else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Dial{bridge}{refer}>
    <Sip>{uri}</Sip>
  </Dial>
</Response>"""


def _jambonz(uri: str, scene: AgentScene | None) -> str:
    dial: dict[str, object] = {"verb": "dial", "target": [{"type": "sip", "sipUri": uri}]}
    if scene:
        dial |= {"answerOnBridge": scene.holds, "referHook": _ASKED}
    return json.dumps([dial])


_MANNERS: Final[Mapping[str, _Manner]] = {
    "twiml": _Manner("application/xml", _twiml, lambda told: str(told["ReferTransferTarget"])),
    "jambonz": _Manner(
        "application/json", _jambonz, lambda told: str(told["refer_details"]["sip_refer_to"])
    ),
}


class Desk:
    """Connects a caller with agent A, and sends who is transferred to B.

    ``asked`` hears the scene and the Refer-To that the application was told.
    """

    def __init__(self, asked: Callable[[AgentScene, str], None]) -> None:
        self._asked = asked
        self._scenes = {scene.name: scene for scene in AGENT_SCENES}
        self._ports: dict[tuple[str, str], int] = {}
        self.routes = (
            web.post("/desk/{scene}/voice", self._voice),
            web.post("/desk/{scene}/consult", self._consult),
            web.post(f"/desk/{{scene}}/{_ASKED}", self._where),
        )

    def port(self, scene: AgentScene, agent: str) -> int:
        """Return the port of 127.0.0.1 where an agent is called, the same every time."""
        key = scene.name, agent
        if key not in self._ports:
            self._ports[key] = free_udp_port()
        return self._ports[key]

    async def _voice(self, request: web.Request) -> web.Response:
        scene = self._scenes[request.match_info["scene"]]
        return self._calls("A", scene, first=True)

    async def _consult(self, request: web.Request) -> web.Response:
        return self._calls("B", self._scenes[request.match_info["scene"]])

    async def _where(self, request: web.Request) -> web.Response:
        scene = self._scenes[request.match_info["scene"]]
        as_json = request.content_type == "application/json"
        told = await request.json() if as_json else await request.post()
        refer_to = _MANNERS[scene.dialect].refer_to(told)
        self._asked(scene, refer_to)
        user, _, _ = refer_to.removeprefix("<sip:").partition("@")
        return self._calls(user, scene)

    def _calls(self, agent: str, scene: AgentScene, *, first: bool = False) -> web.Response:
        manner = _MANNERS[scene.dialect]
        uri = f"sip:{agent}@127.0.0.1:{self.port(scene, agent)}"
        document = manner.dial(uri, scene if first else None)
        return web.Response(text=document, content_type=manner.content_type)
