"""Examines a live Asterisk: what the program relies on, each finding with its remedy."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import aiohttp

from stasis_refer.adapters.capture.admission import Admission, CaptureRules
from stasis_refer.findings import Finding, of_version
from stasis_refer.settings import Settings
from stasis_refer.wire import ari, commands, hep

_MODULES = (
    "app_channelredirect",
    "app_stasis",
    "app_transfer",
    "bridge_simple",
    "bridge_softmix",
    "chan_pjsip",
    "func_callerid",
    "func_channel",
    "res_ari_applications",
    "res_ari_bridges",
    "res_ari_channels",
    "res_ari_events",
    "res_ari_playbacks",
    "res_ari_recordings",
    "res_http_media_cache",
    "res_pjsip_header_funcs",
    "res_pjsip_refer",
    "res_stasis_playback",
    "res_stasis_recording",
)
_CAPTURE_MODULES = ("res_hep", "res_hep_pjsip")
_CONTEXTS = (
    commands.TRANSFER_CONTEXT,
    commands.QUEUE_CONTEXT,
    commands.ABORT_CONTEXT,
    "stasis-refer-enter",
)
_PROBE = "stasis_refer_doctor"
"""An application and a channel of our own: dialplan functions can only be asked of a channel."""

_HEP_PATIENCE = 2.0  # seconds
_DISCARD = "sip:doctor@127.0.0.1:9"
"""Nobody listens there; the INVITE never leaves the machine, and its copy shows that HEP works."""

Ask: TypeAlias = Callable[[commands.Request], Coroutine[Any, Any, ari.Response]]


async def examine(settings: Settings) -> list[Finding]:
    """Examine the Asterisk of the configuration; never raises."""
    credentials = aiohttp.encode_basic_auth(
        settings.ari.username, settings.ari.password.get_secret_value()
    )
    headers, timeout = {"Authorization": credentials}, aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout, trust_env=False) as session:
        asker = _Asker(session, settings.ari.url.rstrip("/"))
        return [finding async for finding in _findings(settings, asker)]


@dataclass(frozen=True, slots=True)
class _Inside:
    """What is missing: dialplan contexts with an extension ``s``, variables in events."""

    contexts: Sequence[str]
    variables: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Asker:
    session: aiohttp.ClientSession
    url: str

    async def ask(self, request: commands.Request) -> ari.Response:
        """Make a request; status 0 and no body when nothing that can be read comes back."""
        try:
            async with self.session.request(
                request.method,
                f"{self.url}/ari/{request.path}",
                params=dict(request.query),
                json=request.body,
            ) as response:
                text = await response.read() if response.ok else b""
                return ari.Response(response.status, text)
        except (aiohttp.ClientError, TimeoutError):
            return ari.Response(0)

    async def look(self, contexts: Sequence[str]) -> "_Inside | None":
        """Look at what only a channel of our own can see; None when there can be none."""
        probe = (("endpoint", f"Local/s@{_PROBE}"), ("app", _PROBE), ("channelId", _PROBE))
        try:
            async with self.session.ws_connect(f"{self.url}/ari/events", params={"app": _PROBE}):
                created = await self.ask(commands.Request("POST", "channels/create", probe))
                answers = [
                    await self.ask(commands.get_variable(_PROBE, f"DIALPLAN_EXISTS({context},s,1)"))
                    for context in contexts
                ]
                await self.ask(commands.hang_up(_PROBE, 16))
        except (aiohttp.ClientError, TimeoutError):
            return None
        channel, bodies = created.body, [answer.body for answer in answers]
        if not all(isinstance(body, dict) for body in (channel, *bodies)):
            return None
        return _Inside(
            [
                context
                for context, body in zip(contexts, bodies, strict=True)
                if body.get("value") != "1"
            ],
            [name for name in ari.TOLD_AT_THE_END if name not in channel.get("channelvars", {})],
        )


async def _findings(settings: Settings, asker: _Asker) -> AsyncIterator[Finding]:
    ask = asker.ask
    info = await ask(commands.info())
    if info.body is None:
        yield _no_ari(settings, info.status)
        return
    yield Finding(good=True, text=f"ARI answers at {settings.ari.url}")
    for finding in of_version(info):
        yield finding
    yield await _modules(settings, ask)
    inside = await asker.look(_CONTEXTS)
    yield _dialplan(inside)
    if inside is not None:
        yield _variables(inside)
    if settings.metrics.endpoints:
        yield await _endpoints(settings, ask)
    if not _captures(settings):
        yield Finding(
            good=True,
            text="no [capture]: outcomes rest on Asterisk alone, with one code each",
        )
    else:
        yield await _capture(settings, ask)
    yield Finding(
        good=True,
        text="not visible from here: websocket_write_timeout (ari.conf), direct_media (pjsip.conf)",
        remedy="set websocket_write_timeout=5000, and direct_media=no on each endpoint",
    )


def _captures(settings: Settings) -> bool:
    return settings.capture is not None and settings.capture.enabled


def _no_ari(settings: Settings, status: int) -> Finding:
    if status in {401, 403}:
        return Finding(
            good=False,
            text=f"ARI refuses user {settings.ari.username!r} ({status})",
            remedy="compare [ari] username and password with ari.conf",
        )
    remedy = "set enabled=yes in http.conf and ari.conf, and check bindaddr and bindport"
    if not settings.ari.url:
        remedy = 'set [ari] url, as "http://127.0.0.1:8088"'
    return Finding(
        good=False,
        text=f"ARI does not answer at {settings.ari.url!r} (status {status})",
        remedy=remedy,
    )


async def _modules(settings: Settings, ask: Ask) -> Finding:
    listed = await ask(commands.modules())
    running = {
        str(module.get("name", "")).removesuffix(".so")
        for module in listed.body or ()
        if module.get("status") == "Running"
    }
    wanted = _MODULES + (_CAPTURE_MODULES if _captures(settings) else ())
    missing = [name for name in wanted if name not in running]
    if not listed.ok or missing:
        return Finding(
            good=False,
            text=f"modules that do not run: {', '.join(missing)}",
            remedy="load them in modules.conf; asterisk/README.md says what each is for",
        )
    return Finding(good=True, text=f"all {len(wanted)} modules run")


def _dialplan(inside: _Inside | None) -> Finding:
    if inside is None:
        return Finding(
            good=False,
            text="the dialplan cannot be examined",
            remedy="load func_dialplan and res_ari_events; give the ARI user read_only=no",
        )
    if inside.contexts:
        return Finding(
            good=False,
            text=f"dialplan contexts that are not there: {', '.join(inside.contexts)}",
            remedy='put #include "extensions_stasis_refer.conf" into extensions.conf, '
            "then: asterisk -rx 'dialplan reload'",
        )
    return Finding(good=True, text=f"all {len(_CONTEXTS)} dialplan contexts are there")


def _variables(inside: _Inside) -> Finding:
    if inside.variables:
        return Finding(
            good=False,
            text=f"the end of a call does not tell {', '.join(inside.variables)}",
            remedy=f"set channelvars={','.join(ari.TOLD_AT_THE_END)} in ari.conf, [general]",
        )
    return Finding(good=True, text="the end of a call tells what became of its transfer")


async def _capture(settings: Settings, ask: Ask) -> Finding:
    capture = settings.capture
    if capture is None:
        return Finding(good=True, text="no [capture]")
    host, _, port = capture.listen.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as listening:
        listening.setblocking(False)  # noqa: FBT003 - the socket's own interface
        try:
            listening.bind((host.strip("[]"), int(port)))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return Finding(
                    good=False,
                    text=f"capture: cannot listen at {capture.listen}: {error.strerror}",
                    remedy="set [capture] listen to an address of this machine",
                )
            return Finding(
                good=True,
                text=f"capture: {capture.listen} is in use, by the running program presumably",
                remedy=f"see capture_packets_total at http://{settings.http.listen}/metrics",
            )
        secret = capture.password.get_secret_value().encode()
        rules = CaptureRules(secret, capture.sources, capture_id=capture.capture_id)
        return await _await_copy(ask, listening, Admission(rules))


async def _await_copy(ask: Ask, listening: socket.socket, admission: Admission) -> Finding:
    endpoint = await _any_endpoint(ask)
    if endpoint is None:
        return Finding(
            good=False,
            text="capture cannot be tried: ARI names no PJSIP endpoint",
            remedy="configure one in pjsip.conf; load res_ari_endpoints",
        )
    calling = asyncio.create_task(ask(commands.call_out(f"PJSIP/{endpoint}/{_DISCARD}")))
    try:
        async with asyncio.timeout(_HEP_PATIENCE):
            data, sender = await asyncio.get_running_loop().sock_recvfrom(listening, 65535)
        hep.decode(data)
    except TimeoutError:
        return Finding(
            good=False,
            text="no copy of a SIP message arrives",
            remedy="hep.conf: enabled=yes, capture_address = [capture] listen; "
            "load res_hep and res_hep_pjsip",
        )
    except hep.BadPacket as bad:
        return Finding(
            good=False,
            text=f"what arrives is no HEPv3 copy of SIP: {bad}",
            remedy="give [capture] listen a port that nothing else is sent to",
        )
    finally:
        await calling
    match admission.judge(data, sender, now=0.0):
        case str(why) if why in _NOT_BELIEVED:
            text, remedy = _NOT_BELIEVED[why]
            return Finding(good=False, text=f"copies of SIP messages arrive {text}", remedy=remedy)
        case _:
            return Finding(good=True, text="copies of SIP messages arrive")


_NOT_BELIEVED: Final = {
    "bad_password": (
        "with another password",
        "compare [capture] password with capture_password in hep.conf",
    ),
    "wrong_capture_id": (
        "with another capture id",
        "compare [capture] capture_id with capture_id in hep.conf",
    ),
    "unknown_source": (
        "from an address that is not among the sources",
        "list the address that Asterisk sends from in [capture] sources",
    ),
}


async def _endpoints(settings: Settings, ask: Ask) -> Finding:
    there, listed = await _pjsip_endpoints(ask), settings.metrics.endpoints
    missing = [name for name in listed if name not in there]
    if missing:
        return Finding(
            good=False,
            text=f"[metrics] endpoints that are none of Asterisk's: {', '.join(missing)}",
            remedy="write the names of sections with type=endpoint in pjsip.conf; "
            "load res_ari_endpoints",
        )
    return Finding(good=True, text=f"all {len(listed)} [metrics] endpoints are there")


async def _any_endpoint(ask: Ask) -> str | None:
    return next(iter(await _pjsip_endpoints(ask)), None)


async def _pjsip_endpoints(ask: Ask) -> list[str]:
    listed = (await ask(commands.endpoints())).body or ()
    return [str(each.get("resource")) for each in listed if each.get("technology") == "PJSIP"]
