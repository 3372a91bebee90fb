import asyncio
import re
import socket
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from stasis_refer.adapters import media
from stasis_refer.adapters.http import HttpServer
from stasis_refer.adapters.media import AT_ONCE, MAX_RECORDING, PER_APPLICATION, MediaShelf
from stasis_refer.adapters.speech import Speaker
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.verbs import Recording, Speech
from stasis_refer.runtime.ports import MediaError, WebhookError

HELLO = Speech("Hello")
MUSIC = Recording("https://example.com/music.mp3")


class Studio:
    """Makes sounds that are easy to tell apart, and writes down what it made."""

    def __init__(self) -> None:
        self.spoken: list[Speech] = []
        self.fetched: list[str] = []
        self.files = {MUSIC.url: b"la la"}
        self.clock = 1000.0
        self.open = asyncio.Event()
        self.open.set()

    async def speak(self, speech: Speech) -> bytes:
        self.spoken.append(speech)
        await self.open.wait()
        if speech.text == "unspeakable":
            raise MediaError("no voice today")
        return f"{speech.text}|{speech.language}|{speech.voice}".encode()

    async def convert(self, sound: bytes) -> bytes:
        if sound == b"noise":
            raise MediaError("not a sound")
        return b"WAV " + sound

    async def fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        await self.open.wait()
        try:
            return self.files[url]
        except KeyError:
            raise WebhookError(FetchFailure.CONNECTION, "nobody there", url) from None

    def shelf(self, **limits: int) -> MediaShelf:
        return MediaShelf(
            "http://127.0.0.1:8080/",
            speak=self.speak,
            convert=self.convert,
            fetch=self.fetch,
            now=lambda: self.clock,
            **limits,
        )


def name_of(url: str) -> str:
    return url.rpartition("/")[2]


async def test_a_sound_is_found_under_its_url_alone() -> None:
    shelf = Studio().shelf()
    url = await shelf.speech_url(HELLO)
    assert re.fullmatch(r"http://127\.0\.0\.1:8080/media/[0-9a-f]{64}\.wav", url)
    assert shelf.get(name_of(url)) == b"Hello||"
    assert shelf.get("0" * 64 + ".wav") is None
    assert shelf.get("") is None


async def test_nobody_can_work_out_a_name() -> None:
    studio = Studio()
    assert await studio.shelf().speech_url(HELLO) != await studio.shelf().speech_url(HELLO)


async def test_the_same_text_has_the_same_url_and_is_spoken_once() -> None:
    studio = Studio()
    shelf = studio.shelf()
    urls = [await shelf.speech_url(Speech("Hello")) for _ in range(3)]
    assert len(set(urls)) == 1
    assert studio.spoken == [HELLO]


async def test_text_language_and_voice_each_make_another_sound() -> None:
    shelf = Studio().shelf()
    speeches = [Speech("a"), Speech("b"), Speech("a", "de"), Speech("a", "", "de"), Speech("", "a")]
    assert len({await shelf.speech_url(speech) for speech in speeches}) == len(speeches)


async def test_callers_who_ask_at_once_share_one_synthesis() -> None:
    studio = Studio()
    shelf = studio.shelf()
    urls = await asyncio.gather(*(shelf.speech_url(HELLO) for _ in range(5)))
    assert len(set(urls)) == 1
    assert len(studio.spoken) == 1


async def test_a_caller_who_leaves_does_not_end_it_for_the_others() -> None:
    studio = Studio()
    studio.open.clear()
    shelf = studio.shelf()
    leaving, staying = (asyncio.create_task(shelf.speech_url(HELLO)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    studio.open.set()
    assert shelf.get(name_of(await staying)) == b"Hello||"
    assert len(studio.spoken) == 1


async def test_a_failure_that_nobody_waits_for_is_not_lost_noise(
    caplog: pytest.LogCaptureFixture,
) -> None:
    studio = Studio()
    studio.open.clear()
    shelf = studio.shelf()
    task = asyncio.create_task(shelf.speech_url(Speech("unspeakable")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    studio.open.set()
    await asyncio.sleep(0.01)
    assert caplog.records == []


async def test_a_failure_reaches_all_who_asked_and_is_tried_again() -> None:
    studio = Studio()
    shelf = studio.shelf()
    asked = (shelf.speech_url(Speech("unspeakable")) for _ in range(2))
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert [(type(result), str(result)) for result in results] == [
        (MediaError, "no voice today")
    ] * 2
    with pytest.raises(MediaError):
        await shelf.speech_url(Speech("unspeakable"))
    assert len(studio.spoken) == 2


async def test_a_recording_is_fetched_and_converted() -> None:
    shelf = Studio().shelf()
    assert shelf.get(name_of(await shelf.recording_url(MUSIC, "support"))) == b"WAV la la"


@pytest.mark.parametrize(("later", "fetched"), [(0.0, 1), (59.0, 1), (60.0, 2), (3600.0, 2)])
async def test_a_recording_is_fetched_at_most_once_a_minute(later: float, fetched: int) -> None:
    studio = Studio()
    shelf = studio.shelf()
    first = await shelf.recording_url(MUSIC, "support")
    studio.clock += later
    assert await shelf.recording_url(MUSIC, "support") == first
    assert len(studio.fetched) == fetched


async def test_a_recording_that_changed_gets_another_url() -> None:
    studio = Studio()
    shelf = studio.shelf()
    first = await shelf.recording_url(MUSIC, "support")
    studio.files[MUSIC.url] = b"tra la"
    studio.clock += 60
    second = await shelf.recording_url(MUSIC, "support")
    assert second != first
    assert shelf.get(name_of(second)) == b"WAV tra la"


async def test_the_same_sound_from_two_places_has_one_url() -> None:
    studio = Studio()
    other = Recording("https://example.org/copy.mp3")
    studio.files[other.url] = studio.files[MUSIC.url]
    shelf = studio.shelf()
    assert await shelf.recording_url(MUSIC, "support") == await shelf.recording_url(
        other, "support"
    )


async def test_callers_who_ask_at_once_share_one_fetch() -> None:
    studio = Studio()
    shelf = studio.shelf()
    await asyncio.gather(*(shelf.recording_url(MUSIC, "support") for _ in range(5)))
    assert studio.fetched == [MUSIC.url]


@pytest.mark.parametrize(
    ("file", "error", "message"),
    [
        (None, WebhookError, "nobody there"),
        (b"noise", MediaError, "not a sound"),
        (b"x" * (MAX_RECORDING + 1), MediaError, "10485761 bytes, at most 10485760"),
    ],
    ids=["missing", "noise", "large"],
)
async def test_a_recording_that_cannot_be_had(
    file: bytes | None, error: type[Exception], message: str
) -> None:
    studio = Studio()
    studio.files = {} if file is None else {MUSIC.url: file}
    with pytest.raises(error, match=message):
        await studio.shelf().recording_url(MUSIC, "support")


async def test_what_was_not_used_for_longest_goes_first() -> None:
    studio = Studio()
    shelf = studio.shelf(max_sounds=2)
    used, unused = [name_of(await shelf.speech_url(Speech(text))) for text in "ab"]
    assert shelf.get(used)
    new = name_of(await shelf.speech_url(Speech("c")))
    assert [shelf.get(name) is not None for name in (used, unused, new)] == [True, False, True]


async def test_a_speech_that_was_dropped_is_made_again_under_its_url() -> None:
    studio = Studio()
    shelf = studio.shelf(max_sounds=1)
    first = await shelf.speech_url(HELLO)
    await shelf.speech_url(Speech("Goodbye"))
    assert shelf.get(name_of(first)) is None
    assert await shelf.speech_url(HELLO) == first
    assert shelf.get(name_of(first)) == b"Hello||"


@pytest.mark.parametrize(("room", "kept"), [(9, 3), (8, 2), (3, 1)])
async def test_the_shelf_is_bounded_in_bytes(room: int, kept: int) -> None:
    shelf = Studio().shelf(max_bytes=room)
    names = [name_of(await shelf.speech_url(Speech(text))) for text in "abc"]
    assert [name for name in names if shelf.get(name)] == names[3 - kept :]


async def test_a_sound_larger_than_the_shelf_is_refused() -> None:
    shelf = Studio().shelf(max_bytes=8)
    kept = name_of(await shelf.speech_url(Speech("a")))
    with pytest.raises(MediaError, match="9 bytes, room for 8"):
        await shelf.speech_url(Speech("x" * 7))
    assert shelf.get(kept)


async def test_a_recording_that_was_dropped_is_fetched_again() -> None:
    studio = Studio()
    shelf = studio.shelf(max_sounds=1)
    first = await shelf.recording_url(MUSIC, "support")
    await shelf.speech_url(HELLO)
    assert await shelf.recording_url(MUSIC, "support") == first
    assert shelf.get(name_of(first)) == b"WAV la la"
    assert len(studio.fetched) == 2


async def test_which_urls_were_fetched_is_remembered_only_so_far() -> None:
    studio = Studio()
    shelf = studio.shelf(max_sounds=1)
    for number in (1, 2, 1):
        studio.files[f"https://example.com/{number}"] = b"the same"
        await shelf.recording_url(Recording(f"https://example.com/{number}"), "support")
    assert len(studio.fetched) == 3


ASK: list[Callable[[MediaShelf], Awaitable[str]]] = [
    lambda shelf: shelf.speech_url(HELLO),
    lambda shelf: shelf.recording_url(MUSIC, "support"),
]


@pytest.mark.parametrize("ask", ASK, ids=["speech", "recording"])
async def test_closing_breaks_off_what_is_being_made(
    ask: Callable[[MediaShelf], Awaitable[str]],
) -> None:
    studio = Studio()
    studio.open.clear()
    shelf = studio.shelf()
    task = asyncio.ensure_future(ask(shelf))
    await asyncio.sleep(0.01)
    await shelf.close()
    with pytest.raises(asyncio.CancelledError):
        await task


async def _no_recording(_: str) -> bytes | None:
    return None


async def test_a_spoken_text_is_fetched_over_http() -> None:
    speaker = Speaker()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    shelf = MediaShelf(
        f"http://127.0.0.1:{port}",
        speak=speaker.speak,
        convert=speaker.convert,
        fetch=Studio().fetch,
    )
    server = HttpServer(
        "127.0.0.1",
        port,
        not_ready=list,
        metrics=lambda _: (b"", ""),
        media=shelf.get,
        recording=_no_recording,
    )
    await server.start()
    url = await shelf.speech_url(HELLO)
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "audio/wav"
        sound = await response.read()
    await server.stop()
    assert sound == await speaker.speak(HELLO)


def many(shelf: MediaShelf, studio: Studio, number: int, of: str) -> list[asyncio.Task[str]]:
    """Want as many recordings, each another one, for an application."""
    urls = [f"https://{of}.example/{each}.mp3" for each in range(number)]
    studio.files |= dict.fromkeys(urls, of.encode())
    return [asyncio.create_task(shelf.recording_url(Recording(url), of)) for url in urls]


async def test_one_application_leaves_the_others_places_to_fetch_in() -> None:
    studio = Studio()
    studio.open.clear()
    shelf = studio.shelf()
    tasks = many(shelf, studio, PER_APPLICATION + 5, "slow") + many(shelf, studio, 1, "other")
    await asyncio.sleep(0.01)
    assert len(studio.fetched) == PER_APPLICATION + 1
    assert "https://other.example/0.mp3" in studio.fetched
    studio.open.set()
    await asyncio.gather(*tasks)
    assert len(studio.fetched) == len(tasks)


async def test_all_applications_together_fetch_so_many_at_once() -> None:
    studio = Studio()
    studio.open.clear()
    shelf = studio.shelf()
    tasks = [each for name in "abcdef" for each in many(shelf, studio, PER_APPLICATION, name)]
    await asyncio.sleep(0.01)
    assert len(studio.fetched) == AT_ONCE < len(tasks)
    studio.open.set()
    await asyncio.gather(*tasks)


async def test_who_waits_too_long_for_a_place_gets_no_recording(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(media, "PATIENCE", 0.02)
    studio = Studio()
    studio.open.clear()
    shelf = studio.shelf()
    *first, last = many(shelf, studio, PER_APPLICATION + 1, "slow")
    with pytest.raises(MediaError, match="too many recordings"):
        await last
    studio.open.set()
    await asyncio.gather(*first)  # those that are under way have the time of their request
    assert await asyncio.gather(*many(shelf, studio, PER_APPLICATION + 1, "slow"))
