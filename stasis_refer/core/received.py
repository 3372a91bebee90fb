"""A REFER that we received: may it go on, where it stands, how it is reported."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from stasis_refer.core import uri
from stasis_refer.core.abouts import TransferAsked
from stasis_refer.core.activity import Talking
from stasis_refer.core.application import Application, Callback
from stasis_refer.core.events import ReferCaptured, TransferRequested
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import (
    Intent,
    ReferReport,
    TransferBegan,
    TransferEnded,
    TransferTimes,
)
from stasis_refer.core.leg import Leg
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason, Result
from stasis_refer.core.policy import (
    UNDECIDED,
    Allowed,
    AsOfNow,
    Blocked,
    Decision,
    decide,
    decide_user,
    for_good,
)
from stasis_refer.core.program import Program
from stasis_refer.core.rules import Counted

MAX_REFER_TO: Final = 256
"""Characters of a Refer-To that is accepted (seed 002)."""

ACCEPTED: Final = 202
"""What Asterisk answers to every REFER that it leaves to us."""


@dataclass(slots=True)
class Received:
    """A REFER of one party of a connection, until the other one, the transferee, is connected.

    ``transferor`` is its channel, which may be gone. ``stays``: it is connected with the
    transferee again when no target is reached. ``talk``, ``program`` and ``document`` are what
    goes on then, ``swapped`` that the transferor was the lead before. ``running`` is whether the
    returned document runs.
    """

    asked: TransferAsked
    began_at: float
    transferor: str
    stays: bool
    talk: Talking
    program: Program
    document: Callback
    swapped: bool
    number: int = 0  # of the transfer
    by: Decision = UNDECIDED  # what the policy says of Refer-To
    counted: tuple[Counted, ...] = ()  # quotas that it used and nobody was called for yet
    running: bool = False
    report: ReferReport | None = None  # the final NOTIFY, once it was asked for

    def ended(
        self,
        outcome: Outcome,
        reason: Reason,
        now: float,
        *,
        evidence: Evidence = Evidence.ASTERISK,
        detail: str = "",
    ) -> TransferEnded:
        """Return the report of its end."""
        code = self.report.code if self.report else None
        result = Result(outcome, reason, evidence, ACCEPTED, code, detail=detail)
        times = TransferTimes(ended=now - self.began_at)
        return TransferEnded(
            Direction.RECEIVED,
            self.asked.refer_to,
            self.by.group,
            result,
            times,
            self.number,
            rule=self.by.rule,
        )


def witness(target: CallInfo, code: int | None) -> Evidence:
    """Return who saw what a target answered; ``code`` is its final response, None if not known."""
    return Evidence.SIP if target.captured and code is not None else Evidence.ASTERISK


@dataclass(frozen=True, slots=True)
class Declined:
    """Why a REFER goes no further; ``detail`` is a sentence for the log."""

    outcome: Outcome
    reason: Reason
    detail: str
    by: Blocked = UNDECIDED


def asked(
    captured: ReferCaptured | None, requested: TransferRequested, transferor: Leg, transferee: Leg
) -> TransferAsked:
    """Put together what both witnesses tell of a REFER."""
    if captured is None:
        return TransferAsked(
            requested.user,
            requested.user,
            transferor.info,
            transferee.info,
            requested.referred_by,
            whole=False,
        )
    return TransferAsked(
        captured.refer_to,
        requested.user,
        transferor.info,
        transferee.info,
        captured.referred_by or requested.referred_by,
        captured.user_agent,
        captured.headers,
    )


def judged(
    ask: TransferAsked,
    refer: Callback | None,
    application: Application,
    as_of_now: AsOfNow = for_good,
) -> Allowed | Declined:
    """Check a REFER before anything is asked of anybody."""
    if refer is None:
        return Declined(Outcome.REJECTED, Reason.NO_REFER_URL, _NO_URL)
    if len(ask.refer_to) > MAX_REFER_TO:
        return Declined(Outcome.REJECTED, Reason.REFER_TO_TOO_LONG, _TOO_LONG)
    try:
        decision = as_of_now(_decided(ask, application))
    except uri.BadUri as bad:
        reserved = bad.why is uri.Flaw.RESERVED_HEADER
        reason = Reason.RESERVED_HEADER if reserved else Reason.BAD_URI
        return Declined(Outcome.BLOCKED, reason, f"Refer-To: {bad}")
    if isinstance(decision, Allowed):
        return decision
    return Declined(Outcome.BLOCKED, decision.why, f"Refer-To: {decision.reason}", decision)


def _decided(ask: TransferAsked, application: Application) -> Decision:
    if not ask.whole:
        # Its host is not known: whom the document calls is checked in any case.
        return decide_user(application, ask.user)
    return decide(application, target_of(ask.refer_to, reserved=uri.RESERVED_HEADERS))


def target_of(refer_to: str, *, reserved: frozenset[str] = frozenset()) -> uri.Uri:
    """Return the URI in a Refer-To, or raise BadUri. Behind ``<...>`` it may have parameters."""
    bracketed, end, _parameters = refer_to.rpartition(">")
    return uri.parse(bracketed + end or refer_to, reserved=reserved)


def user_of(refer_to: str) -> str:
    """Return the user part of a Refer-To as Asterisk tells it, decoded; '' where there is none."""
    try:
        found = target_of(refer_to)
    except uri.BadUri:
        return ""
    return unquote(found.user or "") if isinstance(found, uri.SipUri) else found.number


def is_copy(captured: ReferCaptured, user: str) -> bool:
    """Tell whether a captured REFER can be the one that Asterisk tells of by this user part.

    It may have cut that off behind 79 characters, or at a semicolon
    (``AST_SIP_USER_OPTIONS_TRUNCATE_CHECK``, res_pjsip.h).
    """
    whole = user_of(captured.refer_to)
    return user in {whole, whole[:_TOLD], whole.partition(";")[0]}


def take_copy(waiting: list[ReferCaptured], user: str) -> ReferCaptured | None:
    """Take out the copy of a REFER that Asterisk tells of, and those before it: they never will be.

    ``user`` as of ``is_copy``; None where none was captured.
    """
    fits = (at for at, each in enumerate(waiting) if is_copy(each, user))
    copies = waiting[: next(fits, 0) + 1]
    del waiting[: len(copies)]
    return copies[-1] if copies else None


_TOLD: Final = 79  # AST_MAX_EXTENSION, and a NUL


def declined(
    began: TransferBegan,
    why: Declined,
    refer_code: int = ACCEPTED,
    notify_code: int | None = None,
) -> list[Intent]:
    """Return the report of a REFER that went no further, with the two codes its sender got."""
    result = Result(
        why.outcome, why.reason, Evidence.NONE, refer_code, notify_code, detail=why.detail
    )
    ended = TransferEnded(
        Direction.RECEIVED,
        began.target,
        why.by.group,
        result,
        TransferTimes(),
        began.number,
        rule=why.by.rule,
    )
    return [began, ended]


NOBODY: Final = Declined(
    Outcome.REJECTED, Reason.NOT_CONNECTED, "the phone that sent a REFER is connected to nobody"
)
ANOTHER: Final = Declined(
    Outcome.REJECTED, Reason.ANOTHER_TRANSFER, "another transfer of this call is under way"
)
OVER_LIMIT: Final = Declined(
    Outcome.BLOCKED, Reason.TRANSFER_LIMIT, "as many transfers as may be are under way"
)
NOT_OURS: Final = Declined(
    Outcome.REJECTED,
    Reason.REPLACES_UNKNOWN,
    "Replaces in Refer-To names no call of ours that is connected to somebody",
)
_NO_URL: Final = (
    "a phone sent a REFER, and the Dial of its call names no URL that says where the call is to"
    " go: name one there"
)
_TOO_LONG: Final = f"Refer-To has more than {MAX_REFER_TO} characters: shorten it"
