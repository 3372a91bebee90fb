"""Restcomm's words for what happened: Twilio's, but for what Restcomm's pages leave out."""

from collections.abc import Mapping
from typing import Final, assert_never

from stasis_refer.core.abouts import (
    Dialed,
    FetchAbout,
    Gathered,
    LeftQueue,
    LegProgress,
    Progress,
    Recorded,
    TellAbout,
    TransferAsked,
    Transferred,
)
from stasis_refer.core.events import FetchFailed
from stasis_refer.core.outcome import Outcome
from stasis_refer.dialects import twiml_words
from stasis_refer.dialects.dial_words import asked_fields, dialed_fields, recording_url
from stasis_refer.dialects.fields import encodable

_REFER_FAILED: Final = frozenset(
    {Outcome.REJECTED, Outcome.UNANSWERED, Outcome.BLOCKED, Outcome.ERROR}
)

REFER_CALL_STATUS: Final[Mapping[Outcome, str]] = {
    outcome: word
    for outcome, word in twiml_words.REFER_CALL_STATUS.items()
    if outcome not in _REFER_FAILED
}
"""Restcomm's page: the status is omitted where the REFER itself fails."""


def about_fields(about: FetchAbout | TellAbout, public_url: str) -> dict[str, str]:
    """Return what a request tells beyond the basic parameters.

    ``public_url`` is that of our own web server, '' where it is not known.
    """
    match about:
        case Transferred(result):
            return twiml_words.refer_fields(result, REFER_CALL_STATUS)
        case Gathered(digits):
            return {"Digits": digits} if digits else {}
        case FetchFailed():
            return twiml_words.failure_fields(about)
        case Dialed(recorded=recorded):
            where = recording_url(recorded, public_url) if recorded else {}
            return dialed_fields(about) | where
        case TransferAsked():
            return asked_fields(about) | transfer_fields(about)
        # There is neither an Enqueue in RCML nor a callback of recordings, and a leg's
        # progress is told by ``progress_fields``.
        case LeftQueue() | Recorded() | Progress() | LegProgress() | None:
            return {}
        case _:
            assert_never(about)


def transfer_fields(asked: TransferAsked) -> dict[str, str]:
    """Return who transfers whom where, as user parts (Restcomm's page on its REFER support)."""
    fields = {
        "ReferTarget": asked.user,
        "Transferor": asked.transferor.far_user,
        "Transferee": asked.transferee.far_user,
    }
    return {name: encodable(user) for name, user in fields.items() if user}
