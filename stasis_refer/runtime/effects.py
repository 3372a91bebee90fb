"""Intents become I/O, and what comes of it becomes the next event."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import assert_never

import structlog

from stasis_refer.core import uri
from stasis_refer.core.application import Application
from stasis_refer.core.call import Call
from stasis_refer.core.events import (
    Command,
    DocumentFetched,
    Event,
    FetchFailed,
    LimitReached,
    PlaybackEnded,
)
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import (
    Answer,
    AnswerOrder,
    BreakOff,
    CreateLeg,
    Deed,
    Fetch,
    FetchKind,
    HangUp,
    IndicateRinging,
    JoinQueue,
    ReturnToDialplan,
    SendRefer,
    StartPlayback,
    StopPlayback,
    TakeOver,
)
from stasis_refer.core.orders import Verdict
from stasis_refer.core.verbs import Recording, Ringback, Source, Speech, Tone
from stasis_refer.dialects.credentials import with_own_userinfo
from stasis_refer.dialects.dialect import Dialect, DocumentError, Reading
from stasis_refer.dialects.webhook_urls import take_apart
from stasis_refer.runtime.capacity import WHAT_TO_DO, Capacity
from stasis_refer.runtime.directory import Directory, addressed
from stasis_refer.runtime.legs import LegEffects, good, refused
from stasis_refer.runtime.letters import Letters
from stasis_refer.runtime.ports import (
    CountWebhook,
    Media,
    MediaError,
    Outbox,
    Reply,
    Telephony,
    WebhookError,
    Webhooks,
)

_log = structlog.get_logger(__name__)

_CONFLICT = 409  # as Asterisk answers what does not go together

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
        directory: Directory,
        webhooks: Webhooks,
        outbox: Outbox,
        media: Media,
        dialects: Mapping[str, Dialect],
        count_webhook: CountWebhook,
        clock: Callable[[], float],
        letters: Letters,
        answer_order: Callable[[str, Verdict], None] = lambda *_: None,
        capacity: Capacity | None = None,
    ) -> None:
        self._telephony = telephony
        self._directory = directory
        self._legs = LegEffects(telephony, directory)
        self._webhooks = webhooks
        self._outbox = outbox
        self._media = media
        self._dialects = dialects
        self._count_webhook = count_webhook
        self._clock = clock
        self._letters = letters
        self._answer_order = answer_order
        self._capacity = capacity or Capacity()
        self._awaited: set[str] = set()  # playbacks whose sound is not there yet

    async def perform(self, call: Call, info: CallInfo, deed: Deed) -> Event | None:  # noqa: C901, PLR0911, PLR0912 - the one switch over all deeds
        """Do what a call asks for; the event that tells what came of it, if anything waits.

        ``info`` is of the party whose document ran when it was asked for.
        """
        channel = info.channel
        if _is_of_new_transfer(deed) and (limit := self._capacity.refuses_transfer(call)):
            return LimitReached(WHAT_TO_DO[limit])
        match deed:
            case Answer():
                status = await self._telephony.answer(channel)
                return refused(call, channel, Command.ANSWER, status)
            case SendRefer():
                return await self._refer(call, info, deed)
            case BreakOff():
                status = await self._telephony.break_off(channel)
                return refused(call, channel, Command.BREAK_OFF, status)
            case Fetch():
                return await self._fetch(call, info, deed)
            case StartPlayback():
                return await self._play(call, info, deed)
            case StopPlayback(playback) if playback in self._awaited:
                self._awaited.discard(playback)
            case StopPlayback(playback):
                await self._telephony.stop(playback)
            case IndicateRinging():
                await self._telephony.ring(channel)
            case JoinQueue(queue):
                name = call.application.name
                status = await self._telephony.join_queue(channel, queue, name)
                return refused(call, channel, Command.QUEUE, status) if status else None
            case HangUp(status):
                await self._telephony.hang_up(channel, status)
            case ReturnToDialplan():
                await self._telephony.go_on(channel)
            case AnswerOrder(ticket, verdict):
                self._answer_order(ticket, verdict)
            case _:
                return await self._legs.perform(call, info, deed)
        return None

    async def _refer(self, call: Call, info: CallInfo, refer: SendRefer) -> Event | None:
        if refer.replaces:
            try:
                refer = await self._with_replaces(refer, info, call.application.name)
            except _NoDialog as why:
                name, key = call.application.name, info.key
                _log.warning(
                    "call to be replaced is not to be had",
                    application=name,
                    call=key,
                    replaces=refer.replaces,
                    why=str(why),
                )
                return refused(call, info.channel, Command.REFER, _CONFLICT)
        status = await self._telephony.refer(info.channel, refer, call.application.name)
        return refused(call, info.channel, Command.REFER, status)

    async def _with_replaces(self, refer: SendRefer, info: CallInfo, application: str) -> SendRefer:
        channel = self._directory.channel_of(refer.replaces, application)
        if not channel or channel == info.channel:
            raise _NoDialog(
                "no other live call of the application has this key: name one that is connected"
            )
        dialog = await self._telephony.dialog(channel)
        if not dialog:
            raise _NoDialog("Asterisk does not tell its dialog: it has to be a SIP call")
        try:
            return replace(refer, refer_to=uri.with_replaces(refer.refer_to, dialog), replaces="")
        except uri.BadUri as bad:
            raise _NoDialog(f"the target cannot name it: {bad}") from bad

    async def _fetch(self, call: Call, info: CallInfo, fetch: Fetch) -> Event:
        # What was told before goes out before: a final eventHook, then the action hook.
        await self._outbox.caught_up(call.key)
        dialect = self._dialects[call.application.dialect]
        began, result = self._clock(), "ok"
        try:
            reply, base = await self._request(call, info, fetch)
            reading = dialect.read(reply.body, reply.content_type, base, call.application)
        except WebhookError as error:
            result = error.failure.value
            return FetchFailed(error.failure, error.url, str(error), number=fetch.number)
        except DocumentError as error:
            result = error.failure.value
            url, place = take_apart(fetch.callback.url).url, (error.line, error.column)
            return FetchFailed(error.failure, url, str(error), *place, fetch.number)
        finally:
            self._count_webhook(call.application, fetch.kind, result, self._clock() - began)
        _log_remarks(call.application, reply.url, reading)
        return DocumentFetched(reading.document, fetch.number)

    async def _request(self, call: Call, info: CallInfo, fetch: Fetch) -> tuple[Reply, str]:
        """Return the reply, and the URL that relative ones in it are relative to."""
        application = call.application
        letter = self._letters.request(call, info, fetch)
        request = self._dialects[application.dialect].request(letter, application)
        reply = await self._webhooks.fetch(request)
        # Without a redirect it is the URL as it was given, with its credentials.
        return reply, fetch.callback.url if reply.url == request.url else reply.url

    async def _play(self, call: Call, info: CallInfo, start: StartPlayback) -> Event | None:
        self._awaited.add(start.playback)
        try:
            media = await self._media_of(start.source, call.application)
        except (MediaError, WebhookError) as error:
            name, key = call.application.name, info.key
            _log.warning("sound cannot be played", application=name, call=key, why=str(error))
            return addressed(call, info.channel, PlaybackEnded(start.playback, ok=False))
        finally:
            # A digit may have ended it before it began.
            wanted = start.playback in self._awaited
            self._awaited.discard(start.playback)
        if not wanted:
            return None
        status = await self._telephony.play(info.channel, start.playback, media)
        if good(status):
            return None
        return addressed(call, info.channel, PlaybackEnded(start.playback, ok=False))

    async def _media_of(self, source: Source, application: Application) -> str:
        match source:
            case Speech():
                return f"sound:{await self._media.speech_url(source)}"
            case Recording(url):
                recording = Recording(with_own_userinfo(url, application))
                return f"sound:{await self._media.recording_url(recording, application.name)}"
            case Ringback():
                return RINGBACK
            case Tone(zone):
                return f"{RINGBACK};tonezone={zone}"
            case _:
                assert_never(source)


def _is_of_new_transfer(deed: Deed) -> bool:
    """Tell whether this is what a transfer begins with, as it does with a leg in its place."""
    match deed:
        case SendRefer() | TakeOver() | CreateLeg() | Fetch(kind=FetchKind.REFER):
            return True
        case _:
            return False


class _NoDialog(Exception):
    """A dialog that a REFER is to name is not to be had; says why, and what to do."""


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
