"""The events of Bandwidth's voice webhooks: what each tells, and when it is sent.

Source: Bandwidth's pages on each webhook; the models of its Python package
(``bandwidth.models.*_callback``) are the judge in the tests.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import assert_never
from urllib.parse import quote
from uuid import UUID

from stasis_refer.core.application import Application
from stasis_refer.core.events import FetchFailed, FetchFailure
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import (
    Fetch,
    Gathered,
    LeftQueue,
    Progress,
    Tell,
    TellKind,
    Transferred,
)
from stasis_refer.core.outcome import Outcome
from stasis_refer.dialects.bxml_invite import invite_fields, sip_call_id
from stasis_refer.dialects.bxml_words import (
    REFER_CALL_STATUS,
    end_fields,
    gather_fields,
    refer_fields,
)
from stasis_refer.dialects.fields import encodable, parties


def call_id(info: CallInfo) -> str:
    """Return the call's id: ``c-`` and the key, written as a UUID."""
    return f"c-{UUID(info.key)}"


def bxml_fields(
    intent: Fetch | Tell, info: CallInfo, application: Application, now: float
) -> dict[str, object]:
    """Return an event; what is not known is left out, never sent as null.

    Numbers are numbers; times are ISO 8601 in UTC, to the millisecond.
    """
    kind, told = _event(intent, info, application, now)
    caller, dialed = parties(info)
    account, identifier = application.account_sid, call_id(info)
    answered = intent.standing.answered_after
    common = {
        "eventTime": _time(now),
        "accountId": account,
        "applicationId": application.name,
        "from": caller,
        "to": dialed,
        "direction": "inbound",
        "callId": identifier,
        # A path of the REST interface: where that one listens is not known here.
        "callUrl": account and f"/api/v2/accounts/{quote(account, safe='')}/calls/{identifier}",
        "startTime": _time(info.started),
        "answerTime": "" if answered is None else _time(info.started + answered),
        "tag": intent.standing.tag,
    }
    known = {name: encodable(text) for name, text in common.items() if text}
    return {"eventType": kind, **known, **told}


def _event(
    intent: Fetch | Tell, info: CallInfo, application: Application, now: float
) -> tuple[str, Mapping[str, object]]:
    """Return the type of an event and what it tells beyond what every one does."""
    if isinstance(intent, Tell) and intent.kind is TellKind.STATUS:
        failed = intent.about if isinstance(intent.about, FetchFailed) else None
        ended = end_fields(intent.standing.status, failed)
        return "disconnect", {"endTime": _time(now), **ended, **sip_call_id(info)}
    if isinstance(intent, Fetch) and intent.instead_of is not None:
        # A fallback URL gets what could not be delivered: the same event again.
        return _event(intent.instead_of, info, application, now)
    match intent.about:
        case Transferred(result):
            return "referComplete", refer_fields(result)
        case Gathered() as gathered:
            return "gather", gather_fields(gathered)
        case FetchFailed(FetchFailure.NOT_SIP):
            return "referComplete", {"referCallStatus": REFER_CALL_STATUS[Outcome.ERROR]}
        case FetchFailed() | LeftQueue() | Progress() | None:
            # The very object: a Redirect to the same URL is another.
            first = intent.callback is application.document
            return ("initiate", invite_fields(info)) if first else ("redirect", {})
        case _:
            assert_never(intent.about)


def _time(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
