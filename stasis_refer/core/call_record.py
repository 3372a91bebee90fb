"""What is known of a call, live or over, and how calls are looked for.

Times are in seconds since 1970, None where it never came so far.
"""

from dataclasses import dataclass

from stasis_refer.core.info import CallDirection, CallStatus


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call or leg; ``parent`` is the key of the call whose Dial called it, '' for none.

    One that was not called has a ``reason``, and the ``rule`` of the target policy that decided
    so, '' where none did; both are '' of any other.
    """

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
    rule: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls are asked for; None and '' stand for any, an empty tuple for none.

    ``since`` and ``until`` bound ``started_at``, the first included and the second not.
    """

    applications: tuple[str, ...] | None = None
    statuses: tuple[CallStatus, ...] | None = None
    caller: str = ""
    dialed: str = ""
    parent: str = ""
    since: float | None = None
    until: float | None = None
    live: bool | None = None

    def admits(self, record: CallRecord) -> bool:
        """Tell whether a call is among them."""
        return (
            _among(record.application, self.applications)
            and _among(record.status, self.statuses)
            and self.caller in ("", record.caller)
            and self.dialed in ("", record.dialed)
            and self.parent in ("", record.parent)
            and within(record.started_at, self.since, self.until)
            and self.live in (None, record.ended_at is None)
        )


def within(at: float | None, since: float | None, until: float | None) -> bool:
    """Tell whether a time is between two bounds, the second not included; None bounds nothing."""
    if since is None and until is None:
        return True
    return at is not None and (since is None or at >= since) and (until is None or at < until)


def _among(value: str, wanted: tuple[str, ...] | None) -> bool:
    return wanted is None or value in wanted
