"""A desk that does not tell who is who."""

from stasis_refer.core import masked
from stasis_refer.core.orders import Order, Origination, Refused, Verdict
from stasis_refer.runtime.book import CallRecord
from stasis_refer.runtime.desk import Desk


class MaskedDesk:
    """Implements ``runtime.desk.Desk`` before another one, whose calls it shows masked."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def order(self, call: str, order: Order) -> Verdict:
        """Ask something of the live call or leg of a key; what the call says to it."""
        return await self._desk.order(call, order)

    async def originate(self, application: str, wanted: Origination) -> CallRecord | Refused:
        """Make a call for an application; how it stands, or why it is not made."""
        made = await self._desk.originate(application, wanted)
        return made if isinstance(made, Refused) else masked.call(made)

    def live(self) -> tuple[CallRecord, ...]:
        """Return all live calls and their legs, the newest first."""
        return tuple(map(masked.call, self._desk.live()))

    def live_call(self, key: str) -> CallRecord | None:
        """Return a live call or leg; None when there is none."""
        found = self._desk.live_call(key)
        return found and masked.call(found)
