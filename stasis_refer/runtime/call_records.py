"""How the parties of a live call stand, as records of the book."""

from stasis_refer.core.application import Application
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
    status = leg.status if ended_at is None else _end(call, leg)
    application, tag = leg.application or call.application, leg.tag or call.tag
    return party_record(leg, application, offset, status, tag=tag, ended_at=ended_at)


def party_record(  # noqa: PLR0913 - what a record has besides what the leg knows
    leg: Leg,
    application: Application,
    offset: float,
    status: CallStatus,
    *,
    tag: str,
    ended_at: float | None = None,
) -> CallRecord:
    """Return the record of a party; ``offset`` and ``ended_at`` as of ``call_record``."""
    info = leg.info
    return CallRecord(
        key=info.key,
        parent=info.parent,
        application=application.name,
        dialect=application.dialect,
        direction=info.direction,
        caller=info.caller,
        caller_name=info.caller_name,
        dialed=info.dialed,
        status=status,
        started_at=info.started,
        answered_at=None if leg.answered_at is None else leg.answered_at + offset,
        ended_at=ended_at,
        tag=tag,
    )


def is_over(call: Call, leg: Leg) -> bool:
    """Tell whether a party hung up, or its call let it go."""
    return leg.gone or call.over or (leg is call.lead and call.ended_as is not None)


def _end(call: Call, leg: Leg) -> CallStatus:
    if leg.info.direction is not CallDirection.INBOUND:
        return leg.end
    ended_as = call.ended_as if leg is call.lead else None
    return ended_as or CallStatus.COMPLETED
