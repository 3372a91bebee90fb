from dataclasses import replace

from stasis_refer.core.info import CallDirection, CallStatus
from stasis_refer.core.orders import EndCall, Order, Origination, Refusal, Refused, Taken, Verdict
from stasis_refer.core.verbs import Callee, SipAddress
from stasis_refer.runtime.book import CallRecord
from stasis_refer.runtime.masked_desk import MaskedDesk

CALL = CallRecord(
    key="c1",
    parent="",
    application="support",
    dialect="twiml",
    direction=CallDirection.INBOUND,
    caller="+4930123456",
    caller_name="Alice",
    dialed="sip:support@example.com",
    status=CallStatus.IN_PROGRESS,
    started_at=1_764_000_000.0,
)
HIDDEN = replace(CALL, caller="+***", caller_name="A***", dialed="sip:s***@example.com")

WANTED = Origination(Callee(SipAddress("sip:alice@example.com")), ())


class Bare:
    """A desk with one call."""

    def __init__(self) -> None:
        self.orders: list[tuple[str, Order]] = []
        self.draining = False

    async def order(self, call: str, order: Order) -> Verdict:
        self.orders.append((call, order))
        return Taken()

    async def originate(self, application: str, wanted: Origination) -> CallRecord | Refused:
        del application, wanted
        return Refused(Refusal.DRAINING) if self.draining else CALL

    def live(self) -> tuple[CallRecord, ...]:
        return (CALL,)

    def live_call(self, key: str) -> CallRecord | None:
        return CALL if key == CALL.key else None


async def test_calls_are_shown_masked() -> None:
    desk = MaskedDesk(Bare())
    assert desk.live() == (HIDDEN,)
    assert desk.live_call("c1") == HIDDEN
    assert desk.live_call("c2") is None
    assert await desk.originate("support", WANTED) == HIDDEN


async def test_all_else_is_as_it_is() -> None:
    bare = Bare()
    desk = MaskedDesk(bare)
    assert await desk.order("c1", EndCall()) == Taken()
    assert bare.orders == [("c1", EndCall())]
    bare.draining = True
    assert await desk.originate("support", WANTED) == Refused(Refusal.DRAINING)
