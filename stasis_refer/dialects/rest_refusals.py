"""Why the desk did nothing, in the words that the vendors' interfaces have in common."""

from http import HTTPStatus
from typing import Final

from stasis_refer.core.orders import Refusal

_NOT_NOW: Final = {
    Refusal.NO_CALL: "it is over.",
    Refusal.TRANSFERRING: "another transfer of it is under way.",
    Refusal.ANSWERED: "it is answered already, and only an unanswered one was to be ended.",
    Refusal.AWAY: "a party of it is being handed over; ask again.",
}


def refusals(
    not_now: str, code: int = 0, bad_callee: int = 0
) -> dict[Refusal, tuple[int, int, str]]:
    """Return status, code and sentence by why the desk did nothing.

    ``not_now`` is what goes before why a live call stays as it is, and ``code`` the vendor's
    number for that; ``bad_callee`` is the one for a call that cannot be made.
    """
    not_made = "Whom to call may not or cannot be called."
    undecided = (
        "The call has not said in time whether it takes the order, which may still be carried out:"
        " look how it stands before you ask again."
    )
    too_many = "As many as may be are under way: ask again later."
    too_often = "As many calls as may be have come this second: ask again in the next."
    stopping = "No new calls are made, the program is being stopped."
    return {
        **{why: (HTTPStatus.CONFLICT, code, f"{not_now}{text}") for why, text in _NOT_NOW.items()},
        Refusal.NOT_CALLABLE: (HTTPStatus.BAD_REQUEST, bad_callee, not_made),
        Refusal.UNDECIDED: (HTTPStatus.GATEWAY_TIMEOUT, 0, undecided),
        Refusal.DRAINING: (HTTPStatus.SERVICE_UNAVAILABLE, 0, stopping),
        Refusal.TOO_MANY: (HTTPStatus.TOO_MANY_REQUESTS, 0, too_many),
        Refusal.TOO_OFTEN: (HTTPStatus.TOO_MANY_REQUESTS, 0, too_often),
    }
