"""Restcomm's words for what happened: Twilio's, but for what Restcomm's pages leave out."""

from collections.abc import Mapping
from typing import Final, assert_never

from stasis_refer.core.events import FetchFailed
from stasis_refer.core.intents import Gathered, LeftQueue, Progress, Transferred
from stasis_refer.core.outcome import Outcome
from stasis_refer.dialects import twiml_words

_REFER_FAILED: Final = frozenset(
    {Outcome.REJECTED, Outcome.UNANSWERED, Outcome.BLOCKED, Outcome.ERROR}
)

REFER_CALL_STATUS: Final[Mapping[Outcome, str]] = {
    outcome: word
    for outcome, word in twiml_words.REFER_CALL_STATUS.items()
    if outcome not in _REFER_FAILED
}
"""Restcomm's page: the status is omitted where the REFER itself fails."""


def about_fields(
    about: Transferred | Gathered | LeftQueue | FetchFailed | Progress | None,
) -> dict[str, str]:
    """Return what a request tells beyond the basic parameters."""
    match about:
        case Transferred(result):
            return twiml_words.refer_fields(result, REFER_CALL_STATUS)
        case Gathered(digits):
            return {"Digits": digits} if digits else {}
        case FetchFailed():
            return twiml_words.failure_fields(about)
        case LeftQueue() | Progress() | None:  # there is no Enqueue in RCML
            return {}
        case _:
            assert_never(about)
