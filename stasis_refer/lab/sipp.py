"""SIPp as a child process that plays one phone's part of one call."""

import asyncio
import re
import shutil
import socket
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stasis_refer.errors import StartError
from stasis_refer.lab.dialog import DialogId
from stasis_refer.lab.process import kill, tied
from stasis_refer.lab.scenario import Step, scenario
from stasis_refer.lab.transferor import WORD_HEADER, WORD_METHOD

_POLL_INTERVAL: Final = 0.01  # seconds

_ERRORS, _MESSAGES = "errors.log", "messages.log"

_RTP_PORTS: Final = range(6000, 19800, 4)
"""Of which a phone has one, and the next but one too."""

_UDP_SOCKETS: Final = Path("/proc/net/udp")
"""Where the kernel lists them; to try and bind the port could take it from SIPp."""

_BETWEEN: Final = re.compile("^-{40,}.*$", re.MULTILINE)
"""What SIPp writes between two messages."""

_WORD: Final = (
    f"{WORD_METHOD} sip:phone SIP/2.0",
    "Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bKword{number}",
    "From: <sip:test@{host}>;tag=test",
    "To: <sip:phone@{host}>",
    "Call-ID: {call_id}",
    f"CSeq: {{number}} {WORD_METHOD}",
    f"{WORD_HEADER}: {{text}}",
    "Content-Length: 0",
    "\r\n",
)


@dataclass(frozen=True, slots=True)
class Played:
    """How a phone's part went; ``log`` is what SIPp has to say of a failure."""

    good: bool
    log: str = ""


class Playing:
    """A phone that is playing its part."""

    def __init__(self, process: Process, folder: Path, address: tuple[str, int]) -> None:
        self._process = process
        self._folder = folder
        self._address = address
        self._words = 0

    async def played(self) -> Played:
        """Wait until the part is over."""
        good = await self._process.wait() == 0
        return Played(good, "" if good else self._log())

    async def dialog(self) -> DialogId:
        """Wait until the call is answered; return its dialog as this phone sees it.

        Raises StartError when the part is over before.
        """
        while (found := _dialog(self._text(_MESSAGES))) is None:
            await self._wait()
        return found

    async def tell(self, text: str) -> None:
        """Say a word of one line to a phone whose next step is ``hear_word``.

        It must be in a call that was answered; else this waits, and raises StartError when the
        part is over before.
        """
        host, port = self._address
        call_id = (await self.dialog()).call_id
        while "\nACK sip:" not in self._text(_MESSAGES):  # before it a word is unexpected
            await self._wait()
        self._words += 1  # two that are alike would be the same one, sent again
        word = "\r\n".join(_WORD).format(
            host=host, port=port, call_id=call_id, number=self._words, text=text
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(word.encode(), self._address)

    async def listening(self) -> None:
        """Wait until the phone can be called. Raises StartError when its part is over before."""
        while not is_bound(*self._address):
            await self._wait()

    async def _wait(self) -> None:
        if self._process.returncode is not None:
            raise StartError(f"the phone is gone: {self._log()}")
        await asyncio.sleep(_POLL_INTERVAL)

    def _text(self, name: str) -> str:
        file = self._folder / name
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    def _log(self) -> str:
        return "\n".join(text for name in (_ERRORS, _MESSAGES) if (text := self._text(name)))


def is_bound(host: str, port: int) -> bool:
    """Tell whether a UDP port of an IPv4 address of this machine is taken."""
    # The kernel shows addresses as numbers in its own byte order.
    address = int.from_bytes(socket.inet_aton(host), "little")
    return f" {address:08X}:{port:04X} " in _UDP_SOCKETS.read_text(encoding="ascii")


@contextmanager
def _rtp_port() -> Iterator[int]:
    """Keep two RTP ports from all other phones of this machine; the second is the next but one.

    SIPp by itself looks at few, and gives up where the second is taken.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mark:
        yield next(port for port in _RTP_PORTS if _is_free(port) and _marks(mark, port))


def _is_free(port: int) -> bool:
    """Tell whether a program that is no phone of ours has left both ports alone."""
    return not any(is_bound("127.0.0.1", each) for each in (port, port + 2))


def _marks(mark: socket.socket, port: int) -> bool:
    try:
        mark.bind(f"\0stasis-refer phone {port}")
    except OSError:
        return False
    return True


def _dialog(messages: str) -> DialogId | None:
    """Return the dialog that the first 200 to an INVITE in SIPp's log makes (RFC 3261, 12.1)."""
    for message in _BETWEEN.split(messages):
        title, _, text = message.strip().partition("\n")
        if "\nSIP/2.0 200 " in f"\n{text.lstrip()}" and re.search(r"(?m)^CSeq: *\d+ INVITE", text):
            calling, called = _tag("From", text), _tag("To", text)
            local, remote = (called, calling) if " sent " in title else (calling, called)
            return DialogId(_first(r"(?m)^Call-ID: *(\S+)", text), local, remote)
    return None


def _tag(header: str, text: str) -> str:
    return _first(rf"(?m)^{header}:.*;tag=([^;\s]+)", text)


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found else ""


@asynccontextmanager
async def playing(
    steps: Sequence[Step], address: tuple[str, int], *more: str, within: float
) -> AsyncIterator[Playing]:
    """Let SIPp play a part at this address, with these further arguments of its command line.

    It gives up after ``within`` seconds, and is gone when the context ends. Raises StartError when
    SIPp is not installed, or the port is taken.
    """
    program = shutil.which("sipp")
    if program is None:
        raise StartError("SIPp is not installed: run `make setup`, or apt-get install sip-tester")
    host, port = address
    if is_bound(host, port):
        raise StartError(f"UDP port {port} of {host} is taken")
    with tempfile.TemporaryDirectory(prefix="stasis-refer-phone-") as name, _rtp_port() as rtp:
        folder = Path(name)
        (folder / "phone.xml").write_text(scenario(steps), encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            *tied((program, *more, "-sf", "phone.xml")),
            *("-i", host, "-p", str(port), "-bind_local"),
            *("-mp", str(rtp)),
            *("-m", "1", "-nostdin", "-timeout", f"{within:.0f}s", "-timeout_error"),
            *("-trace_err", "-error_file", _ERRORS, "-deadcall_wait", "0"),
            *("-trace_msg", "-message_file", _MESSAGES),
            cwd=folder,
            stdout=DEVNULL,
            stderr=DEVNULL,
        )
        try:
            yield Playing(process, folder, address)
        finally:
            await kill(process)
