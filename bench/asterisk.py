"""The two Asterisks of the bench: one that transfers by its dialplan alone, one that is driven."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import aiohttp

from bench.documents import TARGET
from stasis_refer.lab.asterisk import (
    AsteriskFailed,
    AsteriskPlan,
    PrivateAsterisk,
    free_port,
    free_udp_port,
)

BARE_USER: Final = "bare"
"""Who to call for a transfer without any program."""

_DIALPLAN: Final = f"""
; An extension without a pattern goes before the ones of the program.
[stasis-refer](+)
exten => {BARE_USER},1,Answer(0,i)
 same => n,Transfer(PJSIP/{TARGET})
 same => n,Hangup()
"""


def bare_plan(folder: Path) -> AsteriskPlan:
    """Return an Asterisk without capture, on free ports."""
    return AsteriskPlan(
        folder=folder,
        sip_port=free_udp_port(),
        http_port=free_port(),
        ari_user="bench",
        ari_password=secrets.token_hex(16),
    )


def driven_plan(folder: Path) -> AsteriskPlan:
    """Return an Asterisk that copies its SIP messages to a free port."""
    return AsteriskPlan(
        folder=folder,
        sip_port=free_udp_port(),
        http_port=free_port(),
        ari_user="bench",
        ari_password=secrets.token_hex(16),
        hep_port=free_udp_port(),
        hep_password=secrets.token_hex(16),
    )


async def left_in(plan: AsteriskPlan) -> int:
    """Return how many channels and bridges there are in an Asterisk."""
    url = f"http://127.0.0.1:{plan.http_port}/ari"
    found = 0
    async with aiohttp.ClientSession(headers=credentials(plan)) as session:
        for what in ("channels", "bridges"):
            async with session.get(f"{url}/{what}") as response:
                found += len(await response.json())
    return found


def credentials(plan: AsteriskPlan) -> Mapping[str, str]:
    """Return the HTTP headers that say who we are."""
    return {"Authorization": aiohttp.encode_basic_auth(plan.ari_user, plan.ari_password)}


class BareAsterisk(PrivateAsterisk):
    """An Asterisk whose dialplan transfers whoever calls ``BARE_USER``."""

    async def start(self) -> None:
        """Start, then add the extension and let the dialplan be read again."""
        await super().start()
        try:
            with (self.plan.folder / "etc" / "extensions.conf").open("a") as file:
                file.write(_DIALPLAN)
            await self._reload_dialplan()
        except BaseException:
            await self.stop()
            raise

    async def _reload_dialplan(self) -> None:
        plan = self.plan
        url = f"http://127.0.0.1:{plan.http_port}/ari/asterisk/modules/pbx_config.so"
        session = aiohttp.ClientSession(headers=credentials(plan))
        async with session, session.put(url) as response:
            if not response.ok:
                raise AsteriskFailed(f"Asterisk does not read its dialplan: {response.status}")
