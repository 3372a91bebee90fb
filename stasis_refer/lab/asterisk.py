"""A private Asterisk for the lab and the tests: written from templates, run as a child, ended."""

import asyncio
import re
import socket
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from os import environ
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit
from typing import Final, Self

import aiohttp

from stasis_refer.errors import StasisReferError
from stasis_refer.lab.process import end, tied

START_LIMIT = 60.0
STOP_LIMIT = 1.0
POLL_INTERVAL = 0.05
LOG_TAIL_LINES = 15
MAX_FILES = 65536
# PJSIP looks up the machine's own name at start. Where /etc/hosts lacks it and no name server
# answers, the defaults of resolv.conf(5) hold the start up for 20 s.
RESOLVER_OPTIONS = "timeout:1 attempts:1"

_PLACEHOLDER = re.compile(r"@([A-Z_]+)@")
_WRITABLE_FOLDERS = ("etc", "lib", "cache", "spool/recording", "run", "log")


class AsteriskError(StasisReferError):
    """A private Asterisk is not to be had."""


class AsteriskMissing(AsteriskError):
    """None has been set up on this machine."""


class AsteriskFailed(AsteriskError):
    """It did not start, and the text ends with its log; or it cannot be configured as asked."""


@dataclass(frozen=True, slots=True)
class Install:
    """An installed Asterisk, as ``asterisk/provision`` found or made it.

    ``command`` is the binary, or the dynamic loader of a private root with that root's libraries
    and binary, so that neither chroot nor root privileges are needed.
    """

    command: tuple[str, ...]
    modules: Path
    data: Path


@dataclass(frozen=True, slots=True)
class AsteriskPlan:
    """What one private Asterisk listens on and who may command it; all on 127.0.0.1.

    ``folder`` receives everything that it writes. ``hep_port`` None leaves the capture off.
    ``pjsip_extra`` is a file of further PJSIP objects, ``queues_extra`` one of queues, each
    included as it is.
    """

    folder: Path
    sip_port: int
    http_port: int
    ari_user: str
    ari_password: str = field(repr=False)
    hep_port: int | None = None
    hep_password: str = field(default="", repr=False)
    hep_id: int = 0
    app: str = "stasis_refer"
    pjsip_extra: Path | None = None
    queues_extra: Path | None = None
    rtp_start: int = 20000
    rtp_end: int = 29999


def find() -> Install:
    """Return the Asterisk that ``asterisk/provision`` left word of in the user's cache folder.

    Raises AsteriskMissing with the remedy.
    """
    cache = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    record = cache / "stasis_refer" / "asterisk.install"
    try:
        lines = record.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        remedy = f"run `make setup`, or {support_folder() / 'provision'}"
        raise AsteriskMissing(f"no Asterisk is set up for the lab: {remedy}") from error
    values = dict(line.partition("=")[::2] for line in lines)
    try:
        binary, modules, data = values["binary"], Path(values["modules"]), Path(values["data"])
        loader = (values["loader"], "--library-path", values["libraries"])
    except KeyError as error:
        raise AsteriskMissing(f"{record} lacks {error}: run `make setup`") from error
    command = (*loader, binary) if loader[0] else (binary,)
    for path in (Path(command[0]), Path(binary), modules, data):
        if not path.exists():
            raise AsteriskMissing(f"{path}, named in {record}, is gone: run `make setup`")
    return Install(command, modules, data)


def support_folder() -> Path:
    """Return the folder ``asterisk/``: inside the installed package, or beside it in the tree."""
    package = Path(__file__).parents[1]
    inside = package / "asterisk"
    return inside if inside.is_dir() else package.parent / "asterisk"


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on now."""
    return _bind(socket.SOCK_STREAM, 0)


def free_udp_port() -> int:
    """Return a UDP port of 127.0.0.1 that nobody listens on now, another one each time."""
    # Whoever was given one may not listen on it yet.
    port = next(each for each in iter(lambda: _bind(socket.SOCK_DGRAM, 0), 0) if each not in _given)
    _given.append(port)
    return port


_given: Final = deque[int](maxlen=2000)


def _bind(kind: socket.SocketKind, port: int) -> int:
    """Bind and let go; port 0 stands for any. Raises OSError when the port is taken."""
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind is socket.SOCK_STREAM:
            # Connections of an ended listener linger; Asterisk takes such a port, so do we.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        bound: int = probe.getsockname()[1]
        return bound


def _require_free(plan: AsteriskPlan) -> None:
    """Asterisk itself would only log that a port is taken, and start without it."""
    for name, kind, port in (
        ("lab.sip: UDP", socket.SOCK_DGRAM, plan.sip_port),
        ("ari.url: TCP", socket.SOCK_STREAM, plan.http_port),
    ):
        try:
            _bind(kind, port)
        except OSError as error:
            raise AsteriskFailed(
                f"{name} port {port} of 127.0.0.1 is taken: choose another, or leave it out"
            ) from error


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return the template with each ``@NAME@`` replaced.

    Asterisk reads ``;`` as the start of a comment, so it is escaped. Raises AsteriskFailed for a
    name without a value and for a value that would become a second line.
    """

    def value_of(match: re.Match[str]) -> str:
        try:
            value = values[match[1]]
        except KeyError:
            raise AsteriskFailed(f"nothing to put in the place of {match[0]}") from None
        if any(mark in value for mark in "\r\n\0"):
            raise AsteriskFailed(f"the value for {match[0]} is more than one line")
        return value.replace(";", r"\;")

    return _PLACEHOLDER.sub(value_of, template)


def write_configuration(plan: AsteriskPlan, install: Install) -> Path:
    """Write the configuration of a private Asterisk; return its ``asterisk.conf``."""
    for name in _WRITABLE_FOLDERS:
        (plan.folder / name).mkdir(parents=True, exist_ok=True)
    values = _values(plan, install)
    for template in sorted((support_folder() / "private").glob("*.conf")):
        target = plan.folder / "etc" / template.name
        target.touch(mode=0o600)
        target.write_text(fill(template.read_text(encoding="utf-8"), values), encoding="utf-8")
    return plan.folder / "etc" / "asterisk.conf"


def _values(plan: AsteriskPlan, install: Install) -> Mapping[str, str]:
    files = getrlimit(RLIMIT_NOFILE)[1]
    return {
        "FOLDER": str(plan.folder.resolve()),
        "MODULES": str(install.modules),
        "DATA": str(install.data),
        "INCLUDE": str((support_folder() / "include").resolve()),
        "SYSTEM_NAME": f"lab{plan.sip_port}",
        "MAX_FILES": str(MAX_FILES if files == RLIM_INFINITY else min(files, MAX_FILES)),
        "APP": plan.app,
        "SIP_PORT": str(plan.sip_port),
        "HTTP_PORT": str(plan.http_port),
        "ARI_USER": plan.ari_user,
        "ARI_PASSWORD": plan.ari_password,
        "HEP_ENABLED": "no" if plan.hep_port is None else "yes",
        "HEP_LOAD": "noload" if plan.hep_port is None else "load",
        "HEP_PORT": str(plan.hep_port or 9060),
        "HEP_PASSWORD": plan.hep_password,
        "HEP_ID": str(plan.hep_id),
        "RTP_START": str(plan.rtp_start),
        "RTP_END": str(plan.rtp_end),
        "PJSIP_EXTRA": _include(plan.pjsip_extra, "further PJSIP objects"),
        "QUEUES_EXTRA": _include(plan.queues_extra, "queues"),
    }


def _include(extra: Path | None, what: str) -> str:
    if extra is not None and not extra.is_file():
        raise AsteriskFailed(f"there is no file {extra} with {what}")
    return f'#include "{extra.resolve()}"' if extra else ""


class PrivateAsterisk:
    """One Asterisk process of our own: ``async with PrivateAsterisk(plan): ...``.

    It runs in a session of its own, so that an interrupt typed in a terminal reaches the program
    first. The kernel kills it when the thread that called ``start`` is gone, however that ended.
    """

    def __init__(self, plan: AsteriskPlan, install: Install | None = None) -> None:
        self.plan = plan
        self._install = install
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """The process id of Asterisk itself, also where a loader started it."""
        if self._process is None:
            raise RuntimeError("Asterisk has not been started")
        return self._process.pid

    @property
    def log(self) -> Path:
        """The file with everything that Asterisk printed."""
        return self.plan.folder / "log" / "console.log"

    async def start(self) -> None:
        """Start and wait until all modules are up and ARI answers.

        Raises AsteriskMissing, and AsteriskFailed when it ends or is not ready in time.
        """
        _require_free(self.plan)
        install = self._install or find()
        configuration = write_configuration(self.plan, install)
        with self.log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *tied((*install.command, "-f", "-C", str(configuration))),
                stdin=DEVNULL,
                stdout=log,
                stderr=STDOUT,
                cwd=self.plan.folder,
                env={**environ, "RES_OPTIONS": RESOLVER_OPTIONS},
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(START_LIMIT):
                await self._ready(self._process)
        except TimeoutError:
            await self.stop()
            raise AsteriskFailed(self._told(f"not ready after {START_LIMIT:g} s")) from None
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End Asterisk: SIGTERM, which hangs up all calls, then SIGKILL. May be called twice."""
        if self._process is not None:
            await end(self._process, STOP_LIMIT)

    async def __aenter__(self) -> Self:
        """Start; see ``start``."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop; see ``stop``."""
        await self.stop()

    async def _ready(self, process: Process) -> None:
        """Poll ARI: it answers 503 until every module is loaded, then 200."""
        url = f"http://127.0.0.1:{self.plan.http_port}/ari/asterisk/info"
        credentials = aiohttp.encode_basic_auth(self.plan.ari_user, self.plan.ari_password)
        async with aiohttp.ClientSession(headers={"Authorization": credentials}) as session:
            while True:
                if process.returncode is not None:
                    raise AsteriskFailed(self._told(f"ended with {process.returncode}"))
                with suppress(aiohttp.ClientError):
                    async with session.get(url) as response:
                        if response.ok:
                            return
                await asyncio.sleep(POLL_INTERVAL)

    def _told(self, what: str) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([f"Asterisk {what}; {self.log} ends with:", *lines[-LOG_TAIL_LINES:]])
