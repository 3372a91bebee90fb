"""The sounds that Asterisk fetches from us over HTTP, kept in memory."""

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from stasis_refer.core.verbs import Recording, Speech
from stasis_refer.runtime.ports import MediaError

MAX_RECORDING: Final = 10 * 1024 * 1024  # bytes, as fetched
AT_ONCE: Final = 32
"""Recordings that are fetched or converted at once."""

PER_APPLICATION: Final = 8
"""Those of one application: a customer whose server is slow leaves the others theirs."""

PATIENCE: Final = 15.0
"""Seconds that a recording waits until it can be fetched."""

_RECORDING_KEPT: Final = 60.0  # seconds until a recording is fetched again


class MediaShelf:
    """Sounds under names that only their URL tells.

    A name is an HMAC, with a secret of this process, of what the sound is made from: the same
    sound always has the same URL, by which Asterisk caches it. ``speak`` and ``convert`` make a
    telephone WAV (8 kHz, 16 bit, one channel) from a text and from a sound file, ``fetch``
    gets the file at a URL; what they raise is raised to all who asked. ``now`` is a clock in
    seconds. What was not used for longest goes first when the shelf is full.
    """

    def __init__(  # noqa: PLR0913 - three ports and three limits, all by keyword
        self,
        public_url: str,
        *,
        speak: Callable[[Speech], Awaitable[bytes]],
        convert: Callable[[bytes], Awaitable[bytes]],
        fetch: Callable[[str], Awaitable[bytes]],
        now: Callable[[], float] = time.monotonic,
        max_bytes: int = 64 * 1024 * 1024,
        max_sounds: int = 1000,
    ) -> None:
        self._base = public_url.rstrip("/") + "/media/"
        self._speak, self._convert, self._fetch = speak, convert, fetch
        self._now = now
        self._max_bytes, self._max_sounds = max_bytes, max_sounds
        self._secret = secrets.token_bytes(32)
        self._sounds: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._recordings: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._making: dict[str, asyncio.Task[str]] = {}
        self._places = asyncio.Semaphore(AT_ONCE)
        self._places_of = defaultdict[str, asyncio.Semaphore](
            lambda: asyncio.Semaphore(PER_APPLICATION)
        )

    async def speech_url(self, speech: Speech) -> str:
        """Return where the spoken text is to be fetched. Raises MediaError, as ``speak`` does.

        Callers that ask for the same text at once wait for one synthesis.
        """
        name = self._name("speech", speech.text, speech.language, speech.voice)
        if self.get(name) is None:
            await self._once(name, lambda: self._say(name, speech))
        return self._base + name

    async def recording_url(self, recording: Recording, application: str) -> str:
        """Return where the recording is to be fetched, as a telephone WAV.

        ``application`` wants it. Raises MediaError, and what ``fetch`` and ``convert`` raise.
        The recording is fetched at most once a minute. One that changed gets another URL.
        """
        source = self._name("recording", recording.url)
        name, until = self._recordings.get(source, ("", 0.0))
        if self._now() >= until or self.get(name) is None:
            name = await self._once(
                source, lambda: self._record(source, recording.url, application)
            )
        return self._base + name

    def get(self, name: str) -> bytes | None:
        """Return the WAV of that name, None when there is none (any more)."""
        if name not in self._sounds:
            return None
        self._sounds.move_to_end(name)
        return self._sounds[name]

    async def close(self) -> None:
        """Break off what is being made."""
        tasks = list(self._making.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _once(self, key: str, make: Callable[[], Coroutine[None, None, str]]) -> str:
        """Make a thing once for all who ask meanwhile; a caller that leaves ends nothing."""
        task = self._making.get(key)
        if task is None:
            task = asyncio.create_task(make())
            self._making[key] = task
            task.add_done_callback(lambda done: self._made(key, done))
        return await asyncio.shield(task)

    def _made(self, key: str, task: asyncio.Task[str]) -> None:
        del self._making[key]
        if not task.cancelled():
            task.exception()  # read, as all who asked may have left

    async def _say(self, name: str, speech: Speech) -> str:
        return self._put(name, await self._speak(speech))

    async def _record(self, source: str, url: str, application: str) -> str:
        async with self._place(application):
            sound = await self._fetch(url)
            if len(sound) > MAX_RECORDING:
                raise MediaError(f"a recording of {len(sound)} bytes, at most {MAX_RECORDING}")
            sound = await self._convert(sound)
        name = self._put(self._name("sound", hashlib.sha256(sound).hexdigest()), sound)
        self._recordings[source] = (name, self._now() + _RECORDING_KEPT)
        self._recordings.move_to_end(source)
        if len(self._recordings) > self._max_sounds:
            self._recordings.popitem(last=False)
        return name

    @asynccontextmanager
    async def _place(self, application: str) -> AsyncIterator[None]:
        async with AsyncExitStack() as taken:
            try:
                async with asyncio.timeout(PATIENCE):
                    await taken.enter_async_context(self._places_of[application])
                    await taken.enter_async_context(self._places)
            except TimeoutError:
                raise MediaError("too many recordings are being fetched") from None
            yield

    def _name(self, *content: str) -> str:
        text = json.dumps(content).encode()
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest() + ".wav"

    def _put(self, name: str, sound: bytes) -> str:
        if len(sound) > self._max_bytes:
            raise MediaError(f"a sound of {len(sound)} bytes, room for {self._max_bytes}")
        self._bytes += len(sound) - len(self._sounds.pop(name, b""))
        self._sounds[name] = sound
        while self._bytes > self._max_bytes or len(self._sounds) > self._max_sounds:
            _, dropped = self._sounds.popitem(last=False)
            self._bytes -= len(dropped)
        return name
