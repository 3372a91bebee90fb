"""Intents become I/O, and what comes of it becomes the next event."""

import uuid
from collections.abc import Callable, Mapping
from typing import assert_never

import structlog

from stasis_refer.core.application import Application
from stasis_refer.core.call import Call
from stasis_refer.core.events import (
    Command,
    CommandRefused,
    DocumentFetched,
    Event,
    FetchFailed,
    PlaybackEnded,
)
from stasis_refer.core.intents import (
    Answer,
    BreakOff,
    Deed,
    Fetch,
    HangUp,
    ReturnToDialplan,
    SendRefer,
    StartPlayback,
    StopPlayback,
    Tell,
)
from stasis_refer.core.verbs import Recording, Speech
from stasis_refer.dialects.dialect import Dialect, DocumentError, Reading
from stasis_refer.runtime.ports import (
    CountWebhook,
    Media,
    MediaError,
    Reply,
    Telephony,
    WebhookError,
    Webhooks,
)

_log = structlog.get_logger(__name__)

_FIRST_REFUSAL = 300


class Effects:
    """Performs the intents of all calls; ``perform`` raises only on a bug."""

    def __init__(  # noqa: PLR0913 - one argument per port
        self,
        *,
        telephony: Telephony,
        webhooks: Webhooks,
        media: Media,
        dialects: Mapping[str, Dialect],
        count_webhook: CountWebhook,
        clock: Callable[[], float],
    ) -> None:
        self._telephony = telephony
        self._webhooks = webhooks
        self._media = media
        self._dialects = dialects
        self._count_webhook = count_webhook
        self._clock = clock

    async def perform(self, call: Call, deed: Deed) -> Event | None:
        """Do what a call asks for; the event that tells what came of it, if anything waits."""
        channel = call.info.channel
        match deed:
            case Answer():
                return _refused(Command.ANSWER, await self._telephony.answer(channel))
            case SendRefer():
                status = await self._telephony.refer(channel, deed, call.application.name)
                # Without an answer it may be on its way: what is seen of it decides.
                return _refused(Command.REFER, status) if status else None
            case BreakOff():
                return _refused(Command.BREAK_OFF, await self._telephony.break_off(channel))
            case Fetch():
                return await self._fetch(call, deed)
            case Tell():
                await self._tell(call, deed)
            case StartPlayback():
                return await self._play(channel, deed)
            case StopPlayback(playback):
                await self._telephony.stop(playback)
            case HangUp(cause):
                await self._telephony.hang_up(channel, cause)
            case ReturnToDialplan():
                await self._telephony.go_on(channel)
            case _:
                assert_never(deed)
        return None

    async def _fetch(self, call: Call, fetch: Fetch) -> Event:
        dialect = self._dialects[call.application.dialect]
        began, result = self._clock(), "ok"
        try:
            reply, base = await self._request(call, fetch)
            reading = dialect.read(reply.body, reply.content_type, base)
        except WebhookError as error:
            result = error.failure.value
            return FetchFailed(error.failure, error.url, str(error))
        except DocumentError as error:
            result = error.failure.value
            url = fetch.callback.url
            return FetchFailed(error.failure, url, str(error), error.line, error.column)
        finally:
            self._count_webhook(call.application, fetch.kind, result, self._clock() - began)
        _log_remarks(call.application, reply.url, reading)
        return DocumentFetched(reading.document)

    async def _tell(self, call: Call, tell: Tell) -> None:
        began, result = self._clock(), "ok"
        try:
            await self._request(call, tell)
        except WebhookError as error:
            result = error.failure.value
            _log.warning(
                "status callback failed",
                application=call.application.name,
                call=call.info.key,
                why=str(error),
            )
        finally:
            self._count_webhook(call.application, "status", result, self._clock() - began)

    async def _request(self, call: Call, intent: Fetch | Tell) -> tuple[Reply, str]:
        """Return the reply, and the URL that relative ones in it are relative to."""
        dialect = self._dialects[call.application.dialect]
        token = uuid.uuid4().hex
        request = dialect.request(intent, call.info, call.application, token)
        reply = await self._webhooks.fetch(request)
        # Without a redirect it is the URL as it was given, with its credentials.
        return reply, intent.callback.url if reply.url == request.url else reply.url

    async def _play(self, channel: str, start: StartPlayback) -> Event | None:
        try:
            match start.source:
                case Speech() as speech:
                    url = await self._media.speech_url(speech)
                case Recording() as recording:
                    url = await self._media.recording_url(recording)
        except (MediaError, WebhookError) as error:
            _log.warning("sound cannot be played", channel=channel, why=str(error))
            return PlaybackEnded(start.playback, ok=False)
        status = await self._telephony.play(channel, start.playback, url)
        return None if _good(status) else PlaybackEnded(start.playback, ok=False)


def _good(status: int) -> bool:
    return 0 < status < _FIRST_REFUSAL


def _refused(command: Command, status: int) -> CommandRefused | None:
    return None if _good(status) else CommandRefused(command, status)


def _log_remarks(application: Application, url: str, reading: Reading) -> None:
    for remark in reading.remarks:
        _log.warning(
            "document has something that is passed over",
            application=application.name,
            what=remark.message,
            line=remark.line,
            column=remark.column,
            url=url.partition("?")[0],
        )
