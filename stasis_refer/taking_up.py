"""At the start: the calls of a program that ended suddenly go on, and what is lost is closed."""

import time
from collections.abc import Callable, Mapping

import structlog

from stasis_refer.adapters.ledger import Ledger
from stasis_refer.adapters.ledger.ledger import when_free
from stasis_refer.core.application import Application
from stasis_refer.core.outcome import Direction
from stasis_refer.runtime.book import TransferRecord
from stasis_refer.runtime.debts import Debts
from stasis_refer.runtime.journal import Entry
from stasis_refer.runtime.outbox import Outbox
from stasis_refer.runtime.ports import StoreError
from stasis_refer.runtime.replay import rebuilt_calls
from stasis_refer.runtime.switchboard import Switchboard

_log = structlog.get_logger(__name__)


async def take_up(  # noqa: PLR0913 - where calls are kept, and where they go on
    *,
    ledger: Ledger,
    switchboard: Switchboard,
    outbox: Outbox,
    debts: Debts,
    applications: Mapping[str, Application],
    now: float,
    goes_on: Callable[[Direction], None],
    lost: Callable[[TransferRecord], None],
) -> None:
    """Take up the calls that can be built again, and close the transfers of those that cannot.

    Who is owed the end of such a transfer is told it: once, as that is written down with the end
    itself. ``now`` is in the clock that calls go on by; ``goes_on`` is told of each transfer that
    is under way, ``lost`` of each that is closed. What is pending in the outbox is to be on its way
    by now. A ledger that somebody else has locked is waited for, for 30 s at most.
    """
    wall = time.time()
    live, over, parties = set[str](), set[str](), set[str]()
    for rebuilt in rebuilt_calls(ledger.call_log, applications, now, wall):
        switchboard.resume(rebuilt)
        for direction in rebuilt.under_way:
            goes_on(direction)
        call = rebuilt.call
        if call.over:  # and not forgotten yet, as its last effects may not have been done
            # Nothing happens in it any more, and its tables may not have heard of its end.
            ledger.tap(Entry(call, rebuilt.steps, rebuilt.at, None, ()))
            over.add(call.key)
            continue
        live.add(call.key)
        parties.update(leg.info.key for leg in (call.lead, *call.legs.values()))

    def close() -> None:
        with ledger.step():
            parcels = debts.pay(live, over)  # first: it also reads what live calls are to tell
            closed = ledger.close_open(live, parties, wall)
        for record in closed:
            lost(record)
        for number, parcel in parcels:
            outbox.send(number, parcel)

    try:
        await when_free(close)
    except StoreError as error:
        _log.error("transfers that were under way cannot be closed", why=str(error))
