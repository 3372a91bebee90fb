"""The lab: a private Asterisk and the program, on free ports of 127.0.0.1."""

import secrets
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import SecretStr

from stasis_refer.app import App
from stasis_refer.errors import ConfigurationError
from stasis_refer.lab.asterisk import AsteriskPlan, PrivateAsterisk, free_port, free_udp_port
from stasis_refer.runtime.journal import Tap
from stasis_refer.sections import Capture
from stasis_refer.setting_types import LEDGER_SCHEME
from stasis_refer.settings import Settings

LOOPBACK = "127.0.0.1"

_CAPTURE_ID = 1


class Lab:
    """``async with Lab(settings) as lab``: calls to ``lab.sip`` reach the applications.

    Ports that the settings leave out are chosen free, so that several labs run side by side.
    Raises AsteriskError, StartError and ConfigurationError, all of which tell the remedy.
    """

    def __init__(self, settings: Settings, taps: Sequence[Tap] = ()) -> None:
        self.folder = Path()
        self.settings = _with_ports(settings)
        self._taps = taps
        self._stack = AsyncExitStack()
        self._app: App | None = None
        self._asterisk: PrivateAsterisk | None = None
        self._sip_port = _sip_port(settings)

    @property
    def sip(self) -> str:
        """Where calls are taken, ``HOST:PORT``; the user part names the application."""
        return f"{LOOPBACK}:{self._sip_port}"

    @property
    def http(self) -> str:
        """The URL of our own web server."""
        return f"http://{self.settings.http.listen}"

    @property
    def app(self) -> App:
        """The running program."""
        if self._app is None:
            raise RuntimeError("the lab is not running")
        return self._app

    @property
    def asterisk(self) -> PrivateAsterisk:
        """The running Asterisk."""
        if self._asterisk is None:
            raise RuntimeError("the lab is not running")
        return self._asterisk

    def addresses(self) -> dict[str, str]:
        """Return what a caller of the lab needs to know."""
        return {"sip": self.sip, "http": self.http, "ari": self.settings.ari.url}

    async def __aenter__(self) -> Self:
        """Start both, and wait until calls can be placed."""
        async with AsyncExitStack() as stack:
            self.folder = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="stasis-refer-lab-"))
            )
            self.settings = with_ledger_in(self.folder, self.settings)
            self._asterisk = PrivateAsterisk(self._plan())
            await stack.enter_async_context(self._asterisk)
            self._app = await stack.enter_async_context(App(self.settings, self._taps))
            await self._app.ready()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop both at once."""
        await self._stack.aclose()

    def _plan(self) -> AsteriskPlan:
        settings = self.settings
        capture = settings.capture if settings.capture and settings.capture.enabled else None
        return AsteriskPlan(
            folder=self.folder,
            sip_port=self._sip_port,
            http_port=urlsplit(settings.ari.url).port or 0,
            ari_user=settings.ari.username,
            ari_password=settings.ari.password.get_secret_value(),
            hep_port=int(capture.listen.rpartition(":")[2]) if capture else None,
            hep_password=capture.password.get_secret_value() if capture else "",
            hep_id=(capture.capture_id if capture else None) or 0,
            app=settings.ari.app,
            pjsip_extra=settings.lab.pjsip_extra,
            queues_extra=settings.lab.queues_extra,
        )


def _sip_port(settings: Settings) -> int:
    """Return the port given, or a free one; the address is loopback in any case."""
    host, _, port = (settings.lab.sip or f"{LOOPBACK}:0").rpartition(":")
    if host != LOOPBACK:
        raise ConfigurationError(
            f"lab.sip: the lab's Asterisk listens on {LOOPBACK}: leave it out, "
            f"or write {LOOPBACK}:PORT"
        )
    return int(port) or free_udp_port()


def _with_ports(settings: Settings) -> Settings:
    """Return the settings with everything filled in that belongs to the private Asterisk."""
    url = settings.ari.url or f"http://{LOOPBACK}:{free_port()}"
    if urlsplit(url).hostname != LOOPBACK or urlsplit(url).port is None:
        raise ConfigurationError(
            f"ari.url: the lab's Asterisk listens on {LOOPBACK}: leave it out, "
            f"or write http://{LOOPBACK}:PORT"
        )
    password = settings.ari.password
    ari = settings.ari.model_copy(
        update={"url": url, "password": password if password.get_secret_value() else _secret()}
    )
    http = settings.http
    if "listen" not in http.model_fields_set:
        http = http.model_copy(update={"listen": f"{LOOPBACK}:{free_port()}"})
    return settings.model_copy(
        update={"ari": ari, "http": http, "capture": _capture(settings.capture)}
    )


def with_ledger_in(folder: Path, settings: Settings) -> Settings:
    """Return the settings with a ledger in this folder, where they name none."""
    ledger = settings.ledger
    if "url" in ledger.model_fields_set:
        return settings
    url = f"{LEDGER_SCHEME}{folder / 'stasis_refer.db'}"
    return settings.model_copy(update={"ledger": ledger.model_copy(update={"url": url})})


def _capture(given: Capture | None) -> Capture:
    capture = given or Capture()
    chosen: dict[str, object] = {}
    if "listen" not in capture.model_fields_set:
        chosen["listen"] = f"{LOOPBACK}:{free_udp_port()}"
    if not capture.password.get_secret_value():
        chosen["password"] = _secret()
    if capture.capture_id is None:
        chosen["capture_id"] = _CAPTURE_ID
    return capture.model_copy(update=chosen)


def _secret() -> SecretStr:
    return SecretStr(secrets.token_hex(16))
