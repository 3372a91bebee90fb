"""Whether a transfer that is asked for is the one to the same target that is under way."""

from collections.abc import Callable, Mapping
from typing import Final

from stasis_refer.core.application import Application
from stasis_refer.core.orders import Refusal, Refused, TransferCall
from stasis_refer.core.sent import text_of
from stasis_refer.core.verbs import Refer

_PARTS: Final[Mapping[str, Callable[[Refer, Application], object]]] = {
    "referred_by": lambda verb, _: text_of(verb.referred_by) if verb.referred_by else "",
    "headers": lambda verb, _: {(name.lower(), value.strip(" \t")) for name, value in verb.headers},
    "no_notify_timeout": lambda verb, of: verb.no_notify_timeout or of.no_notify_timeout,
    "ring_timeout": lambda verb, of: verb.ring_timeout or of.ring_timeout,
    "on_success": lambda verb, _: (verb.action, verb.after.completed),
    "on_failure": lambda verb, _: (verb.failure_action, verb.after.failed, verb.after.canceled),
}
"""What two transfers to one target may differ in, as ``TransferCall.given`` names it."""


def refusal_to_join(running: Refer, asked: TransferCall, of: Application) -> Refused | None:
    """Return why a transfer cannot join the one that is running; None where it can.

    What was not asked for in so many words is whatever it is in the one that is running.
    """
    for name, part in _PARTS.items():
        if name in asked.given and part(running, of) != part(asked.verb, of):
            return Refused(Refusal.TRANSFERRING, _OTHER.format(name), name)
    return None


_OTHER: Final = (
    "a transfer to this target is under way with another {0}: leave {0} out to join it, or ask"
    " again when it has ended"
)
