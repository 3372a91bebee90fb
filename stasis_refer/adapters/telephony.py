"""The commands of the runtime, as ARI requests."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Protocol

import structlog

from stasis_refer.core.intents import Connect, CreateLeg, ReferReport, SendRefer
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

_NOT_IN_STASIS: Final = 409
_LOOKS: Final = (0.01, 0.02, 0.05, 0.1, 0.2)
"""Seconds between the looks whether Asterisk is done with what it was asked before."""

_MOST_UNANSWERED: Final = 10_000

_HANDLING: Final = "PJSIP_TRANSFER_HANDLING()"
_TO_US: Final = "ari-only"

_CALL_ID: Final = "CHANNEL(pjsip,call-id)"
_TAGS: Final = (_CALL_ID, "CHANNEL(pjsip,remote_tag)", "CHANNEL(pjsip,local_tag)")


class AriTelephony:
    """Implements ``runtime.ports.Telephony`` over any carrier of ARI requests."""

    def __init__(self, send: Send, app: str, has: Callable[[Mapping[int, int]], bool]) -> None:
        self._send = send
        self._app = app
        self._has = has
        self._recordings: dict[str, str] = {}  # by the bridge that is recorded
        self._unanswered: dict[commands.Request, None] = {}  # that must be done, and may not be

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
        return await self._surely(commands.hang_up(channel, causes.cause_of(status)))

    async def go_on(self, channel: str) -> int:
        """Let a channel go on in the dialplan."""
        return await self._status(commands.go_on(channel))

    async def ask_again(self) -> None:
        """Ask for what must be done and was not answered; Asterisk is connected again.

        Nobody else would: who asked for it is over with its call.
        """
        for request in tuple(self._unanswered):
            await self._surely(request)  # until it is answered: this may be broken off, too

    async def accept_refers(self, channel: str) -> int:
        """Let a REFER that comes on this channel be an event, and nothing else."""
        return await self._status(commands.set_variable(channel, _HANDLING, _TO_US))

    async def create_leg(self, leg: CreateLeg, originator: str) -> tuple[int, str]:
        """Make the channel of a leg on behalf of a caller's; with its SIP Call-ID, '' if none."""
        request = commands.create_leg(
            self._app, leg.channel, f"PJSIP/{leg.endpoint}", originator, _variables_of(leg)
        )
        answers = await self._send(request)
        body = answers[-1].body if answers[-1].ok else None
        try:
            call_id = ari.read_channel(body).call_id if isinstance(body, dict) else ""
        except ari.BadEvent:
            call_id = ""
        return self._told((request,), answers), call_id

    async def ring_leg(self, channel: str) -> int:
        """Send the INVITE of a leg.

        Asterisk may answer that the channel was made before it is in ``Stasis()``, the only
        place it can be called from.
        """
        request = commands.dial(channel)
        for wait in _LOOKS:
            answers = await self._send(request)
            if answers[-1].status != _NOT_IN_STASIS:
                return self._told((request,), answers)
            await asyncio.sleep(wait)
        return await self._status(request)

    async def connect(self, wanted: Connect) -> int:
        """Connect two channels in a bridge made for them; neither may be playing a sound.

        404 where one of them is gone; no bridge is left of what failed. That it cannot be
        recorded is told in the log alone.
        """
        steps = (
            commands.create_bridge(wanted.bridge, keys=wanted.keys),
            commands.add_channels(wanted.bridge, wanted.channels),
        )
        answers = await self._send(*steps)
        status = self._told(steps, answers)
        if len(answers) < len(steps) or not all(answer.ok for answer in answers):
            await self._send(commands.destroy_bridge(wanted.bridge))
        elif wanted.recording:
            self._recordings[wanted.bridge] = wanted.recording
            await self._status(commands.record(wanted.bridge, wanted.recording))
        return status

    async def separate(self, bridge: str) -> int:
        """Take a bridge away, behind the end of what it records.

        Of a recording that ends with its bridge Asterisk does not always tell.
        """
        recording = self._recordings.pop(bridge, "")
        if recording and (await self._send(commands.stop_recording(recording)))[-1].ok:
            for wait in _LOOKS:
                await asyncio.sleep(wait)
                if not (await self._send(commands.live_recording(recording)))[-1].ok:
                    break
        return await self._surely(commands.destroy_bridge(bridge))

    async def report(self, channel: str, report: ReferReport) -> int:
        """Send a NOTIFY of each REFER that this channel's far end has sent.

        Asterisk tells of a REFER before it has written down what a NOTIFY needs, and crashes when
        it is asked for one in between (``refer_incoming_ari_request``, res_pjsip_refer.c). What
        is read from a channel's SIP dialog is read when it is done with that dialog's REFER.
        """
        await self._send(commands.get_variable(channel, _CALL_ID))
        return await self._status(commands.transfer_progress(channel, report.value))

    async def dialog(self, channel: str) -> str:
        """Return what names this channel's dialog to its far end in Replaces (RFC 3891, 3).

        The to-tag is that of who receives it. '' where it is not to be had.
        """
        steps = tuple(commands.get_variable(channel, name) for name in _TAGS)
        answers = await self._send(*steps)
        self._told(steps, answers)
        bodies = [answer.body if answer.ok else None for answer in answers]
        values = [str(body.get("value", "")) for body in bodies if isinstance(body, dict)]
        if len(values) < len(steps) or not all(values):
            return ""
        call_id, theirs, ours = values
        return f"{call_id};to-tag={theirs};from-tag={ours}"

    def _setting(self, channel: str, variables: Mapping[str, str]) -> list[commands.Request]:
        if self._has(version.MANY_VARIABLES):
            return [commands.set_variables(channel, variables)]
        return [commands.set_variable(channel, name, value) for name, value in variables.items()]

    async def _surely(self, request: commands.Request) -> int:
        status = await self._status(request)
        if status:
            self._unanswered.pop(request, None)
            return status
        self._unanswered[request] = None
        if len(self._unanswered) > _MOST_UNANSWERED:
            del self._unanswered[next(iter(self._unanswered))]
        return status

    async def _status(self, request: commands.Request) -> int:
        return self._told((request,), await self._send(request))

    @staticmethod
    def _told(steps: Sequence[commands.Request], answers: Sequence[ari.Response]) -> int:
        """Return the status that counts.

        404 where the channel is gone, else that of the first step that is not done, or of the
        last one. A subscription to what is gone is refused in other words (422).
        """
        if any(map(_is_gone, answers)):
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


def _is_gone(response: ari.Response) -> bool:
    if response.ok:
        return False  # its body may be long, and is not read for this
    # addChannel says 400 where all others say 404 (resource_bridges.c).
    return response.status == _GONE or response.message == "Channel not found"


def _variables_of(leg: CreateLeg) -> dict[str, str]:
    """Return what makes Asterisk write From and the further headers of a leg's INVITE.

    Who calls is the connected line of a channel that calls. A header that is there more than
    once needs a variable of another name for each: the number behind it means nothing to
    ``PJSIP_HEADER(add,…)``.
    """
    caller = {"CONNECTEDLINE(num)": leg.caller, "CONNECTEDLINE(name)": leg.caller_name}
    variables = {_HANDLING: _TO_US}
    variables |= {name: _one_line(value) for name, value in caller.items() if value}
    times = Counter[str]()
    for name, value in leg.headers:
        times[name] += 1
        number = f",{times[name]}" if times[name] > 1 else ""
        variables[f"PJSIP_HEADER(add,{name}{number})"] = _one_line(value)
    return variables


def _one_line(text: str) -> str:
    """Return the text without what would begin a header of its own in the INVITE."""
    return _CONTROL.sub(" ", text)


_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]+")


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
