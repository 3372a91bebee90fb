"""Text and sound files made into what a telephone plays: WAV, 8 kHz, 16 bit, one channel.

espeak-ng speaks, sox converts. What strangers wrote reaches them on standard input only:
their arguments come from the tables below, and they see nothing of our environment, where
secrets may be.
"""

import asyncio
import io
import os
import re
import shutil
import wave
from asyncio.subprocess import PIPE
from typing import BinaryIO, Final

import structlog

from stasis_refer.core.verbs import Speech
from stasis_refer.runtime.ports import MediaError

REMEDY: Final = "apt-get install espeak-ng sox libsox-fmt-mp3"
MAX_TEXT: Final = 4096  # characters
MAX_SECONDS: Final = 1800  # of sound

_SPEAK: Final = "espeak-ng"
_CONVERT: Final = "sox"
_RATE: Final = 8000
_SAMPLE: Final = 2  # bytes
_ENVIRONMENT: Final = {"LC_ALL": "C.UTF-8"}
_DEFAULT: Final = "en-us"
_VARIANTS: Final = {"man": "+m3", "woman": "+f3"}
_SIGNATURES: Final = (
    (b"RIFF", "wav"),
    (b"OggS", "ogg"),
    (b"fLaC", "flac"),
    (b"FORM", "aiff"),
    (b".snd", "au"),
    (b"ID3", "mp3"),
    *((bytes((0xFF, second)), "mp3") for second in range(0xE0, 0x100)),  # MPEG frame sync
)
_RAW: Final = (
    *("-t", "raw", "-r", str(_RATE), "-e", "signed-integer", "-b", "16", "-L", "-c", "1", "-"),
    *("trim", "0", str(MAX_SECONDS + 1)),
)
# espeak-ng takes control characters as commands and [[…]] as phonemes, even in plain text.
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]+")
_BRACKETS: Final = re.compile(r"\[(?=\[)")

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class SpeechError(MediaError):
    """No sound could be made; the message says why and what to do."""


def missing_programs() -> tuple[str, ...]:
    """Return which of the programs used here are not installed; REMEDY installs them."""
    return tuple(name for name in (_SPEAK, _CONVERT) if shutil.which(name) is None)


class Speaker:
    """Makes telephone sounds, ``concurrency`` programs at once, each in ``timeout`` seconds."""

    def __init__(self, *, concurrency: int = 2, timeout: float = 10.0) -> None:
        self._places = asyncio.Semaphore(concurrency)
        self._timeout = timeout
        self._voices: frozenset[str] = frozenset()

    async def speak(self, speech: Speech) -> bytes:
        """Return the text as a telephone WAV, silence when there is nothing to say.

        ``language`` is a BCP 47 tag, of which the longest known beginning is spoken; ``voice``
        may be ``man`` or ``woman``. Anything else is spoken in the default voice and logged.
        Raises SpeechError.
        """
        if len(speech.text) > MAX_TEXT:
            raise SpeechError(f"a text of {len(speech.text)} characters, at most {MAX_TEXT}")
        text = _BRACKETS.sub("[ ", _CONTROLS.sub(" ", speech.text)).strip()
        if not text:
            return _wav(b"\0\0" * (_RATE // 10))
        voice = await self._language(speech.language) + _variant(speech.voice)
        spoken = await self._run(
            *(_SPEAK, "--stdin", "--stdout", "-b", "1", "-v", voice),
            feed=text.encode(errors="replace"),
        )
        # espeak-ng writes the header before it knows the length.
        return await self._telephone("-t", "wav", "--ignore-length", feed=spoken)

    async def convert(self, sound: bytes) -> bytes:
        """Return a WAV, MP3, Ogg Vorbis, FLAC, AIFF or AU file as a telephone WAV.

        The content says which it is. A telephone WAV comes back as it is. Raises SpeechError.
        """
        if _is_telephone(sound):
            return sound
        kind = next((kind for start, kind in _SIGNATURES if sound.startswith(start)), None)
        if kind is None:
            raise SpeechError("neither WAV nor MP3, Ogg Vorbis, FLAC, AIFF or AU")
        return await self._telephone("-t", kind, feed=sound)

    async def _telephone(self, *source: str, feed: bytes) -> bytes:
        # -R: dither that is not random, so that the same sound gives the same bytes.
        samples = await self._run(_CONVERT, "-V1", "-R", *source, "-", *_RAW, feed=feed)
        if not samples:
            raise SpeechError("a sound file without sound")
        if len(samples) > MAX_SECONDS * _RATE * _SAMPLE:
            raise SpeechError(f"a sound longer than {MAX_SECONDS} s")
        return _wav(samples)

    async def _language(self, tag: str) -> str:
        """Return espeak-ng's name for a BCP 47 tag, by its longest known beginning."""
        if not tag:
            return _DEFAULT
        if not self._voices:
            self._voices = _voices(await self._run(_SPEAK, "--voices"))
        subtags = tag.lower().replace("_", "-").split("-")
        for length in range(len(subtags), 0, -1):
            if (name := "-".join(subtags[:length])) in self._voices:
                return name
        _log.warning("no voice for a language, the default speaks", language=tag, used=_DEFAULT)
        return _DEFAULT

    async def _run(self, program: str, *arguments: str, feed: bytes = b"") -> bytes:
        """Run a program to its end and return what it wrote. Cancelling ends the program."""
        path = shutil.which(program)
        if path is None:
            raise SpeechError(f"{program} is not installed: {REMEDY}")
        async with self._places:
            try:
                with _as_file(feed) as stdin:
                    process = await asyncio.create_subprocess_exec(
                        path, *arguments, stdin=stdin, stdout=PIPE, stderr=PIPE, env=_ENVIRONMENT
                    )
            except OSError as error:
                raise SpeechError(f"{program} cannot be started: {error}") from error
            try:
                async with asyncio.timeout(self._timeout):
                    output, complaint = await process.communicate()
            except TimeoutError:
                raise SpeechError(f"{program} took longer than {self._timeout:g} s") from None
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if process.returncode != 0:
            said = complaint.decode(errors="replace").strip()[-200:]
            raise SpeechError(f"{program} failed ({said}); is all installed? {REMEDY}")
        return output


def _as_file(feed: bytes) -> BinaryIO:
    """Return a file in memory to be a program's standard input.

    A pipe would have to be fed while the program runs, and some end before they have read it.
    """
    file = os.fdopen(os.memfd_create("feed"), "w+b")
    file.write(feed)
    file.seek(0)
    return file


def _voices(listing: bytes) -> frozenset[str]:
    """Return the language tags in the table of ``espeak-ng --voices``.

    Its second column is a voice's own tag; ``(fr 5)`` at the end of a line is a further one.
    Those with capitals match nothing here, rightly: espeak-ng lists them and has no such voice.
    """
    lines = listing.decode(errors="replace").splitlines()[1:]
    own = [name for line in lines for name in line.split()[1:2]]
    further = [name for line in lines for name in re.findall(r"\((\S+) \d+\)", line)]
    return frozenset((*own, *further))


def _variant(voice: str) -> str:
    if voice and voice not in _VARIANTS:
        _log.warning("a voice that is not here, the default speaks", voice=voice)
    return _VARIANTS.get(voice, "")


def _is_telephone(sound: bytes) -> bool:
    """Tell whether this is a whole WAV of the form that every channel driver plays."""
    try:
        with wave.open(io.BytesIO(sound)) as file:
            form = (file.getframerate(), file.getsampwidth(), file.getnchannels())
            size = file.getnframes() * _SAMPLE
            return form == (_RATE, _SAMPLE, 1) and 0 < size == len(file.readframes(size))
    except (wave.Error, EOFError):
        return False


def _wav(samples: bytes) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(_SAMPLE)
        file.setframerate(_RATE)
        file.writeframes(samples)
    return out.getvalue()
