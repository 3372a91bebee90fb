"""What an application is owed of a transfer: to be told how it ended, also without its call."""

from dataclasses import dataclass

from stasis_refer.core.abouts import Standing, Transferred
from stasis_refer.core.application import Callback
from stasis_refer.core.info import CallInfo
from stasis_refer.core.outcome import Outcome, Result
from stasis_refer.core.verbs import Refer, Then

_TOLD = frozenset({Then.RUN, Then.RUN_IF_ANY, Then.END})


@dataclass(frozen=True, slots=True)
class Owed:
    """What it takes to tell how a transfer ended that no call follows any more.

    All of it is as it was when the transfer began, whose ``number`` this is.
    """

    verb: Refer
    info: CallInfo
    standing: Standing
    number: int

    def told(self, result: Result) -> tuple[Callback, Transferred] | None:
        """Return who is told of an end, and what; None where nobody is."""
        action = action_behind(self.verb, result)
        if action is None or then_behind(self.verb, result) not in _TOLD:
            return None
        return action, Transferred(result, self.verb.name, self.number)


def then_behind(verb: Refer, result: Result) -> Then:
    """Return what follows a Refer that ended so."""
    match result.outcome:
        case Outcome.COMPLETED:
            return verb.after.completed
        case Outcome.CANCELED:
            return verb.after.canceled
        case _:
            return verb.after.failed


def action_behind(verb: Refer, result: Result) -> Callback | None:
    """Return the action URL of a Refer that ended so."""
    if result.outcome is Outcome.COMPLETED or verb.failure_action is None:
        return verb.action
    return verb.failure_action
