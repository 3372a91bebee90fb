"""The desk as it stands before the live calls: orders become events, what calls say the answers."""

import asyncio
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import structlog

from stasis_refer.core.application import Application
from stasis_refer.core.calling import Called, originate
from stasis_refer.core.counting import over_quota
from stasis_refer.core.events import Ordered
from stasis_refer.core.intents import CalleeRefused
from stasis_refer.core.leg import Leg
from stasis_refer.core.orders import (
    Order,
    Origination,
    Refusal,
    Refused,
    TransferCall,
    Verdict,
)
from stasis_refer.runtime.book import CallRecord
from stasis_refer.runtime.call_records import is_over, party_record
from stasis_refer.runtime.capacity import WHAT_TO_DO, Capacity, Limit
from stasis_refer.runtime.directory import Directory, Live
from stasis_refer.runtime.quotas import Quotas
from stasis_refer.runtime.switchboard import Switchboard

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PATIENCE: Final = 6.0
"""Seconds that a call has to answer an order: it may have to leave a bridge or a queue first."""


class FrontDesk:
    """Implements ``runtime.desk.Desk``. ``answer_order`` is what the effects of calls call.

    ``not_called`` is told of each call that is not made as somebody may not be called.
    """

    def __init__(  # noqa: PLR0913 - one argument per part
        self,
        directory: Directory,
        applications: Mapping[str, Application],
        clock: Callable[[], float],
        wall: Callable[[], float],
        *,
        quotas: Quotas,
        capacity: Capacity | None = None,
        not_called: Callable[[CalleeRefused], None] = lambda _: None,
    ) -> None:
        self._directory = directory
        self._applications = applications
        self._clock = clock
        self._wall = wall
        self._quotas = quotas
        self._capacity = capacity or Capacity()
        self._tell_not_called = not_called
        self._asked: dict[str, asyncio.Future[Verdict]] = {}
        self.switchboard: Switchboard | None = None  # it needs the effects, which need the desk

    def answer_order(self, ticket: str, verdict: Verdict) -> None:
        """Hand what a call says to who asked."""
        asked = self._asked.get(ticket)
        if asked is None:
            kind = type(verdict).__name__
            log.warning("a call has answered an order that nobody waits for", verdict=kind)
        elif not asked.done():
            asked.set_result(verdict)

    async def order(self, call: str, order: Order) -> Verdict:
        """Ask something of the live call or leg of a key; what the call says to it."""
        live = self._directory.owner_of(call)
        if live is None or live.over:
            return Refused(Refusal.NO_CALL)
        if isinstance(order, TransferCall) and (limit := self._capacity.refuses_order(live.call)):
            return _over(limit)
        asking = Ordered(ticket := uuid.uuid4().hex, call, order)
        answer: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._asked[ticket] = answer
        try:
            live.post(asking)
            async with asyncio.timeout(PATIENCE):
                return await answer
        except TimeoutError:
            if not live.withdraw(asking):
                return Refused(Refusal.UNDECIDED)
            return Refused(Refusal.NO_CALL if live.over else Refusal.AWAY)
        finally:
            del self._asked[ticket]

    async def originate(self, application: str, wanted: Origination) -> CallRecord | Refused:
        """Make a call for an application; how it stands, or why it is not made."""
        board, found = self.switchboard, self._applications.get(application)
        if board is None or board.draining or found is None:
            return Refused(Refusal.DRAINING)
        key, now = uuid.uuid4().hex, self._clock()
        called = originate(wanted, found, key=key, at=self._wall(), now=now)
        if not isinstance(called, Called):
            self._not_called(application, called.note)
            return Refused(Refusal.NOT_CALLABLE, called.note.detail)
        quotas = called.by.quotas
        if (full := self._quotas.used_up(quotas)) is not None:
            over = over_quota(called.by, full)
            note = CalleeRefused(over.group, over.why.value, over.reason, over.rule)
            self._not_called(application, note)
            return Refused(Refusal.TOO_MANY, over.reason)
        if limit := self._capacity.refuses_call(application):
            return _over(limit)
        self._quotas.take(quotas)  # at once: others may ask before the call begins
        board.originate(called.leg.info, found, wanted)
        return _record(called.leg, found)

    def _not_called(self, application: str, note: CalleeRefused) -> None:
        # There is no call, so no journal tells of it.
        self._tell_not_called(note)
        log.warning(
            "call that was asked for is not made",
            application=application,
            group=note.group,
            rule=note.rule,
            reason=note.reason,
            why=note.detail,
        )

    def live(self) -> tuple[CallRecord, ...]:
        """Return all live calls and their legs, the newest first."""
        found = {record.key: record for record in self._records()}
        return tuple(sorted(found.values(), key=_age))

    def live_call(self, key: str) -> CallRecord | None:
        """Return a live call or leg; None when there is none."""
        live = self._directory.owner_of(key)
        records = self._records_of(live) if live is not None else ()
        return next((each for each in records if each.key == key), None)

    def _records(self) -> Iterator[CallRecord]:
        for live in tuple(self._directory.calls):
            yield from self._records_of(live)

    def _records_of(self, live: Live) -> Iterator[CallRecord]:
        call = live.call
        for leg in (call.lead, *call.legs.values()):
            # What is left to be done for who hung up keeps nobody on the line.
            if not leg.lent and not is_over(call, leg):
                yield _record(leg, leg.application or call.application)


def _record(leg: Leg, application: Application) -> CallRecord:
    offset = leg.info.started - leg.began_at
    return party_record(leg, application, offset, leg.status, tag=leg.tag)


def _over(limit: Limit) -> Refused:
    why = Refusal.TOO_OFTEN if limit is Limit.CALL_RATE else Refusal.TOO_MANY
    return Refused(why, WHAT_TO_DO[limit])


def _age(record: CallRecord) -> tuple[float, str]:
    return -record.started_at, record.key
