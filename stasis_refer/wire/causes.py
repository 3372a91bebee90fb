"""Q.850 causes and SIP statuses, as Asterisk turns one into the other.

An ARI hang-up names a cause, and ``hangup_cause2sip`` (chan_pjsip.c) turns it into a status:
these are all that can be had, each seen on the wire. ``docs/capabilities.md`` has the table.
The other way ``ast_sip_hangup_sip2cause`` (res_pjsip.c) turns the status that a leg of ours was
refused with into a cause, several into one.
"""

from typing import Final

NORMAL: Final = 16

CAUSES: Final = {
    403: 21,
    404: 1,
    408: 18,
    410: 22,
    480: 19,
    484: 28,
    486: 17,
    488: 58,
    500: 38,
    501: 29,
    502: 27,
    503: 34,
    603: NORMAL,
}
"""SIP status to cause."""

_NEAR: Final = {
    401: 403,
    407: 403,
    433: 403,
    604: 404,
    406: 488,
    415: 488,
    487: 480,
    504: 408,
    600: 486,
    606: 488,
    607: 603,
    608: 603,
}
"""Statuses that cannot be had, and what is nearest to each."""

_OF_ITS_CLASS: Final = {4: 403, 5: 500, 6: 603}


def status_of(wanted: int | None) -> int:
    """Return the status that a call is really refused with when ``wanted`` is asked for."""
    if wanted is None:
        return 603
    near = _NEAR.get(wanted, wanted)
    return near if near in CAUSES else _OF_ITS_CLASS.get(near // 100, 603)


def cause_of(wanted: int | None) -> int:
    """Return the cause to hang up with; None for a plain end."""
    return CAUSES[status_of(wanted)]


_REFUSED: Final = {cause: status for status, cause in CAUSES.items() if cause != NORMAL} | {
    3: 404,  # no route to the destination
    23: 302,
    41: 409,
    102: 504,
}


def refused_with(cause: int) -> int | None:
    """Return the SIP status that most likely stands behind the cause that ended a leg.

    None for a plain end, and for a cause that many statuses become (127).
    """
    return _REFUSED.get(cause)
