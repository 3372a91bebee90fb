"""A customer's voice application as one would write it for each vendor, in aiohttp."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from aiohttp import web

TARGET: Final = "sip:alice@example.com?X-AcctNumber=123456"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a vendor's application speaks.

    ``transfer`` is its document, in which AFTER stands for the path that is told of the outcome;
    ``recover`` is what it replies when the transfer failed, ``nothing`` otherwise. ``told`` are
    the names in which the outcome comes, ``moved`` their values after a success.
    """

    content_type: str
    transfer: str
    recover: str
    nothing: str
    told: tuple[str, ...]
    moved: str


_XML: Final = "application/xml"
_SORRY: Final = "Nobody can take your call now."
_REFER: Final = f"""<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Refer action="AFTER">
    <Sip>{TARGET}</Sip>
  </Refer>
</Response>"""
_PARAMETERS: Final = ("ReferCallStatus", "ReferSipResponseCode", "NotifySipResponseCode")
_TWIML: Final = Manner(
    _XML,
    _REFER,
    f"<Response><Say>{_SORRY}</Say><Hangup/></Response>",
    "<Response/>",
    _PARAMETERS,
    "in-progress 202 200",
)

MANNERS: Final[Mapping[str, Manner]] = {
    "twiml": _TWIML,
    "rcml": _TWIML,
    "bxml": Manner(
        _XML,
        f"""<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Refer referCompleteUrl="AFTER">
    <SipUri>{TARGET}</SipUri>
  </Refer>
</Response>""",
        f"<Response><SpeakSentence>{_SORRY}</SpeakSentence><Hangup/></Response>",
        "<Response/>",
        ("referCallStatus", "referSipResponseCode", "notifySipResponseCode"),
        "success 202 200",
    ),
    "jambonz": Manner(
        "application/json",
        json.dumps([{"verb": "sip:refer", "referTo": TARGET, "actionHook": "AFTER"}]),
        json.dumps([{"verb": "say", "text": _SORRY}, {"verb": "hangup"}]),
        "[]",
        ("refer_status", "final_referred_call_status"),
        "202 200",
    ),
}
"""By the name of the dialect."""


class SampleCustomer:
    """Serves a transfer for each dialect and scene; ``told`` hears how each one ended.

    ``routes`` are served beside them.
    """

    def __init__(
        self,
        told: Callable[[str, str, str], None],
        routes: Iterable[web.AbstractRouteDef] = (),
    ) -> None:
        self._told = told
        app = web.Application()
        app.add_routes(
            [
                web.post("/voice/{dialect}/{scene}", self._voice),
                web.post("/after/{dialect}/{scene}", self._after),
                *routes,
            ]
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
        dialect, scene = request.match_info["dialect"], request.match_info["scene"]
        manner = MANNERS[dialect]
        document = manner.transfer.replace("AFTER", f"/after/{dialect}/{scene}")
        return web.Response(text=document, content_type=manner.content_type)

    async def _after(self, request: web.Request) -> web.Response:
        dialect, scene = request.match_info["dialect"], request.match_info["scene"]
        manner = MANNERS[dialect]
        as_json = request.content_type == "application/json"
        fields = await request.json() if as_json else await request.post()
        values = " ".join(str(fields.get(name, "-")) for name in manner.told)
        self._told(dialect, scene, values)
        reply = manner.nothing if values == manner.moved else manner.recover
        return web.Response(text=reply, content_type=manner.content_type)
