"""The sections of the configuration about the program itself, and their defaults."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from stasis_refer.runtime.pulse import PATIENCE
from stasis_refer.section import Section
from stasis_refer.setting_types import (
    LEDGER_SCHEME,
    Address,
    AsteriskUrl,
    Count,
    CountedEndpoints,
    Endpoint,
    LedgerUrl,
    Name,
    Network,
    Source,
    User,
    WebUrl,
    is_loopback,
)


class Ari(Section):
    """Where Asterisk's REST interface is.

    ``patience`` is how many seconds an event that is asked for may take to come, before the
    connection is made anew.
    """

    url: AsteriskUrl = ""
    app: Name = "stasis_refer"
    username: User = "stasis_refer"
    password: SecretStr = SecretStr("")
    connection: Literal["inbound"] = "inbound"
    sip_endpoint: Endpoint = "stasis_refer"
    patience: Annotated[float, Field(ge=1, le=60)] = PATIENCE


class Capture(Section):
    """Where Asterisk's copies of SIP messages arrive (hep.conf), and which are believed.

    ``capture_id`` None stands for any. ``rate_limit`` is in packets a second, of each Asterisk.
    """

    enabled: bool = True
    listen: Address = "127.0.0.1:9060"
    password: SecretStr = SecretStr("")
    capture_id: Annotated[int, Field(ge=0, lt=1 << 32)] | None = None
    sources: tuple[Source, ...] = ()
    rate_limit: Annotated[float, Field(ge=1, le=10_000_000)] = 20_000.0
    forward: tuple[Address, ...] = ()

    @model_validator(mode="after")
    def _not_open_to_strangers(self) -> Self:
        closed = self.password.get_secret_value() or self.sources
        if self.enabled and not closed and not is_loopback(self.listen):
            raise ValueError(
                f"whoever reaches {self.listen} could tell how transfers end: set password to"
                " capture_password of hep.conf and sources to Asterisk's address, or listen at"
                " 127.0.0.1"
            )
        return self

    def remarks(self) -> Iterator[str]:
        """Yield what is legal and probably not meant."""
        if not self.enabled or is_loopback(self.listen):
            return
        if not self.password.get_secret_value():
            yield "password: is empty, and other machines reach capture.listen: set one"
        if not self.sources:
            yield "sources: is empty, and other machines reach capture.listen: list Asterisk there"


class Http(Section):
    """Our own web server: REST, health, metrics, media.

    ``rate_limit`` is in requests by REST a second, for each credential. ``trusted_proxies`` are
    the networks of those whose ``X-Forwarded-For`` is believed.
    """

    listen: Address = "127.0.0.1:8080"
    public_url: WebUrl = ""
    operator_token: SecretStr = SecretStr("")
    rate_limit: Annotated[float, Field(ge=1, le=100_000)] = 50.0
    trusted_proxies: tuple[Network, ...] = ()

    @property
    def base(self) -> str:
        """The absolute URL under which it is reached, without a slash at its end."""
        return (self.public_url or f"http://{self.listen}").rstrip("/")

    @property
    def is_exposed(self) -> bool:
        """Whether other machines reach it."""
        return not is_loopback(self.listen)


class Ledger(Section):
    """Where is kept what must outlive the program, a SQLite file, and for how long.

    ``mask``: in transfers and calls user parts, numbers and names are kept as ``4***``.
    """

    url: LedgerUrl = f"{LEDGER_SCHEME}stasis_refer.db"
    keep_days: Annotated[float, Field(gt=0, le=36500)] = 90.0
    max_megabytes: Annotated[float, Field(ge=1, le=10_000_000)] = 1024.0
    mask: bool = False


class Webhooks(Section):
    """Where webhooks may go."""

    allow_networks: tuple[Network, ...] = ()


class Limits(Section):
    """How many calls, and how many transfers, there may be at once."""

    max_calls: Count = 4000
    max_transfers: Count = 2000


class Metrics(Section):
    """What metrics tell apart: the PJSIP endpoints listed, all others are ``other``."""

    endpoints: CountedEndpoints = ()


class Log(Section):
    """How the log is written; ``mask``: user parts, numbers and names in it as ``4***``."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"
    mask: bool = True


class Lab(Section):
    """The private Asterisk of ``lab`` and ``demo``."""

    sip: Address | None = None
    pjsip_extra: Path | None = None
    queues_extra: Path | None = None
