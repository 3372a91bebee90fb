"""Which verbs end a document, so that its author can be told of what stands behind them."""

from stasis_refer.core.application import Callback
from stasis_refer.core.verbs import (
    After,
    Dial,
    Enqueue,
    Gather,
    Hangup,
    Play,
    Redirect,
    Refer,
    Reject,
    Then,
    Verb,
)


def never_goes_on(verb: Verb) -> bool:
    """Tell whether what stands behind a verb is never reached."""
    match verb:
        case Redirect(or_go_on=False) | Hangup() | Reject() | Play(times=0):
            return True
        case Enqueue(action=Callback()) | Dial(action=Callback(), or_go_on=False):
            return True
        case Refer(action=Callback(), after=After(failed=Then.RUN)):
            return True
        case Gather(action=Callback(), tell_empty=True, or_go_on=False):
            return True
        case _:
            return False
