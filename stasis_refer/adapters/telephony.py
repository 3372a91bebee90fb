"""The commands of the runtime, as ARI requests."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

import structlog

from stasis_refer.core.intents import HangupCause, SendRefer
from stasis_refer.wire import ari

_log = structlog.get_logger(__name__)

Send: TypeAlias = Callable[[ari.Request], Awaitable[ari.Response]]

_CAUSES: Final = {
    # Q.850, as chan_pjsip maps it to SIP (hangup_cause2sip).
    HangupCause.NORMAL: 16,
    HangupCause.BUSY: 17,  # 486
    HangupCause.REJECTED: 1,  # 404
}

_NOT_SENT: Final = 503

_GONE: Final = 404
"""What was asked for is not there any more: the usual end of a hang-up that crosses ours."""


class AriTelephony:
    """Implements ``runtime.ports.Telephony`` over any carrier of ARI requests."""

    def __init__(self, send: Send, app: str, has: Callable[[Mapping[int, int]], bool]) -> None:
        self._send = send
        self._app = app
        self._has = has

    async def answer(self, channel: str) -> int:
        """Answer a ringing channel."""
        return await self._status(ari.answer(channel))

    async def refer(self, channel: str, refer: SendRefer, application: str) -> int:
        """Send a REFER. The channel's events are kept coming before it leaves ``Stasis()``.

        0 only when the last step got no answer: the REFER may be on its way then.
        """
        variables = {
            "STASIS_REFER_TO": refer.refer_to,
            "STASIS_REFER_APP": self._app,
            "STASIS_REFER_APPLICATION": application,
            "SIPREFERREDBYHDR": refer.referred_by or "",
        }
        for step in (ari.subscribe(self._app, channel), *self._setting(channel, variables)):
            # One after the other: with its variable refused the REFER would have no target.
            status = await self._status(step)
            if not ari.Response(status).ok:
                return status or _NOT_SENT
        return await self._status(ari.transfer(channel))

    async def break_off(self, channel: str) -> int:
        """Take a channel out of ``Transfer()``."""
        return await self._status(ari.break_off(channel))

    async def play(self, channel: str, playback: str, url: str) -> int:
        """Play a WAV that Asterisk fetches over HTTP."""
        return await self._status(ari.play(channel, playback, f"sound:{url}"))

    async def stop(self, playback: str) -> int:
        """Stop a playback."""
        return await self._status(ari.stop(playback))

    async def hang_up(self, channel: str, cause: HangupCause) -> int:
        """End a channel."""
        return await self._status(ari.hang_up(channel, _CAUSES[cause]))

    async def go_on(self, channel: str) -> int:
        """Let a channel go on in the dialplan."""
        return await self._status(ari.go_on(channel))

    def _setting(self, channel: str, variables: Mapping[str, str]) -> list[ari.Request]:
        if self._has(ari.MANY_VARIABLES):
            return [ari.set_variables(channel, variables)]
        return [ari.set_variable(channel, name, value) for name, value in variables.items()]

    async def _status(self, request: ari.Request) -> int:
        response = await self._send(request)
        if not response.ok and response.status != _GONE:
            _log.warning(
                "Asterisk refused a command",
                method=request.method,
                path=request.path,
                status=response.status,
                why=response.message,
            )
        return response.status
