import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count

import pytest
from structlog.testing import capture_logs

from stasis_refer.core.abouts import Standing
from stasis_refer.core.application import Application, Callback, Method
from stasis_refer.core.call import Call
from stasis_refer.core.events import (
    Command,
    CommandRefused,
    DocumentFetched,
    Event,
    FetchFailed,
    FetchFailure,
    LimitReached,
    OfChannel,
    OfLeg,
    PlaybackEnded,
)
from stasis_refer.core.info import CallInfo, CallStatus
from stasis_refer.core.intents import (
    Answer,
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
    Tell,
    TransferBegan,
)
from stasis_refer.core.outcome import Direction
from stasis_refer.core.verbs import Hangup, Recording, Ringback, Source, Speech, Tone
from stasis_refer.dialects.dialect import (
    DocumentError,
    Letter,
    Reading,
    Remark,
    WebhookLimits,
    WebhookRequest,
)
from stasis_refer.runtime.capacity import WHAT_TO_DO, Bounds, Capacity, Limit
from stasis_refer.runtime.directory import Directory
from stasis_refer.runtime.effects import MOST_REMARKS, RINGBACK, Effects
from stasis_refer.runtime.journal import Entry
from stasis_refer.runtime.letters import Letters
from stasis_refer.runtime.ports import MediaError, Parcel, Reply, WebhookError
from tests.runtime.parties import Capture, Line, Party, Telephony

VOICE = Callback("http://127.0.0.1/voice?q=1")
SUPPORT = Application("support", "plain", VOICE)
CALL = Call(CallInfo("k", "1.1"), SUPPORT, up=True, now=0.0)
FETCH = Fetch(FetchKind.ACTION, VOICE, Standing(CallStatus.IN_PROGRESS))
NOW = 1_764_000_000.0  # seconds since 1970
SAY, SOUND = Speech("hello"), Recording("http://127.0.0.1/x.wav")
REFER = SendRefer("sip:alice@example.com")


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
class Outbox:
    """A call has caught up when ``sent`` is set; nothing is put."""

    sent: asyncio.Event = field(default_factory=asyncio.Event)

    def keep(self, parcel: Parcel) -> int | None:
        raise NotImplementedError

    def send(self, number: int | None, parcel: Parcel) -> None:
        raise NotImplementedError

    async def caught_up(self, call: str) -> None:
        assert call == CALL.key
        await self.sent.wait()


@dataclass
class Media:
    """Has a URL for every sound, or fails with ``error``."""

    error: Exception | None = None
    made: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.made.set()

    async def speech_url(self, speech: Speech) -> str:
        await self.made.wait()
        return self._url(speech.text)

    async def recording_url(self, recording: Recording, application: str) -> str:
        assert application == CALL.application.name
        return self._url(recording.url.rpartition("/")[2])

    def _url(self, name: str) -> str:
        if self.error is not None:
            raise self.error
        return f"http://127.0.0.1/media/{name}"


class PlainDialect:
    """Reads ``bad`` as a document error, anything else as one Hangup with a remark."""

    name = "plain"
    media_type = "text/plain"
    time_limits = (30.0, 60.0)

    def __init__(self) -> None:
        self.bases: list[str] = []
        self.tokens: list[str] = []

    def fields(
        self, intent: Fetch | Tell, info: CallInfo, application: Application, now: float
    ) -> Mapping[str, object]:
        return {"kind": intent.kind, "call": info.key, "of": application.name, "now": now}

    def request(self, letter: Letter, application: Application) -> WebhookRequest:
        del application
        self.tokens.append(letter.token)
        url = letter.callback.url
        return WebhookRequest(Method.POST, url, {}, b"", _no_signature, WebhookLimits())

    def read(self, body: bytes, content_type: str, url: str, application: Application) -> Reading:
        del content_type, application
        self.bases.append(url)
        if body == b"bad":
            raise DocumentError(FetchFailure.UNKNOWN_VERB, "there is no verb Bad", 1, 2)
        remarks = (Remark("Hangup has no attribute x", 1, 9),)
        return Reading((Hangup(),), remarks * 1000 if body == b"chatty" else remarks)


def _no_signature(url: str, method: Method, now: float) -> Mapping[str, str]:
    del url, method, now
    return {}


class World:
    """The ports of all effects."""

    def __init__(
        self,
        telephony: Telephony | None = None,
        webhooks: Webhooks | None = None,
        media: Media | None = None,
        capacity: Capacity | None = None,
    ) -> None:
        self.telephony = telephony or Telephony()
        self.webhooks = webhooks or Webhooks()
        self.outbox = Outbox()
        self.outbox.sent.set()
        self.dialect = PlainDialect()
        self.directory = Directory(Capture())
        self.counted: list[tuple[str, str, str, float]] = []
        ticks = count()
        self.effects = Effects(
            telephony=self.telephony,
            directory=self.directory,
            webhooks=self.webhooks,
            outbox=self.outbox,
            media=media or Media(),
            dialects={"plain": self.dialect},
            letters=Letters({"plain": self.dialect}, lambda: NOW),
            count_webhook=self._count,
            clock=lambda: float(next(ticks)),
            capacity=capacity,
        )

    def _count(self, application: Application, kind: str, result: str, seconds: float) -> None:
        self.counted.append((application.name, kind, result, seconds))

    async def perform(self, deed: Deed) -> Event | None:
        return await self.effects.perform(CALL, CALL.info, deed)


# -- limits ----------------------------------------------------------------------

REFER_FETCH = replace(FETCH, kind=FetchKind.REFER)


@pytest.mark.parametrize(
    "deed", [REFER, REFER_FETCH, TakeOver("1.9"), CreateLeg("1.1-leg-1", "a/b", "", "")]
)
async def test_nothing_is_done_for_a_transfer_over_a_limit(deed: Deed) -> None:
    full = Capacity(Bounds(transfers=0))
    full.take(Entry(CALL, 1, 0.0, None, (TransferBegan(Direction.SENT, "sip:a@b"),)))
    world = World(capacity=full)
    assert await world.perform(deed) == LimitReached(WHAT_TO_DO[Limit.TRANSFERS])
    assert (world.telephony.asked, world.webhooks.requests) == ([], [])
    assert await world.perform(HangUp()) is None
    assert world.telephony.asked == [("hang up", "1.1", None)]


# -- Asterisk --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deed", "asked"),
    [
        (Answer(), ("answer", "1.1")),
        (REFER, ("refer", "1.1", REFER, "support")),
        (BreakOff(), ("break off", "1.1")),
        (StartPlayback("p", SAY), ("play", "1.1", "p", "sound:http://127.0.0.1/media/hello")),
        (StartPlayback("p", SOUND), ("play", "1.1", "p", "sound:http://127.0.0.1/media/x.wav")),
        (StartPlayback("p", Ringback()), ("play", "1.1", "p", RINGBACK)),
        (StartPlayback("p", Tone("us-old")), ("play", "1.1", "p", "tone:ring;tonezone=us-old")),
        (StopPlayback("p"), ("stop", "p")),
        (IndicateRinging(), ("ring", "1.1")),
        (JoinQueue("sales"), ("join queue", "1.1", "sales", "support")),
        (HangUp(), ("hang up", "1.1", None)),
        (HangUp(486), ("hang up", "1.1", 486)),
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
    [
        (Answer(), Command.ANSWER),
        (REFER, Command.REFER),
        (BreakOff(), Command.BREAK_OFF),
        (JoinQueue("sales"), Command.QUEUE),
    ],
)
async def test_a_refused_command_is_an_event(deed: Deed, command: Command, status: int) -> None:
    world = World(Telephony(status))
    assert await world.perform(deed) == CommandRefused(command, status)


@pytest.mark.parametrize(
    ("deed", "event"),
    [
        (Answer(), CommandRefused(Command.ANSWER, 0)),
        (BreakOff(), CommandRefused(Command.BREAK_OFF, 0)),
        (REFER, CommandRefused(Command.REFER, 0)),  # it may be on its way all the same
        (JoinQueue("sales"), None),
    ],
)
async def test_asterisk_never_answered(deed: Deed, event: Event | None) -> None:
    assert await World(Telephony(0)).perform(deed) == event


@pytest.mark.parametrize("status", [0, 404, 500])
@pytest.mark.parametrize(
    "deed", [StopPlayback("p"), IndicateRinging(), HangUp(), ReturnToDialplan()]
)
async def test_nothing_waits_for_what_ends(deed: Deed, status: int) -> None:
    assert await World(Telephony(status)).perform(deed) is None


@pytest.mark.parametrize("status", [0, 404, 500])
async def test_a_sound_that_asterisk_does_not_play_is_over(status: int) -> None:
    event = await World(Telephony(status)).perform(StartPlayback("p", SAY))
    assert event == PlaybackEnded("p", ok=False)


async def test_a_sound_that_was_stopped_before_it_was_there_is_never_played() -> None:
    world = World(media=(media := Media()))
    media.made.clear()
    playing = asyncio.create_task(world.perform(StartPlayback("p", SAY)))
    await asyncio.sleep(0)
    assert await world.perform(StopPlayback("p")) is None
    media.made.set()
    assert await playing is None
    assert world.telephony.asked == []
    await world.perform(StartPlayback("q", SAY))
    await world.perform(StopPlayback("q"))
    assert [asked[0] for asked in world.telephony.asked] == ["play", "stop"]


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


# -- a REFER that names another call ---------------------------------------------

NAMED = SendRefer("<sip:bob@example.com;gr=1>", replaces="key of dave")


def with_dave(dialog: str = "4@a;to-tag=2;from-tag=3") -> World:
    world = World(Telephony(dialogs={"dave": dialog, "1.1": "1@a;to-tag=1;from-tag=1"}))
    world.directory.add(Line("carol", "dave"))
    return world


async def test_the_dialog_of_the_other_call_goes_into_refer_to() -> None:
    world = with_dave()
    assert await world.perform(NAMED) is None
    sent = SendRefer("<sip:bob@example.com;gr=1?Replaces=4%40a%3Bto-tag%3D2%3Bfrom-tag%3D3>")
    assert world.telephony.asked == [("refer", "1.1", sent, "support")]


async def test_the_call_of_another_application_cannot_be_named() -> None:
    world = with_dave()
    (line,) = world.directory.calls
    line.call.application = replace(line.call.application, name="sales")
    assert await world.perform(NAMED) == CommandRefused(Command.REFER, 409)
    assert world.telephony.asked == []


@pytest.mark.parametrize(
    ("refer", "dialog", "why"),
    [
        (replace(NAMED, replaces="key of eve"), "4@a", "no other live call of the application"),
        (NAMED, "", "Asterisk does not tell its dialog"),
        (replace(NAMED, refer_to="tel:+4930123"), "4@a", "the target cannot name it"),
        (replace(NAMED, replaces="k"), "4@a", "no other live call of the application"),
    ],
)
async def test_a_call_that_cannot_be_named_is_no_refer_at_all(
    refer: SendRefer, dialog: str, why: str
) -> None:
    world = with_dave(dialog)
    world.directory.add(mine := Line("1.1"))
    mine.call.led_by(CALL.info)
    with capture_logs() as logs:
        assert await world.perform(refer) == CommandRefused(Command.REFER, 409)
    assert world.telephony.asked == []
    (line,) = logs
    assert (line["log_level"], line["replaces"]) == ("warning", refer.replaces)
    assert why in line["why"]


# -- another lead ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("deed", "event"),
    [
        (Answer(), CommandRefused(Command.ANSWER, 500)),
        (REFER, CommandRefused(Command.REFER, 500)),
        (BreakOff(), CommandRefused(Command.BREAK_OFF, 500)),
        (JoinQueue("sales"), CommandRefused(Command.QUEUE, 500)),
        (StartPlayback("p", SAY), PlaybackEnded("p", ok=False)),
    ],
)
async def test_what_failed_for_a_party_that_is_no_lead_any_more_is_its_leg_s(
    deed: Deed, event: OfChannel
) -> None:
    world, call = World(Telephony(500)), Party("bob", "alice")
    assert await world.effects.perform(call, CallInfo("k", "alice"), deed) == OfLeg("alice", event)
    assert await world.effects.perform(call, call.info, deed) == event


# -- webhooks --------------------------------------------------------------------


async def test_a_document_is_fetched_read_and_counted() -> None:
    world = World()
    with capture_logs() as logs:
        assert await world.perform(FETCH) == DocumentFetched((Hangup(),))
    assert world.counted == [("support", "action", "ok", 1.0)]
    (remark,) = logs
    assert (remark["log_level"], remark["line"], remark["column"]) == ("warning", 1, 9)
    assert "q=1" not in str(remark)


@pytest.mark.parametrize(
    "webhooks",
    [
        Webhooks(),
        Webhooks(b"bad"),
        Webhooks(error=WebhookError(FetchFailure.TIMEOUT, "late", VOICE.url)),
    ],
)
async def test_what_comes_of_a_request_has_its_number(webhooks: Webhooks) -> None:
    answer = await World(webhooks=webhooks).perform(replace(FETCH, number=7))
    assert isinstance(answer, DocumentFetched | FetchFailed)
    assert answer.number == 7


async def test_of_very_many_remarks_the_first_are_logged_and_the_rest_counted() -> None:
    with capture_logs() as logs:
        await World(webhooks=Webhooks(b"chatty")).perform(FETCH)
    assert len(logs) == MOST_REMARKS + 1
    assert logs[-1]["more"] == 1000 - MOST_REMARKS


async def test_relative_urls_are_relative_to_where_the_redirects_led() -> None:
    world = World(webhooks=Webhooks(url="http://127.0.0.1/moved"))
    await world.perform(FETCH)
    assert world.dialect.bases == ["http://127.0.0.1/moved"]


async def test_each_request_has_a_token_of_its_own_and_keeps_it_when_it_is_made_again() -> None:
    world = World()
    for number in (1, 2, 2):
        await world.perform(replace(FETCH, number=number))
    first, second, again = world.dialect.tokens
    assert first != second == again


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


# -- what is told before --------------------------------------------------------


async def test_a_request_waits_for_what_was_told_before_and_is_not_timed_meanwhile() -> None:
    world = World()
    world.outbox.sent.clear()
    fetching = asyncio.create_task(world.perform(FETCH))
    await asyncio.sleep(0.01)
    assert world.webhooks.requests == []
    world.outbox.sent.set()
    assert await fetching == DocumentFetched((Hangup(),))
    assert world.counted == [("support", "action", "ok", 1.0)]


async def test_a_bug_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        await World(webhooks=Webhooks(error=ZeroDivisionError())).perform(FETCH)
