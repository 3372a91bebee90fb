"""What is known of a call, live or over, and how calls are looked for.

Times are in seconds since 1970, None where it never came so far.
"""

from dataclasses import dataclass

from stasis_refer.core.info import CallDirection, CallStatus


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call or leg; ``parent`` is the key of the call whose Dial called it, '' for none."""

    key: str
    parent: str
    application: str
    dialect: str
    direction: CallDirection
    caller: str
    caller_name: str
    dialed: str
    status: CallStatus
    started_at: float
    answered_at: float | None = None
    ended_at: float | None = None
    tag: str = ""


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls are asked for; None and '' stand for any.

    ``since`` and ``until`` bound ``started_at``, the first included and the second not.
    """

    application: str = ""
    status: CallStatus | None = None
    caller: str = ""
    dialed: str = ""
    parent: str = ""
    since: float | None = None
    until: float | None = None
    live: bool | None = None
