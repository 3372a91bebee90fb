"""What ``/v1`` answers to whom a call, or the desk before it, refused something."""

from typing import Final, NamedTuple

from stasis_refer.adapters.rest.problems import Problem
from stasis_refer.core.orders import RETRY_AFTER, Refusal, Refused


class _Told(NamedTuple):
    """A status, and where the refusal says no more what is wrong, and where in the request."""

    status: int
    message: str
    field: str | None = "call"
    retry_after: int = 0  # seconds, 0: is not said


_TOLD: Final[dict[Refusal, _Told]] = {
    Refusal.NO_CALL: _Told(404, "There is no such live call: GET /v1/calls tells which there are."),
    Refusal.TRANSFERRING: _Told(
        409, "Another transfer of the call is under way: wait for its end."
    ),
    Refusal.ANSWERED: _Told(409, "The call is answered already: nothing was done."),
    Refusal.AWAY: _Told(
        409,
        "The call cannot be transferred at this moment: ask again in a second.",
        retry_after=1,
    ),
    Refusal.UNDECIDED: _Told(
        504,
        "The call has not said in time whether it begins the transfer, and may still begin it:"
        " GET /v1/transfers?call= tells. To ask again, use a new Idempotency-Key.",
        None,
    ),
    Refusal.NOT_CALLABLE: _Told(422, "The target cannot be called: write another.", "target"),
    Refusal.DRAINING: _Told(
        503, "The program stops and begins nothing new: ask again later.", None, retry_after=5
    ),
    Refusal.TOO_MANY: _Told(
        429,
        "As many transfers as may be are under way: ask again later.",
        None,
        RETRY_AFTER[Refusal.TOO_MANY],
    ),
    Refusal.TOO_OFTEN: _Told(
        429,
        "As many calls as may be have come this second: ask again in the next.",
        None,
        RETRY_AFTER[Refusal.TOO_OFTEN],
    ),
}


def problem_of(refused: Refused) -> Problem:
    """Return what is answered."""
    status, message, field, retry_after = _TOLD[refused.why]
    told = _sentence(refused.detail) or message
    headers = {"Retry-After": str(retry_after)} if retry_after else None
    return Problem(status, refused.why.value, told, refused.part or field, headers)


def _sentence(detail: str) -> str:
    """Return a detail as a sentence: it is written to stand behind a colon."""
    return f"{detail[0].upper()}{detail[1:].removesuffix('.')}." if detail else ""
