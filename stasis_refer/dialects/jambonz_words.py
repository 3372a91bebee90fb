"""jambonz's words for our outcomes and states: tables, nothing else decides.

Sources: the payload models of jambonz's Python package, its feature server, and seed 003 for
``compat``, where every code is a text.
"""

from collections.abc import Mapping
from typing import Final

from stasis_refer.core.abouts import Dialed, Gathered, LegProgress, Progress, Standing, Transferred
from stasis_refer.core.info import CallStatus
from stasis_refer.core.outcome import Outcome, Result

CALL_STATUS: Final[Mapping[CallStatus, tuple[str, int | None, str]]] = {
    # Status, and the last SIP status line that we sent where it is known.
    CallStatus.INITIATED: ("trying", 100, "Trying"),
    CallStatus.RINGING: ("trying", 100, "Trying"),
    CallStatus.IN_PROGRESS: ("in-progress", 200, "OK"),
    CallStatus.COMPLETED: ("completed", 200, "OK"),
    CallStatus.BUSY: ("busy", None, ""),
    CallStatus.REJECTED: ("failed", None, ""),
    CallStatus.FAILED: ("failed", None, ""),
    # Only legs that were dialed end in these.
    CallStatus.NO_ANSWER: ("no-answer", None, ""),
    CallStatus.CANCELED: ("no-answer", None, ""),
}

LEG_RINGS: Final = ("ringing", 180, "Ringing")
"""As a dialed leg, in the place of the ``trying`` of a call that waits for its document."""

DIAL_CALL_STATUS: Final[Mapping[Outcome, str]] = {
    Outcome.COMPLETED: "completed",
    Outcome.BUSY: "busy",
    Outcome.NO_ANSWER: "no-answer",
    Outcome.FAILED: "failed",
    # As jambonz has a 487: the INVITE was canceled.
    Outcome.CANCELED: "no-answer",
    Outcome.BLOCKED: "failed",
    # No dial ends in these.
    Outcome.REJECTED: "failed",
    Outcome.UNCONFIRMED: "failed",
    Outcome.UNANSWERED: "failed",
    Outcome.ERROR: "failed",
}

NEVER_ANSWERED: Final = "no-answer"

REFER_STATUS: Final[Mapping[Outcome, int]] = {
    # What the transferee answered, where nobody told the code itself.
    Outcome.COMPLETED: 202,
    Outcome.BUSY: 202,
    Outcome.NO_ANSWER: 202,
    Outcome.FAILED: 202,
    Outcome.REJECTED: 603,
    Outcome.UNCONFIRMED: 202,
    Outcome.UNANSWERED: 408,
    Outcome.CANCELED: 487,  # not told, in any document
    Outcome.BLOCKED: 403,
    Outcome.ERROR: 500,
}

_OK: Final = 200


def standing_fields(standing: Standing) -> dict[str, object]:
    """Return how a call stands; what is not known is left out."""
    status, code, reason = CALL_STATUS[standing.status]
    if standing.status is CallStatus.COMPLETED and standing.answered_after is None:
        return {"call_status": NEVER_ANSWERED}
    if code is None:
        return {"call_status": status}
    return {"sip_status": code, "sip_reason": reason, "call_status": status}


def leg_fields(standing: Standing, progress: LegProgress) -> dict[str, object]:
    """Return how a dialed leg stands; the reason phrase of its final response is not known."""
    if standing.status is CallStatus.RINGING:
        status, code, reason = LEG_RINGS
        return {"sip_status": code, "sip_reason": reason, "call_status": status}
    fields = standing_fields(standing)
    if progress.code is not None and fields.get("sip_status") != progress.code:
        return {"sip_status": progress.code, "call_status": fields["call_status"]}
    return fields


def dial_fields(told: Dialed, call_sid: str) -> dict[str, object]:
    """Return what the action hook is told of a dial; ``call_sid`` is the leg's, '' without one."""
    code = _OK if told.code is None and told.outcome is Outcome.COMPLETED else told.code
    fields: dict[str, object] = {"dial_call_status": DIAL_CALL_STATUS[told.outcome]}
    if code is not None:
        fields["dial_sip_status"] = code
    if call_sid:
        fields["dial_call_sid"] = call_sid
    return fields | _verb_id(told.name)


def refer_fields(told: Transferred, *, compat: bool) -> dict[str, object]:
    """Return what the action hook is told of a transfer."""
    result = told.result
    refer_status, final = _refer_status(result), _final_status(result)
    fields: dict[str, object] = {"refer_status": refer_status}
    if compat:
        fields["referStatus"] = str(refer_status)
    if final is not None:
        fields["final_referred_call_status"] = str(final) if compat else final
    return fields | _verb_id(told.name)


def _refer_status(result: Result) -> int:
    known = None if result.outcome is Outcome.ERROR else result.refer_code
    return known or REFER_STATUS[result.outcome]


def _final_status(result: Result) -> int | None:
    if result.final_code is None and result.outcome is Outcome.COMPLETED:
        return _OK  # a success that only Asterisk saw had a final NOTIFY all the same
    return result.final_code


def progress_fields(progress: Progress, call_sid: str, *, compat: bool) -> dict[str, object]:
    """Return all that the event hook is told: jambonz's two keys, and whose NOTIFY it was."""
    code = progress.notify_code
    return {
        "event": "transfer-status",
        "call_status": str(code) if compat else code,
        "call_sid": call_sid,
    }


def gather_fields(told: Gathered) -> dict[str, object]:
    """Return what the action hook is told of a gather."""
    if not told.digits and not told.finished_by:
        return {"reason": "timeout"} | _verb_id(told.name)
    return {"digits": told.digits, "reason": "dtmfDetected"} | _verb_id(told.name)


def _verb_id(name: str) -> dict[str, object]:
    return {"verb_id": name} if name else {}
