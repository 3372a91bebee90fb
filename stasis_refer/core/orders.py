"""What somebody outside asks of a call that is live, or that is to be made; and the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from stasis_refer.core.application import Callback
from stasis_refer.core.verbs import Callee, Document, Refer


@dataclass(frozen=True, slots=True)
class RunDocument:
    """Run a document in place of the one that runs.

    ``both``: the other party of a connection is to run it too, in a call of its own. A document
    that is nothing but a Refer joins the transfer under way to the same target.
    """

    document: Document = field(repr=False)
    both: bool = False


@dataclass(frozen=True, slots=True)
class FetchDocument:
    """Fetch a document and run it in place of the one that runs; ``both`` as above."""

    callback: Callback
    both: bool = False


@dataclass(frozen=True, slots=True)
class EndCall:
    """Hang up. ``unanswered``: only if the call was not answered yet."""

    unanswered: bool = False


@dataclass(frozen=True, slots=True)
class TransferCall:
    """Send a REFER; the document that runs goes on behind it as the verb's ``after`` says.

    While a transfer to the same target is under way this one joins it, unless it differs in what
    is ``given``: parts of the verb that were asked for in so many words, by the names that
    ``core.joining`` has for them.
    """

    verb: Refer
    given: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TagCall:
    """Send ``text`` along with every later request about the call; '' sends none."""

    text: str


Order: TypeAlias = RunDocument | FetchDocument | EndCall | TransferCall | TagCall
"""What can be asked of a live call."""


class Refusal(StrEnum):
    """Why nothing was done, or was so far."""

    NO_CALL = "no_call"  # it is over, or never was
    TRANSFERRING = "transferring"  # another transfer of the call is under way
    ANSWERED = "answered"  # only an unanswered call was to be ended
    AWAY = "away"  # a party of the call is being handed over or taken apart: ask again
    UNDECIDED = "undecided"  # the call has not said: it may still be done
    NOT_CALLABLE = "not_callable"  # whom to call may not or cannot be called
    DRAINING = "draining"  # no new calls are made
    TOO_MANY = "too_many"  # as many calls or transfers as may be are under way
    TOO_OFTEN = "too_often"  # as many calls as may be have come this second


RETRY_AFTER: Final[Mapping[Refusal, int]] = {Refusal.TOO_MANY: 5, Refusal.TOO_OFTEN: 1}
"""Seconds until there may be room again, where a limit was reached."""


@dataclass(frozen=True, slots=True)
class Taken:
    """It is done, or under way.

    ``transfer`` is the id of the transfer that was begun or joined, '' for another order.
    """

    transfer: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was done, or was so far.

    ``detail`` is a sentence that says what to do, '' where ``why`` does; ``part`` names the part
    of the order that stands in the way, '' where none does.
    """

    why: Refusal
    detail: str = ""
    part: str = ""


Verdict: TypeAlias = Taken | Refused


@dataclass(frozen=True, slots=True)
class Origination:
    """A call to be made: whom to call, and the document that runs once it is answered.

    ``then`` is fetched where it is a Callback. Times are in seconds. ``callee.watch`` is told how
    the call goes.
    """

    callee: Callee
    then: Callback | Document = field(repr=False)
    caller_id: str = ""
    caller_name: str = ""
    timeout: float = 60.0
    time_limit: float | None = None
