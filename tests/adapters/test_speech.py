import array
import asyncio
import io
import os
import shutil
import subprocess
import tempfile
import time
import wave
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import uvloop
from structlog.testing import capture_logs

from stasis_refer.adapters.speech import (
    MAX_SECONDS,
    MAX_TEXT,
    REMEDY,
    Speaker,
    SpeechError,
    missing_programs,
)
from stasis_refer.core.verbs import Speech
from stasis_refer.runtime.ports import MediaError


def seconds(sound: bytes) -> float:
    """Return how long a telephone WAV plays; fail when it is anything else."""
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8000, 2, 1)
        assert file.getcomptype() == "NONE"
        frames = len(file.readframes(file.getnframes())) // 2
        assert frames == file.getnframes()
        return frames / 8000


def peak(sound: bytes) -> int:
    with wave.open(io.BytesIO(sound)) as file:
        samples = array.array("h", file.readframes(file.getnframes()))
    return int(max(abs(sample) for sample in samples))


def tone(*form: str, length: float = 1.0, kind: str = "wav") -> bytes:
    """Return a sound file made by sox, which can only tell a length in a real file."""
    with tempfile.NamedTemporaryFile() as file:
        command = ["sox", "-n", *form, "-t", kind, file.name, "synth", str(length), "sine", "440"]
        subprocess.run(command, check=True)  # noqa: S603 - our own words
        return file.read()


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put an empty folder where programs are looked for."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def script(path: Path, *lines: str) -> None:
    path.write_text("\n".join(("#!/bin/sh", *lines, "")))
    path.chmod(0o755)


async def test_a_text_becomes_sound() -> None:
    sound = await Speaker().speak(Speech("Please hold while we transfer you."))
    assert 1.0 < seconds(sound) < 5.0
    assert peak(sound) > 3000


@pytest.mark.parametrize("text", ["", "  \n\t ", "\x00\x01"])
async def test_nothing_to_say_is_silence(text: str) -> None:
    sound = await Speaker().speak(Speech(text))
    assert seconds(sound) == 0.1
    assert peak(sound) == 0


@pytest.mark.parametrize(
    "text",
    [
        "--help",
        "-f/etc/passwd",
        "$(reboot) `reboot`; reboot",
        "a\x00b",
        "one\x01 50Itwo",
        "<speak>hello</speak>",
        "half a pair \ud83d here",
        "Grüß Gott, 你好, مرحبا, 😀",
        "x" * MAX_TEXT,
    ],
)
async def test_any_text_is_only_spoken(text: str) -> None:
    assert seconds(await Speaker(timeout=60.0).speak(Speech(text))) > 0.1


async def test_a_text_too_long_is_refused() -> None:
    with pytest.raises(MediaError, match="4097 characters, at most 4096"):
        await Speaker().speak(Speech("x" * (MAX_TEXT + 1)))


@pytest.fixture
def recorded(programs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in for both programs: they write down what they were given."""
    monkeypatch.setenv("STASIS_REFER_ARI__PASSWORD", "hunter2")
    script(
        programs / "espeak-ng",
        f'if [ "$1" = --voices ]; then cat {programs}/voices; exit; fi',
        f'for word in "$@"; do echo "$word"; done > {programs}/arguments',
        f"env > {programs}/environment",
        f"cat > {programs}/stdin",
        "echo sound",
    )
    script(programs / "sox", "cat")
    programs.joinpath("voices").write_text(
        "Pty Language       Age/Gender VoiceName          File        Other Languages\n"
        " 5  cmn             --/M      Chinese_(Mandarin) sit/cmn     (zh-cmn 5)(zh 5)\n"
        " 5  de              --/M      German             gmw/de               \n"
        " 2  en-gb           --/M      English_(Britain)  gmw/en      (en 2)\n"
        " 2  en-us           --/M      English_(America)  gmw/en-US   (en 3)\n"
        " 5  chr-US-Qaaa     --/M      Cherokee_          iro/chr              \n"
    )
    return programs


@pytest.mark.parametrize(
    ("language", "voice", "used", "remark"),
    [
        ("", "", "en-us", None),
        ("en-US", "", "en-us", None),
        ("en_GB", "", "en-gb", None),
        ("en-AU", "", "en", None),
        ("de-DE", "", "de", None),
        ("zh-Hans-CN", "", "zh", None),
        ("de", "man", "de+m3", None),
        ("", "woman", "en-us+f3", None),
        ("de-DE", "alice", "de", {"voice": "alice"}),
        ("tlh", "", "en-us", {"language": "tlh"}),
        ("chr-US-Qaaa", "", "en-us", {"language": "chr-US-Qaaa"}),
        ("--path=/tmp", "", "en-us", {"language": "--path=/tmp"}),
        ("-", "-", "en-us", {"language": "-"}),
    ],
)
async def test_which_voice_speaks(
    recorded: Path, language: str, voice: str, used: str, remark: dict[str, str] | None
) -> None:
    with capture_logs() as logs:
        await Speaker().speak(Speech("Hello", language, voice))
    arguments = recorded.joinpath("arguments").read_text().splitlines()
    assert arguments == ["--stdin", "--stdout", "-b", "1", "-v", used]
    assert remark is None or remark.items() <= logs[0].items()
    assert bool(logs) == (remark is not None)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("-v xx $(id)", "-v xx $(id)"),
        ("one\x01 50I\x00two\r\nthree", "one  50I two three"),
        ("say [[h@'loU]] and [[[", "say [ [h@'loU]] and [ [ ["),
        ("Größe", "Größe"),
        ("half \ud83d", "half ?"),
    ],
)
async def test_a_text_goes_in_by_standard_input(recorded: Path, text: str, read: str) -> None:
    await Speaker().speak(Speech(text))
    assert recorded.joinpath("stdin").read_text() == read


async def test_the_programs_see_no_secret_of_ours(recorded: Path) -> None:
    await Speaker().speak(Speech("Hello"))
    environment = recorded.joinpath("environment").read_text()
    assert "LC_ALL=C.UTF-8" in environment
    assert "hunter2" not in environment


@pytest.mark.parametrize("tag", ["en-US", "de-DE", "fr-CA", "pt-BR", "zh-CN", "es-MX"])
async def test_the_languages_that_are_asked_for_are_there(tag: str) -> None:
    with capture_logs() as logs:
        sound = await Speaker().speak(Speech("123", tag))
    assert logs == []
    assert sound != await Speaker().speak(Speech("123", "fi"))


async def test_man_and_woman_sound_different() -> None:
    speaker = Speaker()
    voices = [await speaker.speak(Speech("Hello", "", voice)) for voice in ("", "man", "woman")]
    assert len(set(voices)) == 3


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("wav", ("-r", "44100", "-c", "2", "-b", "16")),
        ("wav", ("-r", "8000", "-c", "1", "-e", "u-law")),
        ("wav", ("-r", "8000", "-c", "1", "-b", "8")),
        ("wav", ("-r", "16000", "-c", "1", "-b", "24")),
        ("mp3", ("-r", "44100", "-c", "2")),
        ("ogg", ("-r", "22050", "-c", "1")),
        ("flac", ("-r", "48000", "-c", "2")),
        ("aiff", ("-r", "44100", "-c", "1")),
        ("au", ("-r", "8000", "-c", "1")),
    ],
)
async def test_a_sound_file_becomes_a_telephone_wav(kind: str, form: tuple[str, ...]) -> None:
    sound = await Speaker().convert(tone(*form, kind=kind))
    assert seconds(sound) == pytest.approx(1.0, abs=0.15)
    assert peak(sound) > 10000


SOX = shutil.which("sox") or ""
TELEPHONE = tone("-r", "8000", "-c", "1", "-b", "16", "-e", "signed-integer")


async def test_a_telephone_wav_comes_back_as_it_is() -> None:
    assert await Speaker().convert(TELEPHONE) is TELEPHONE


async def test_the_same_file_gives_the_same_bytes() -> None:
    speaker, file = Speaker(), tone("-r", "44100", "-c", "2", kind="mp3")
    assert await speaker.convert(file) == await speaker.convert(file)


async def test_a_wav_that_was_cut_off_is_written_anew() -> None:
    assert seconds(await Speaker().convert(TELEPHONE[:8044])) == 0.5


async def test_a_length_that_espeak_did_not_know_is_passed_over(programs: Path) -> None:
    programs.joinpath("sox").symlink_to(SOX)
    programs.joinpath("spoken").write_bytes(TELEPHONE[:40] + bytes(4) + TELEPHONE[44:])
    script(programs / "espeak-ng", f"cat {programs}/spoken")
    assert seconds(await Speaker().speak(Speech("Hello"))) == 1.0


@pytest.mark.parametrize(
    ("sound", "message"),
    [
        (b"", "neither WAV nor"),
        (b"<html>not found</html>", "neither WAV nor"),
        (b"RIFF", "sox failed"),
        (b"RIFF\0\0\0\0WAVEjunk", "sox failed"),
        (b"fLaC" + b"\0" * 100, "sox failed"),
        (b"OggS" + b"\xff" * 100, "sox failed"),
        (TELEPHONE[:44], "without sound"),
        (tone("-r", "4000", "-c", "1", "-b", "8", length=MAX_SECONDS + 2.0), "longer than 1800 s"),
    ],
    ids=["empty", "a page", "RIFF", "junk", "FLAC", "Ogg", "header", "long"],
)
async def test_a_sound_file_that_cannot_be_used(sound: bytes, message: str) -> None:
    with pytest.raises(SpeechError, match=message):
        await Speaker().convert(sound)


async def test_programs_that_are_missing_are_named_with_the_remedy(programs: Path) -> None:
    assert missing_programs() == ("espeak-ng", "sox")
    with pytest.raises(SpeechError, match=f"espeak-ng is not installed: {REMEDY}"):
        await Speaker().speak(Speech("Hello"))
    script(programs / "espeak-ng", "echo sound")
    assert missing_programs() == ("sox",)
    with pytest.raises(SpeechError, match=f"sox is not installed: {REMEDY}"):
        await Speaker().speak(Speech("Hello"))


async def test_a_program_that_does_not_run_here(programs: Path) -> None:
    programs.joinpath("espeak-ng").write_text("#!/no/such/shell\n")
    programs.joinpath("espeak-ng").chmod(0o755)
    with pytest.raises(SpeechError, match="espeak-ng cannot be started"):
        await Speaker().speak(Speech("Hello"))


async def test_a_program_that_fails_is_quoted(programs: Path) -> None:
    script(programs / "espeak-ng", "echo 'no voice data' >&2", "exit 3")
    with pytest.raises(SpeechError, match=r"espeak-ng failed \(no voice data\)"):
        await Speaker().speak(Speech("Hello"))


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_program_may_end_unread_while_we_are_busy(
    programs: Path, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    script(programs / "espeak-ng", "echo 'no voice data' >&2", "exit 3")

    async def busy() -> None:
        time.sleep(0.05)  # noqa: ASYNC251 - the loop is to be late

    async def speak() -> list[BaseException | bytes | None]:
        speaking = [Speaker().speak(Speech("Hello", language="de")) for _ in range(6)]
        return await asyncio.gather(*speaking, *(busy() for _ in range(6)), return_exceptions=True)

    def in_a_loop_of_its_own() -> list[BaseException | bytes | None]:
        with asyncio.Runner(loop_factory=loop) as runner:
            return runner.run(speak())

    with ThreadPoolExecutor(1) as threads:
        came = threads.submit(in_a_loop_of_its_own).result()
    assert [type(each) for each in came] == [SpeechError] * 6 + [type(None)] * 6


def sleeper(programs: Path) -> Path:
    """Make an espeak-ng that never ends, and return where it writes its process id."""
    script(programs / "espeak-ng", f"echo $$ > {programs}/pid", "exec sleep 60")
    return programs / "pid"


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_program_that_takes_too_long_is_ended(programs: Path) -> None:
    pid = sleeper(programs)
    with pytest.raises(SpeechError, match=r"espeak-ng took longer than 0\.3 s"):
        await Speaker(timeout=0.3).speak(Speech("Hello"))
    assert not is_running(int(pid.read_text()))


async def test_a_cancelled_synthesis_leaves_no_process(programs: Path) -> None:
    pid = sleeper(programs)
    task = asyncio.create_task(Speaker().speak(Speech("Hello")))
    async with asyncio.timeout(5):
        while not (pid.exists() and pid.read_text()):  # noqa: ASYNC110 - a process writes it
            await asyncio.sleep(0.02)
    assert is_running(int(pid.read_text()))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not is_running(int(pid.read_text()))


async def test_two_programs_run_at_once_and_no_more(programs: Path) -> None:
    log = programs / "log"
    script(programs / "espeak-ng", f"echo 1 >> {log}", "sleep 0.1", f"echo -1 >> {log}", "echo s")
    script(programs / "sox", "cat")
    speaker = Speaker(concurrency=2)
    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(speaker.speak(Speech("Hello")))
    running = [0]
    for step in log.read_text().split():
        running.append(running[-1] + int(step))
    assert (max(running), running[-1]) == (2, 0)
