"""What a filter asks of rows, and of their kinds."""

from typing import Final

from stasis_refer.adapters.ledger.pages import Conditions
from stasis_refer.runtime.book import CallFilter, TransferFilter

_ANSWERED: Final = (
    "(direction <> 'sent' OR outcome NOT IN ('unanswered', 'blocked')"
    " OR (outcome = 'blocked' AND notify_code <> 0))"
)
"""``TransferRecord.refer_answer`` is ``refer_code``."""


def of_transfers(wanted: TransferFilter) -> tuple[Conditions, Conditions]:
    """Return the conditions on rows and on their kinds; times are left to the page."""
    rows, kinds = Conditions(), Conditions()
    if wanted.call:
        rows.add("call = ?", wanted.call)
    if wanted.application:
        kinds.add("application = ?", wanted.application)
    if wanted.direction is not None:
        kinds.add("direction = ?", wanted.direction.value)
    if wanted.group is not None:
        kinds.add("policy_group = ?", wanted.group)
    if wanted.outcome is not None:
        kinds.add("outcome = ?", wanted.outcome.value)
    if wanted.open is not None:
        kinds.add("outcome = ''" if wanted.open else "outcome <> ''")
    if wanted.code is not None:
        kinds.add("? IN (refer_code, notify_code)", wanted.code)
    if wanted.refer_code is not None:
        kinds.add("refer_code = ?", wanted.refer_code)
        kinds.add(_ANSWERED)
    if wanted.notify_code is not None:
        kinds.add("notify_code = ?", wanted.notify_code)
    return rows, kinds


def of_calls(wanted: CallFilter) -> tuple[Conditions, Conditions]:
    """Return the conditions on rows and on their kinds; times are left to the page."""
    rows, kinds = Conditions(), Conditions()
    for column in ("caller", "dialed", "parent"):
        if value := getattr(wanted, column):
            rows.add(f"{column} = ?", value)
    if wanted.parent:
        rows.add("parent <> ''")  # says the same, and so that its index may be used
    for column, values in (("application", wanted.applications), ("status", wanted.statuses)):
        if values is not None:
            kinds.add(f"{column} IN ({', '.join('?' * len(values))})", *map(str, values))
    if wanted.live is not None:
        kinds.add("live = ?", int(wanted.live))
    return rows, kinds
