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
    IndicateRinging,
    JoinQueue,
    ReturnToDialplan,
    SendRefer,
    StartPlayback,
    StopPlayback,
    Tell,
)
from stasis_refer.core.verbs import Recording, Ringback, Source, Speech
from stasis_refer.dialects.dialect import Dialect, DocumentError, Letter, Reading
from stasis_refer.runtime.ports import (
    CountWebhook,
    Media,
    MediaError,
    Outbox,
    Parcel,
    Reply,
    Telephony,
    WebhookError,
    Webhooks,
)

_log = structlog.get_logger(__name__)

_FIRST_REFUSAL = 300

MOST_REMARKS = 20
"""How many remarks on one document are logged; `stasis-refer lint` tells all."""

RINGBACK = "tone:ring"
"""Asterisk's media URI of the ringing tone (indications.conf)."""


class Effects:
    """Performs the intents of all calls; ``perform`` raises only on a bug."""

    def __init__(  # noqa: PLR0913 - one argument per port
        self,
        *,
        telephony: Telephony,
        webhooks: Webhooks,
        outbox: Outbox,
        media: Media,
        dialects: Mapping[str, Dialect],
        count_webhook: CountWebhook,
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._telephony = telephony
        self._webhooks = webhooks
        self._outbox = outbox
        self._media = media
        self._dialects = dialects
        self._count_webhook = count_webhook
        self._clock = clock
        self._wall = wall
        self._awaited: set[str] = set()  # playbacks whose sound is not there yet

    async def perform(self, call: Call, deed: Deed) -> Event | None:  # noqa: C901, PLR0912 - the one switch over all deeds
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
                # Without an await before it: effects begin in the order of the intents, so
                # that parcels are put in the order in which things happened.
                self._outbox.put(self._parcel(call, deed))
            case StartPlayback():
                return await self._play(call, deed)
            case StopPlayback(playback) if playback in self._awaited:
                self._awaited.discard(playback)
            case StopPlayback(playback):
                await self._telephony.stop(playback)
            case IndicateRinging():
                await self._telephony.ring(channel)
            case JoinQueue(queue):
                name = call.application.name
                status = await self._telephony.join_queue(channel, queue, name)
                return _refused(Command.QUEUE, status) if status else None
            case HangUp(status):
                await self._telephony.hang_up(channel, status)
            case ReturnToDialplan():
                await self._telephony.go_on(channel)
            case _:
                assert_never(deed)
        return None

    async def _fetch(self, call: Call, fetch: Fetch) -> Event:
        # What was told before goes out before: a final eventHook, then the action hook.
        await self._outbox.caught_up(call.info.key)
        dialect = self._dialects[call.application.dialect]
        began, result = self._clock(), "ok"
        try:
            reply, base = await self._request(call, fetch)
            reading = dialect.read(reply.body, reply.content_type, base, call.application)
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

    async def _request(self, call: Call, fetch: Fetch) -> tuple[Reply, str]:
        """Return the reply, and the URL that relative ones in it are relative to."""
        application = call.application
        letter = self._letter(call, fetch, self._wall())
        request = self._dialects[application.dialect].request(letter, application)
        reply = await self._webhooks.fetch(request)
        # Without a redirect it is the URL as it was given, with its credentials.
        return reply, fetch.callback.url if reply.url == request.url else reply.url

    def _parcel(self, call: Call, tell: Tell) -> Parcel:
        application, now = call.application, self._wall()
        letter = self._letter(call, tell, now)
        return Parcel(call.info.key, application.name, application.dialect, tell.kind, letter, now)

    def _letter(self, call: Call, intent: Fetch | Tell, now: float) -> Letter:
        application = call.application
        dialect = self._dialects[application.dialect]
        fields = dialect.fields(intent, call.info, application, now)
        return Letter(intent.callback, uuid.uuid4().hex, fields)

    async def _play(self, call: Call, start: StartPlayback) -> Event | None:
        self._awaited.add(start.playback)
        try:
            media = await self._media_of(start.source)
        except (MediaError, WebhookError) as error:
            name, key = call.application.name, call.info.key
            _log.warning("sound cannot be played", application=name, call=key, why=str(error))
            return PlaybackEnded(start.playback, ok=False)
        finally:
            # A digit may have ended it before it began.
            wanted = start.playback in self._awaited
            self._awaited.discard(start.playback)
        if not wanted:
            return None
        status = await self._telephony.play(call.info.channel, start.playback, media)
        return None if _good(status) else PlaybackEnded(start.playback, ok=False)

    async def _media_of(self, source: Source) -> str:
        match source:
            case Speech():
                return f"sound:{await self._media.speech_url(source)}"
            case Recording():
                return f"sound:{await self._media.recording_url(source)}"
            case Ringback():
                return RINGBACK
            case _:
                assert_never(source)


def _good(status: int) -> bool:
    return 0 < status < _FIRST_REFUSAL


def _refused(command: Command, status: int) -> CommandRefused | None:
    return None if _good(status) else CommandRefused(command, status)


def _log_remarks(application: Application, url: str, reading: Reading) -> None:
    for remark in reading.remarks[:MOST_REMARKS]:
        _log.warning(
            "document has something that is passed over",
            application=application.name,
            what=remark.message,
            line=remark.line,
            column=remark.column,
            url=url.partition("?")[0],
        )
    if len(reading.remarks) > MOST_REMARKS:
        _log.warning(
            "document has more that is passed over",
            application=application.name,
            more=len(reading.remarks) - MOST_REMARKS,
        )
