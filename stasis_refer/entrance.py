"""The way in: a call that entered ``Stasis()`` waits a moment for what is known of its caller."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, Protocol

from stasis_refer.adapters.capture import CaptureListener, NoCapture
from stasis_refer.core.info import CallInfo
from stasis_refer.core.leg import names_leg
from stasis_refer.wire import ari, commands, dialog

_PATIENCE: Final = 0.05  # seconds
_REMOTE_URI: Final = "CHANNEL(pjsip,remote_uri)"


class Enter(Protocol):
    """Takes a call in; ``Switchboard.entered`` does."""

    def __call__(self, channel: CallInfo, application: str, *, up: bool) -> None:
        """Take a call in for an application."""
        ...


class _Waiting(NamedTuple):
    """A call at the door, until ``due`` at the latest."""

    due: asyncio.TimerHandle
    channel: ari.Channel
    arguments: tuple[str, ...]


class Entrance:
    """Lets calls in, in the order of their events.

    The INVITE's captured copy says who calls. It may be late, as Asterisk copies its messages on
    the side; it is waited for, for a moment. Where nothing is captured Asterisk is asked for the
    caller's host.
    """

    def __init__(
        self,
        capture: CaptureListener | NoCapture,
        ask: Callable[[commands.Request], Awaitable[ari.Response]],
        enter: Enter,
    ) -> None:
        self._capture = capture
        self._ask = ask
        self._enter = enter
        self._waiting: dict[str, _Waiting] = {}
        self._asking: set[asyncio.Task[None]] = set()

    def entered(self, channel: ari.Channel, arguments: tuple[str, ...]) -> None:
        """Let a call in, now or in a moment; a leg of ours has no caller to be asked for."""
        match self._capture:
            case _ if not channel.call_id or names_leg(channel.id):
                self._pass(channel, arguments)
            case NoCapture():
                self._let_wait(channel, arguments)
                task = asyncio.get_running_loop().create_task(self._ask_who_calls(channel.id))
                self._asking.add(task)
                task.add_done_callback(self._asking.discard)
            case capture if capture.knows(channel.call_id):
                self._pass(channel, arguments)
            case _:
                self._let_wait(channel, arguments)

    def let_in(self, channel: str, peer: str = "") -> None:
        """Let a call in that waits: something happened to it, or it waited long enough."""
        waiting = self._waiting.pop(channel, None)
        if waiting is not None:
            waiting.due.cancel()
            self._pass(waiting.channel, waiting.arguments, peer)

    def close(self) -> None:
        """Let nobody in any more."""
        for waiting in self._waiting.values():
            waiting.due.cancel()
        self._waiting.clear()
        for task in self._asking:
            task.cancel()

    def _let_wait(self, channel: ari.Channel, arguments: tuple[str, ...]) -> None:
        due = asyncio.get_running_loop().call_later(_PATIENCE, self.let_in, channel.id)
        self._waiting[channel.id] = _Waiting(due, channel, arguments)

    async def _ask_who_calls(self, channel: str) -> None:
        answer = await self._ask(commands.get_variable(channel, _REMOTE_URI))
        told = answer.body if answer.ok else None
        uri = str(told.get("value", "")) if isinstance(told, dict) else ""
        self.let_in(channel, dialog.parties(uri)[1])

    def _pass(self, channel: ari.Channel, arguments: tuple[str, ...], peer: str = "") -> None:
        application = arguments[0] if arguments else ""
        info = CallInfo(
            key="",
            channel=channel.id,
            call_id=channel.call_id,
            channel_name=channel.name,
            caller=channel.caller,
            caller_name=channel.caller_name,
            # Where the dialplan has moved on to "s", the extension dialed is not known.
            dialed=channel.dialed if channel.dialed != "s" else application,
            peer=peer,
            # Where its INVITE's copy is late, so may others be.
            watched=bool(channel.call_id) and self._capture.hears(),
        )
        self._enter(info, application, up=channel.up)
