"""How the parties of a live call stand, as records of the book."""

from stasis_refer.core.call import Call
from stasis_refer.core.info import CallDirection, CallStatus
from stasis_refer.core.leg import Leg
from stasis_refer.runtime.book import CallRecord


def call_record(
    call: Call, leg: Leg, offset: float, *, ended_at: float | None = None
) -> CallRecord:
    """Return how a party of a call stands.

    ``offset`` makes seconds since 1970 out of the clock of the call's ``now``; ``ended_at``, in
    seconds since 1970, says that the party is there no more.
    """
    info, application = leg.info, leg.application or call.application
    return CallRecord(
        key=info.key,
        parent=info.parent,
        application=application.name,
        dialect=application.dialect,
        direction=info.direction,
        caller=info.caller,
        caller_name=info.caller_name,
        dialed=info.dialed,
        status=_end(call, leg) if ended_at is not None else _status(leg),
        started_at=info.started,
        answered_at=None if leg.answered_at is None else leg.answered_at + offset,
        ended_at=ended_at,
        tag=leg.tag or call.tag,
    )


def is_over(call: Call, leg: Leg) -> bool:
    """Tell whether a party hung up, or its call let it go."""
    return leg.gone or call.over or (leg is call.lead and call.ended_as is not None)


def _status(leg: Leg) -> CallStatus:
    if leg.answered_at is not None:
        return CallStatus.IN_PROGRESS
    rings = leg.ringing or leg.info.direction is CallDirection.INBOUND
    return CallStatus.RINGING if rings else CallStatus.INITIATED


def _end(call: Call, leg: Leg) -> CallStatus:
    if leg.info.direction is not CallDirection.INBOUND:
        return leg.end
    ended_as = call.ended_as if leg is call.lead else None
    return ended_as or CallStatus.COMPLETED
