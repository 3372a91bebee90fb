from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

import pytest
from structlog.testing import capture_logs

from stasis_refer.core.application import Application, Callback, Method
from stasis_refer.core.call import Call
from stasis_refer.core.events import (
    Command,
    CommandRefused,
    DocumentFetched,
    Event,
    FetchFailed,
    FetchFailure,
    PlaybackEnded,
)
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import (
    Answer,
    BreakOff,
    CallStatus,
    Deed,
    Fetch,
    FetchKind,
    HangUp,
    HangupCause,
    ReturnToDialplan,
    SendRefer,
    StartPlayback,
    StopPlayback,
    Tell,
)
from stasis_refer.core.verbs import Hangup, Recording, Source, Speech
from stasis_refer.dialects.dialect import (
    DocumentError,
    Reading,
    Remark,
    WebhookLimits,
    WebhookRequest,
)
from stasis_refer.runtime.effects import Effects
from stasis_refer.runtime.ports import MediaError, Reply, WebhookError

VOICE = Callback("http://127.0.0.1/voice?q=1")
SUPPORT = Application("support", "plain", VOICE)
CALL = Call(CallInfo("k", "1.1"), SUPPORT, up=True, now=0.0)
FETCH = Fetch(FetchKind.ACTION, VOICE, CallStatus.IN_PROGRESS)
TELL = Tell(VOICE, CallStatus.COMPLETED, 1.5)
SAY, SOUND = Speech("hello"), Recording("http://127.0.0.1/x.wav")
REFER = SendRefer("sip:alice@example.com")


@dataclass
class Telephony:
    """Notes what is asked of Asterisk, and answers ``status``."""

    status: int = 204
    asked: list[tuple[object, ...]] = field(default_factory=list)

    def _ask(self, *words: object) -> int:
        self.asked.append(words)
        return self.status

    async def answer(self, channel: str) -> int:
        return self._ask("answer", channel)

    async def refer(self, channel: str, refer: SendRefer, application: str) -> int:
        return self._ask("refer", channel, refer, application)

    async def break_off(self, channel: str) -> int:
        return self._ask("break off", channel)

    async def play(self, channel: str, playback: str, url: str) -> int:
        return self._ask("play", channel, playback, url)

    async def stop(self, playback: str) -> int:
        return self._ask("stop", playback)

    async def hang_up(self, channel: str, cause: HangupCause) -> int:
        return self._ask("hang up", channel, cause)

    async def go_on(self, channel: str) -> int:
        return self._ask("go on", channel)


@dataclass
class Webhooks:
    """Replies with ``body``, redirected to ``url`` if there is one, or fails with ``error``."""

    body: bytes = b"<Response/>"
    url: str = ""
    error: Exception | None = None
    requests: list[WebhookRequest] = field(default_factory=list)

    async def fetch(self, request: WebhookRequest) -> Reply:
        self.requests.append(request)
        if self.error is not None:
            raise self.error
        return Reply(200, "text/xml", self.body, self.url or request.url)


@dataclass
class Media:
    """Has a URL for every sound, or fails with ``error``."""

    error: Exception | None = None

    async def speech_url(self, speech: Speech) -> str:
        return self._url(speech.text)

    async def recording_url(self, recording: Recording) -> str:
        return self._url(recording.url.rpartition("/")[2])

    def _url(self, name: str) -> str:
        if self.error is not None:
            raise self.error
        return f"http://127.0.0.1/media/{name}"


class PlainDialect:
    """Reads ``bad`` as a document error, anything else as one Hangup with a remark."""

    name = "plain"

    def __init__(self) -> None:
        self.bases: list[str] = []
        self.tokens: list[str] = []

    def request(
        self, intent: Fetch | Tell, info: CallInfo, application: Application, token: str
    ) -> WebhookRequest:
        del info, application
        self.tokens.append(token)
        url = intent.callback.url
        return WebhookRequest(Method.POST, url, {}, b"", _no_signature, WebhookLimits())

    def read(self, body: bytes, content_type: str, url: str) -> Reading:
        del content_type
        self.bases.append(url)
        if body == b"bad":
            raise DocumentError(FetchFailure.UNKNOWN_VERB, "there is no verb Bad", 1, 2)
        return Reading((Hangup(),), (Remark("Hangup has no attribute x", 1, 9),))


def _no_signature(url: str, method: Method) -> Mapping[str, str]:
    del url, method
    return {}


class World:
    """The ports of all effects."""

    def __init__(
        self,
        telephony: Telephony | None = None,
        webhooks: Webhooks | None = None,
        media: Media | None = None,
    ) -> None:
        self.telephony = telephony or Telephony()
        self.webhooks = webhooks or Webhooks()
        self.dialect = PlainDialect()
        self.counted: list[tuple[str, str, str, float]] = []
        ticks = count()
        self.effects = Effects(
            telephony=self.telephony,
            webhooks=self.webhooks,
            media=media or Media(),
            dialects={"plain": self.dialect},
            count_webhook=self._count,
            clock=lambda: float(next(ticks)),
        )

    def _count(self, application: Application, kind: str, result: str, seconds: float) -> None:
        self.counted.append((application.name, kind, result, seconds))

    async def perform(self, deed: Deed) -> Event | None:
        return await self.effects.perform(CALL, deed)


# -- Asterisk --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deed", "asked"),
    [
        (Answer(), ("answer", "1.1")),
        (REFER, ("refer", "1.1", REFER, "support")),
        (BreakOff(), ("break off", "1.1")),
        (StartPlayback("p", SAY), ("play", "1.1", "p", "http://127.0.0.1/media/hello")),
        (StartPlayback("p", SOUND), ("play", "1.1", "p", "http://127.0.0.1/media/x.wav")),
        (StopPlayback("p"), ("stop", "p")),
        (HangUp(HangupCause.BUSY), ("hang up", "1.1", HangupCause.BUSY)),
        (ReturnToDialplan(), ("go on", "1.1")),
    ],
)
async def test_what_is_asked_of_asterisk(deed: Deed, asked: tuple[object, ...]) -> None:
    world = World()
    assert await world.perform(deed) is None
    assert world.telephony.asked == [asked]


@pytest.mark.parametrize("status", [300, 400, 404, 409, 500])
@pytest.mark.parametrize(
    ("deed", "command"),
    [(Answer(), Command.ANSWER), (REFER, Command.REFER), (BreakOff(), Command.BREAK_OFF)],
)
async def test_a_refused_command_is_an_event(deed: Deed, command: Command, status: int) -> None:
    world = World(Telephony(status))
    assert await world.perform(deed) == CommandRefused(command, status)


@pytest.mark.parametrize(
    ("deed", "event"),
    [
        (Answer(), CommandRefused(Command.ANSWER, 0)),
        (BreakOff(), CommandRefused(Command.BREAK_OFF, 0)),
        (REFER, None),  # it may be on its way all the same
    ],
)
async def test_asterisk_never_answered(deed: Deed, event: Event | None) -> None:
    assert await World(Telephony(0)).perform(deed) == event


@pytest.mark.parametrize("status", [0, 404, 500])
@pytest.mark.parametrize("deed", [StopPlayback("p"), HangUp(), ReturnToDialplan()])
async def test_nothing_waits_for_what_ends(deed: Deed, status: int) -> None:
    assert await World(Telephony(status)).perform(deed) is None


@pytest.mark.parametrize("status", [0, 404, 500])
async def test_a_sound_that_asterisk_does_not_play_is_over(status: int) -> None:
    event = await World(Telephony(status)).perform(StartPlayback("p", SAY))
    assert event == PlaybackEnded("p", ok=False)


@pytest.mark.parametrize("source", [SAY, SOUND])
@pytest.mark.parametrize(
    "error",
    [
        MediaError("no voice"),
        WebhookError(FetchFailure.STATUS, "it answered 404", "http://127.0.0.1/x.wav", 404),
    ],
)
async def test_a_sound_that_is_not_to_be_had_is_over(source: Source, error: Exception) -> None:
    world = World(media=Media(error))
    with capture_logs() as logs:
        event = await world.perform(StartPlayback("p", source))
    assert event == PlaybackEnded("p", ok=False)
    assert [line["why"] for line in logs] == [str(error)]
    assert world.telephony.asked == []


# -- webhooks --------------------------------------------------------------------


async def test_a_document_is_fetched_read_and_counted() -> None:
    world = World()
    with capture_logs() as logs:
        assert await world.perform(FETCH) == DocumentFetched((Hangup(),))
    assert world.counted == [("support", "action", "ok", 1.0)]
    (remark,) = logs
    assert (remark["log_level"], remark["line"], remark["column"]) == ("warning", 1, 9)
    assert "q=1" not in str(remark)


async def test_relative_urls_are_relative_to_where_the_redirects_led() -> None:
    world = World(webhooks=Webhooks(url="http://127.0.0.1/moved"))
    await world.perform(FETCH)
    assert world.dialect.bases == ["http://127.0.0.1/moved"]


async def test_each_request_has_a_token_of_its_own() -> None:
    world = World()
    await world.perform(FETCH)
    await world.perform(FETCH)
    assert len(set(world.dialect.tokens)) == 2


@pytest.mark.parametrize("failure", [FetchFailure.TIMEOUT, FetchFailure.STATUS])
async def test_a_webhook_that_fails_is_an_event_and_counted(failure: FetchFailure) -> None:
    error = WebhookError(failure, "it did not work", "http://127.0.0.1/moved")
    world = World(webhooks=Webhooks(error=error))
    expected = FetchFailed(failure, "http://127.0.0.1/moved", "it did not work")
    assert await world.perform(FETCH) == expected
    assert world.counted == [("support", "action", failure, 1.0)]


async def test_a_document_that_cannot_be_read_is_an_event_with_its_place() -> None:
    world = World(webhooks=Webhooks(body=b"bad"))
    expected = FetchFailed(FetchFailure.UNKNOWN_VERB, VOICE.url, "there is no verb Bad", 1, 2)
    assert await world.perform(FETCH) == expected
    assert world.counted == [("support", "action", "unknown_verb", 1.0)]


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (None, "ok"),
        (WebhookError(FetchFailure.TIMEOUT, "too slow", VOICE.url), "timeout"),
    ],
)
async def test_nothing_follows_a_status_callback(error: Exception | None, result: str) -> None:
    world = World(webhooks=Webhooks(error=error))
    with capture_logs() as logs:
        assert await world.perform(TELL) is None
    assert world.counted == [("support", "status", result, 1.0)]
    assert len(world.webhooks.requests) == 1
    assert len(logs) == (0 if error is None else 1)


async def test_a_bug_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        await World(webhooks=Webhooks(error=ZeroDivisionError())).perform(FETCH)
