"""The desk: where somebody outside asks something of live calls, or for a new one."""

from typing import Protocol

from stasis_refer.core.orders import Order, Origination, Refused, Verdict
from stasis_refer.runtime.book import CallRecord


class Desk(Protocol):
    """What can be asked for from outside; implemented by the switchboard's front desk."""

    async def order(self, call: str, order: Order) -> Verdict:
        """Ask something of the live call or leg of a key; what the call says to it.

        Where it says nothing in time, the order is withdrawn, or the verdict is UNDECIDED: the
        call has taken it, and may still carry it out.
        """
        ...

    async def originate(self, application: str, wanted: Origination) -> CallRecord | Refused:
        """Make a call for an application; how it stands, or why it is not made."""
        ...

    def live(self) -> tuple[CallRecord, ...]:
        """Return all live calls and their legs, the newest first."""
        ...

    def live_call(self, key: str) -> CallRecord | None:
        """Return a live call or leg; None when there is none."""
        ...
