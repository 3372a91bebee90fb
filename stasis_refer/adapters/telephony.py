"""The commands of the runtime, as ARI requests."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Protocol

import structlog

from stasis_refer.core.intents import SendRefer
from stasis_refer.wire import ari, causes, commands, version

_log = structlog.get_logger(__name__)


class Send(Protocol):
    """Makes requests in their order; the answers to all that may have reached Asterisk."""

    def __call__(self, *requests: commands.Request) -> Awaitable[Sequence[ari.Response]]:
        """Return at least one answer."""
        ...


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
        return await self._status(commands.answer(channel))

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
            "SIPREFERREDBYHDR": _referred_by_and_further_headers(refer),
            # The last one: without its target the dialplan sends no REFER.
            "STASIS_REFER_TO": refer.refer_to,
        }
        return await self._leave(channel, variables, commands.transfer(channel))

    async def _leave(
        self, channel: str, variables: Mapping[str, str], into_the_dialplan: commands.Request
    ) -> int:
        steps = (
            commands.subscribe(self._app, channel),
            *self._setting(channel, variables),
            into_the_dialplan,
        )
        answers = await self._send(*steps)
        never_left = len(answers) < len(steps)
        return self._told(steps, answers) or (_NOT_SENT if never_left else 0)

    async def break_off(self, channel: str) -> int:
        """Take a channel out of ``Transfer()``."""
        return await self._status(commands.break_off(channel))

    async def play(self, channel: str, playback: str, media: str) -> int:
        """Play a media URI."""
        return await self._status(commands.play(channel, playback, media))

    async def ring(self, channel: str) -> int:
        """Tell the caller of a ringing channel that it rings."""
        return await self._status(commands.ring(channel))

    async def join_queue(self, channel: str, queue: str, application: str) -> int:
        """Send a channel into a queue; its events are kept coming before it leaves ``Stasis()``.

        0 only when it got no answer: it may be on its way then.
        """
        variables = {
            "QUEUESTATUS": "",
            "STASIS_REFER_APP": self._app,
            "STASIS_REFER_APPLICATION": application,
            "STASIS_REFER_QUEUE": queue,
        }
        return await self._leave(channel, variables, commands.queue(channel))

    async def stop(self, playback: str) -> int:
        """Stop a playback."""
        return await self._status(commands.stop(playback))

    async def hang_up(self, channel: str, status: int | None) -> int:
        """End a channel; one that rings is refused with a SIP status, as near as there is."""
        return await self._status(commands.hang_up(channel, causes.cause_of(status)))

    async def go_on(self, channel: str) -> int:
        """Let a channel go on in the dialplan."""
        return await self._status(commands.go_on(channel))

    def _setting(self, channel: str, variables: Mapping[str, str]) -> list[commands.Request]:
        if self._has(version.MANY_VARIABLES):
            return [commands.set_variables(channel, variables)]
        return [commands.set_variable(channel, name, value) for name, value in variables.items()]

    async def _status(self, request: commands.Request) -> int:
        return self._told((request,), await self._send(request))

    @staticmethod
    def _told(steps: Sequence[commands.Request], answers: Sequence[ari.Response]) -> int:
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


def _referred_by_and_further_headers(refer: SendRefer) -> str:
    """Return what makes Asterisk write Referred-By, and further header lines behind it.

    chan_pjsip copies the variable raw into the one header of a REFER that can be set; it has no
    other way to add any (asterisk#2071). Both parts were checked by the core.
    """
    if not refer.headers:
        return refer.referred_by or ""
    lines = (f"{name}: {value}" for name, value in refer.headers)
    return "\r\n".join((refer.referred_by or _NOBODY, *lines))


_NOBODY: Final = "<sip:anonymous@anonymous.invalid>"  # RFC 3323, 4.1.1.3
