"""The commands of the runtime, as ARI requests."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Protocol

import structlog

from stasis_refer.core.intents import HangupCause, SendRefer
from stasis_refer.wire import ari, version

_log = structlog.get_logger(__name__)


class Send(Protocol):
    """Makes requests in their order; the answers to all that may have reached Asterisk."""

    def __call__(self, *requests: ari.Request) -> Awaitable[Sequence[ari.Response]]:
        """Return at least one answer."""
        ...


_CAUSES: Final = {
    # Q.850, as chan_pjsip maps it to SIP (hangup_cause2sip).
    HangupCause.NORMAL: 16,
    HangupCause.BUSY: 17,  # 486
    HangupCause.REJECTED: 1,  # 404
    HangupCause.FAILED: 38,  # 500: whoever routes the call may try another way
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

        0 only when it got no answer: the REFER may be on its way then.
        """
        variables = {
            # What the end of the call tells must not be an earlier transfer's result.
            "TRANSFERSTATUS": "",
            "TRANSFERSTATUSPROTOCOL": "",
            "STASIS_REFER_NUMBER": str(refer.number),
            "STASIS_REFER_APP": self._app,
            "STASIS_REFER_APPLICATION": application,
            "SIPREFERREDBYHDR": refer.referred_by or "",
            # The last one: without its target the dialplan sends no REFER.
            "STASIS_REFER_TO": refer.refer_to,
        }
        steps = (
            ari.subscribe(self._app, channel),
            *self._setting(channel, variables),
            ari.transfer(channel),
        )
        answers = await self._send(*steps)
        never_left = len(answers) < len(steps)
        return self._told(steps, answers) or (_NOT_SENT if never_left else 0)

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
        if self._has(version.MANY_VARIABLES):
            return [ari.set_variables(channel, variables)]
        return [ari.set_variable(channel, name, value) for name, value in variables.items()]

    async def _status(self, request: ari.Request) -> int:
        return self._told((request,), await self._send(request))

    @staticmethod
    def _told(steps: Sequence[ari.Request], answers: Sequence[ari.Response]) -> int:
        """Return the status that counts.

        404 where the channel is gone, else that of the first step that is not done, or of the
        last one. A subscription to what is gone is refused in other words (422).
        """
        if any(response.status == _GONE for response in answers):
            return _GONE
        for request, response in zip(steps, answers, strict=False):
            if not response.ok:
                _log.warning(
                    "Asterisk refused a command",
                    method=request.method,
                    path=request.path,
                    status=response.status,
                    why=response.message,
                )
                return response.status
        return answers[-1].status
