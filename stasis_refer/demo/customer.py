"""A customer's voice application as one would write it for Twilio, in twenty lines of aiohttp."""

from collections.abc import Callable, Mapping
from typing import Self

from aiohttp import web

DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Refer action="/after/{scene}">
    <Sip>sip:alice@example.com?X-AcctNumber=123456</Sip>
  </Refer>
</Response>"""

RECOVERY = """<?xml version="1.0" encoding="UTF-8"?>
<Response><Say>Nobody can take your call now.</Say><Hangup/></Response>"""


class SampleCustomer:
    """Serves a Refer for each scene; ``told`` hears what the action URL is sent."""

    def __init__(self, told: Callable[[str, Mapping[str, str]], None]) -> None:
        self._told = told
        app = web.Application()
        app.add_routes(
            [web.post("/voice/{scene}", self._voice), web.post("/after/{scene}", self._after)]
        )
        self._runner = web.AppRunner(app, access_log=None)
        self.url = ""

    async def __aenter__(self) -> Self:
        """Listen on a free port of 127.0.0.1."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def _voice(self, request: web.Request) -> web.Response:
        document = DOCUMENT.format(scene=request.match_info["scene"])
        return web.Response(text=document, content_type="text/xml")

    async def _after(self, request: web.Request) -> web.Response:
        fields = {name: str(value) for name, value in (await request.post()).items()}
        self._told(request.match_info["scene"], fields)
        moved = fields.get("ReferCallStatus") == "in-progress"
        return web.Response(text="<Response/>" if moved else RECOVERY, content_type="text/xml")
