"""The operator's interface on a real server; its desk and its book keep what they hear."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import aiohttp
from aiohttp import web

from stasis_refer.adapters.http import HttpServer
from stasis_refer.adapters.rest.calls import Calls
from stasis_refer.adapters.rest.guard import Guard
from stasis_refer.adapters.rest.operator import OperatorRest
from stasis_refer.adapters.rest.stream import Stream
from stasis_refer.adapters.rest.transfers import Transfers
from stasis_refer.core.application import Application, Callback
from stasis_refer.core.info import CallDirection, CallStatus
from stasis_refer.core.orders import Order, Origination, Refused, Taken, Verdict
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason
from stasis_refer.runtime.book import (
    BadCursorError,
    CallFilter,
    CallRecord,
    Page,
    Rung,
    TransferFilter,
    TransferRecord,
)
from stasis_refer.runtime.feed import Feed
from stasis_refer.runtime.keys import KeptRequest
from stasis_refer.runtime.ports import StoreError
from tests import harvest

TOKEN = "operator-hunter2-token"
AS_OPERATOR = {"Authorization": f"Bearer {TOKEN}"}
SUPPORT = Application(
    "support",
    "twiml",
    Callback("http://127.0.0.1/voice"),
    account_sid="AC1",
    auth_token="twilio-hunter2",
)
CALL = CallRecord(
    key="0" * 31 + "1",
    parent="",
    application="support",
    dialect="twiml",
    direction=CallDirection.INBOUND,
    caller="+4930123",
    caller_name="Ada",
    dialed="support",
    status=CallStatus.IN_PROGRESS,
    started_at=1_700_000_000.25,
    answered_at=1_700_000_001.5,
)
OVER = replace(CALL, key="f" * 32, status=CallStatus.COMPLETED, ended_at=1_700_000_009.0)
TRANSFER = TransferRecord(
    id=f"{CALL.key}-1",
    call=CALL.key,
    application="support",
    dialect="twiml",
    direction=Direction.SENT,
    target="sip:alice@example.com",
    group="default",
    referred_by="",
    caller="+4930123",
    dialed="support",
    began_at=1_700_000_002.0,
    accepted_at=1_700_000_002.125,
    ended_at=1_700_000_005.0,
    refer_code=202,
    notify_code=486,
    outcome=Outcome.BUSY,
    reason=Reason.FINAL_NOTIFY,
    evidence=Evidence.SIP,
    rule="partners",
)
LADDER = (
    Rung(1_700_000_002.0, sent=True, first_line="REFER sip:ada@127.0.0.1 SIP/2.0"),
    Rung(
        1_700_000_005.0,
        sent=False,
        first_line="NOTIFY sip:us@127.0.0.1 SIP/2.0",
        headers=(("Event", "refer"), ("Subscription-State", "terminated")),
        body="SIP/2.0 486 Busy Here",
    ),
)


class FakeDesk:
    """Implements ``Desk``: says ``verdict`` to every order, and keeps them."""

    def __init__(self) -> None:
        self.calls: list[CallRecord] = [CALL]
        self.verdict: Verdict = Taken(f"{CALL.key}-2")
        self.orders: list[tuple[str, Order]] = []
        self.gate: asyncio.Event | None = None
        self.fails = False

    async def order(self, call: str, order: Order) -> Verdict:
        self.orders.append((call, order))
        if self.gate is not None:
            await self.gate.wait()
        if self.fails:
            raise ZeroDivisionError
        return self.verdict

    async def originate(self, application: str, wanted: Origination) -> CallRecord | Refused:
        raise NotImplementedError

    def live(self) -> tuple[CallRecord, ...]:
        return tuple(self.calls)

    def live_call(self, key: str) -> CallRecord | None:
        return next((each for each in self.calls if each.key == key), None)


class FakeBook:
    """Implements ``Book``: has one transfer and one call that is over; keeps what is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[TransferFilter, str, int]] = []
        self.page = Page((TRANSFER,), "further")
        self.locked = False

    def _open(self) -> None:
        if self.locked:
            raise StoreError("stasis_refer.db is locked.")

    async def transfers(
        self, wanted: TransferFilter, cursor: str = "", limit: int = 50
    ) -> Page[TransferRecord]:
        self._open()
        if cursor not in {"", "further"}:
            raise BadCursorError
        self.asked.append((wanted, cursor, limit))
        return self.page

    async def transfer(self, id_: str) -> tuple[TransferRecord, tuple[Rung, ...]] | None:
        self._open()
        return (TRANSFER, LADDER) if id_ == TRANSFER.id else None

    async def calls(
        self, wanted: CallFilter, cursor: str = "", limit: int = 50
    ) -> Page[CallRecord]:
        raise NotImplementedError

    async def call(self, key: str) -> CallRecord | None:
        self._open()
        return OVER if key == OVER.key else None


class FakeKeys:
    """Implements ``KeyStore``; as ``locked`` it cannot be written."""

    def __init__(self) -> None:
        self.kept: dict[str, KeptRequest] = {}
        self.locked = False

    def find(self, key: str) -> KeptRequest | None:
        return self.kept.get(key)

    def keep(self, key: str, fingerprint: str, began: str = "") -> None:
        self._open()
        self.kept[key] = KeptRequest(fingerprint, began)

    def forget(self, key: str) -> None:
        self._open()
        self.kept.pop(key, None)

    def _open(self) -> None:
        if self.locked:
            raise StoreError("stasis_refer.db is locked")


class NoKeys(FakeKeys):
    """Keeps nothing."""

    def find(self, key: str) -> KeptRequest | None:
        del key
        return None


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class World:
    """What the server stands on, and a client of it."""

    token: str = TOKEN
    rate: float = 1000.0
    heartbeat: float = 15.0
    most_clients: int = 2
    desk: FakeDesk = field(default_factory=FakeDesk)
    book: FakeBook = field(default_factory=FakeBook)
    keys: FakeKeys = field(default_factory=FakeKeys)
    feed: Feed = field(default_factory=Feed)
    clock: Clock = field(default_factory=Clock)
    limits: list[str] = field(default_factory=list)
    logged_in: bool = True
    more: tuple[web.RouteDef, ...] = ()
    port: int = 0

    @property
    def guard(self) -> Guard:
        return Guard([SUPPORT], self.token, self.clock, rate=self.rate, on_limit=self.limits.append)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[aiohttp.ClientSession]:
        """Serve; a client that has the operator's token."""
        stream = Stream(
            self.feed,
            self.limits.append,
            still_in=lambda _: self.logged_in,
            heartbeat=self.heartbeat,
            most_clients=self.most_clients,
        )
        calls = Calls(self.desk, self.book, self.keys, self.clock)
        rest = OperatorRest(self.guard, calls, Transfers(self.book), stream, "1.2.3")
        server = HttpServer(
            "127.0.0.1",
            0,
            not_ready=list,
            metrics=lambda _: (b"", ""),
            media=lambda _: None,
            recording=_none,
            routes=(*rest.routes, *self.more),
        )
        await server.start()
        self.port = server.port
        try:
            async with harvest.client(self.url, headers=AS_OPERATOR) as client:
                yield client
        finally:
            self.feed.close()
            await server.stop()


async def _none(_: str) -> bytes | None:
    return None
