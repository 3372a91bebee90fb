"""The page on a real server; its book has what a test puts into it."""

from dataclasses import dataclass, field, replace
from functools import cached_property

from aiohttp import web

from stasis_refer.adapters.page.routes import TransferPages
from stasis_refer.adapters.rest.guard import Guard
from stasis_refer.runtime.book import CallRecord, Page, Rung, TransferFilter, TransferRecord
from tests.adapters.rest.world import OVER, SUPPORT, FakeBook, World
from tests.transfer_records import AT, BUSY, LADDER, OPEN

ID = f"{'0' * 31}c-1"
ONE = replace(BUSY, id=ID, call=ID[:32])
OTHER = replace(OPEN, id=f"{'0' * 31}d-1", call=f"{'0' * 31}d")
NOW = AT + 3600


class FullBook(FakeBook):
    """Has the transfers it is given, whatever the filter is."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Page((OTHER, ONE), "further")
        self.ladders: dict[str, tuple[Rung, ...]] = {ONE.id: LADDER}
        self.call_record: CallRecord | None = replace(OVER, caller_name="Ada", tag="order 7")

    async def transfer(self, id_: str) -> tuple[TransferRecord, tuple[Rung, ...]] | None:
        self._open()
        found = next((each for each in self.page.items if each.id == id_), None)
        return (found, self.ladders.get(id_, ())) if found else None

    async def call(self, key: str) -> CallRecord | None:
        del key
        return self.call_record

    @property
    def wanted(self) -> TransferFilter:
        """What was asked for last."""
        return self.asked[-1][0]


@dataclass
class PageWorld(World):
    """A server with the page and ``/v1`` behind one guard."""

    book: FullBook = field(default_factory=FullBook)
    public_url: str = "https://pbx.example.com"

    @cached_property
    def guard(self) -> Guard:
        return Guard(
            [SUPPORT],
            self.token,
            self.clock,
            rate=self.rate,
            on_limit=self.limits.append,
            secure=self.public_url.startswith("https:"),
        )

    def __post_init__(self) -> None:
        self.more: tuple[web.RouteDef, ...] = TransferPages(
            self.guard,
            self.book,
            applications=["support", "sales"],
            wall=lambda: NOW,
            url=self.public_url,
        ).routes
