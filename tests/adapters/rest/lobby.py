"""A web server that serves the vendors' paths, with a desk and a ledger that can be looked at."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from stasis_refer.adapters.addresses import AllowedNetworks
from stasis_refer.adapters.http import HttpServer
from stasis_refer.adapters.rest.guard import Guard
from stasis_refer.adapters.rest.vendors import VendorRest
from stasis_refer.core.application import Application, Callback
from stasis_refer.core.call_record import CallFilter, CallRecord
from stasis_refer.core.info import CallDirection, CallStatus
from stasis_refer.core.orders import Order, Origination, Refused, Taken, Verdict
from stasis_refer.core.verbs import Number, Registered, SipAddress
from stasis_refer.dialects.rest_registry import REST_VENDORS
from stasis_refer.runtime.book import (
    BadCursorError,
    Page,
    Rung,
    TransferFilter,
    TransferRecord,
)
from stasis_refer.runtime.ports import StoreError

ACCOUNT, TOKEN = "AC" + "0a" * 16, "hunter2-token"
LIVE, OVER, LEG, FOREIGN = "1a" * 16, "2b" * 16, "3c" * 16, "4d" * 16
STARTED = 1_783_000_000.0  # 2026-07-02 13:46:40 UTC
NETWORKS = AllowedNetworks(["127.0.0.0/8"])
BASE = "https://calls.example.com"


def application(name: str, dialect: str, account: str = ACCOUNT, token: str = TOKEN) -> Application:
    """Return an application whose documents are at a URL of its own."""
    return Application(
        name,
        dialect,
        Callback(f"https://{name}.example.com/voice/start"),
        status_callback=Callback(f"https://{name}.example.com/status"),
        account_sid=account,
        auth_token=token,
        public_url=BASE,
    )


def house(dialect: str) -> tuple[Application, Application, Application]:
    """Return two applications of one account, and one of another."""
    other = application("other", dialect, "AC" + "0b" * 16, "another-token")
    return application("support", dialect), application("sales", dialect), other


def record(key: str, of: Application, **changes: object) -> CallRecord:
    """Return a call that is answered and goes on."""
    call = CallRecord(
        key=key,
        parent="",
        application=of.name,
        dialect=of.dialect,
        direction=CallDirection.INBOUND,
        caller="+15550001",
        caller_name="Ann",
        dialed="support",
        status=CallStatus.IN_PROGRESS,
        started_at=STARTED,
        answered_at=STARTED + 2,
    )
    return replace(call, **changes)  # type: ignore[arg-type]


@dataclass
class Lobby:
    """The desk and the ledger: what they know, what they were asked, what they say."""

    live_calls: list[CallRecord] = field(default_factory=list)
    kept: list[CallRecord] = field(default_factory=list)
    orders: list[tuple[str, Order]] = field(default_factory=list)
    made: list[tuple[str, Origination]] = field(default_factory=list)
    filters: list[CallFilter] = field(default_factory=list)
    verdict: Verdict = field(default_factory=Taken)
    refused: Refused | None = None
    locked: bool = False
    too_large: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def count_too_large(self) -> None:
        self.too_large += 1

    # -- the desk ----------------------------------------------------------------

    async def order(self, call: str, order: Order) -> Verdict:
        self.orders.append((call, order))
        return self.verdict

    async def originate(self, application: str, wanted: Origination) -> CallRecord | Refused:
        self.made.append((application, wanted))
        if self.refused:
            return self.refused
        match wanted.callee.address:
            case Number(dialed) | Registered(dialed):
                pass
            case SipAddress(uri):
                dialed = str(uri)
        return CallRecord(
            key="5e" * 16,
            parent="",
            application=application,
            dialect="",
            direction=CallDirection.ORIGINATED,
            caller=wanted.caller_id,
            caller_name=wanted.caller_name,
            dialed=dialed,
            status=CallStatus.INITIATED,
            started_at=STARTED,
        )

    def live(self) -> tuple[CallRecord, ...]:
        return tuple(self.live_calls)

    def live_call(self, key: str) -> CallRecord | None:
        return next((each for each in self.live_calls if each.key == key), None)

    # -- the ledger --------------------------------------------------------------

    async def calls(
        self, wanted: CallFilter, cursor: str = "", limit: int = 50
    ) -> Page[CallRecord]:
        self.filters.append(wanted)
        if self.locked:
            raise StoreError("database is locked")
        if cursor and not cursor.isdigit():
            raise BadCursorError
        known = [*self.live_calls, *self.kept]
        of = [each for each in known if wanted.admits(each)]
        start = int(cursor or 0)
        rest = of[start : start + limit]
        return Page(tuple(rest), str(start + limit) if start + limit < len(of) else "")

    async def call(self, key: str) -> CallRecord | None:
        if self.locked:
            raise StoreError("database is locked")
        return next((each for each in self.kept if each.key == key), None)

    async def transfers(
        self, wanted: TransferFilter, cursor: str = "", limit: int = 50
    ) -> Page[TransferRecord]:
        raise NotImplementedError

    async def transfer(self, id_: str) -> tuple[TransferRecord, tuple[Rung, ...]] | None:
        raise NotImplementedError


async def _no_recording(_: str) -> bytes | None:
    return None


@asynccontextmanager
async def lobby_of(*applications: Application) -> AsyncIterator[Lobby]:
    """Serve the vendors' paths on loopback."""
    lobby = Lobby()
    guard = Guard(applications, "", asyncio.get_running_loop().time, rate=1000.0)
    server = HttpServer(
        "127.0.0.1",
        0,
        not_ready=list,
        metrics=lambda _: (b"", ""),
        media=lambda _: None,
        recording=_no_recording,
        routes=VendorRest(
            REST_VENDORS, guard, lobby, lobby, policy=NETWORKS, too_large=lobby.count_too_large
        ).routes(),
    )
    await server.start()
    lobby.port = server.port
    yield lobby
    await server.stop()


@asynccontextmanager
async def busy_lobby(dialect: str) -> AsyncIterator[Lobby]:
    """Serve the house: a call with a leg that rings, one of another account, one that is over.

    An application of another dialect has the same credentials.
    """
    support, sales, other = house(dialect)
    foreign = application("foreign", "rcml" if dialect != "rcml" else "twiml")
    async with lobby_of(support, sales, other, foreign) as lobby:
        lobby.live_calls = [
            record(LIVE, support),
            record(
                LEG,
                support,
                parent=LIVE,
                direction=CallDirection.DIALED,
                status=CallStatus.RINGING,
                answered_at=None,
            ),
            record(FOREIGN, other),
        ]
        lobby.kept = [
            record(OVER, sales, status=CallStatus.COMPLETED, ended_at=STARTED + 12.4),
        ]
        yield lobby
