"""The events of Bandwidth's voice webhooks: what each tells, and when it is sent.

Source: Bandwidth's pages on each webhook; the models of its Python package
(``bandwidth.models.*_callback``) are the judge in the tests.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, assert_never
from urllib.parse import quote
from uuid import UUID

from stasis_refer.core.abouts import (
    Dialed,
    Gathered,
    LeftQueue,
    LegProgress,
    Progress,
    Recorded,
    TransferAsked,
    Transferred,
)
from stasis_refer.core.application import Application
from stasis_refer.core.events import FetchFailed, FetchFailure
from stasis_refer.core.info import CallDirection, CallInfo
from stasis_refer.core.intents import Fetch, FetchKind, Tell, TellKind
from stasis_refer.core.outcome import Outcome
from stasis_refer.dialects.bxml_invite import invite_fields, refer_received_fields, sip_call_id
from stasis_refer.dialects.bxml_words import (
    REFER_CALL_STATUS,
    dial_fields,
    end_fields,
    gather_fields,
    leg_fields,
    refer_fields,
)
from stasis_refer.dialects.fields import encodable, parties


def call_id(info: CallInfo) -> str:
    """Return the call's id: ``c-`` and the key, written as a UUID."""
    return id_of(info.key)


def id_of(key: str) -> str:
    """Return the id of the call with this key of ours."""
    return f"c-{UUID(key)}"


def call_url(base: str, account: str, call: str) -> str:
    """Return where a call is in the REST interface: a path alone where ``base`` is ''."""
    return f"{base}/api/v2/accounts/{quote(account, safe='')}/calls/{call}"


def bxml_fields(
    intent: Fetch | Tell, info: CallInfo, application: Application, now: float
) -> dict[str, object]:
    """Return an event; what is not known is left out, never sent as null.

    Numbers are numbers; times are ISO 8601 in UTC, to the millisecond.
    """
    told = _first_try(intent)
    about = told.about
    # Of a REFER that was received it is about who is transferred: the BXML runs there.
    of = about.transferee if isinstance(about, TransferAsked) else info
    kind, fields = _event(told, of, application, now)
    caller, dialed = parties(of)
    account, identifier = application.account_sid, call_id(of)
    # How the call stands is known of the one that asks, not of the other party.
    answered = intent.standing.answered_after if of.key == info.key else None
    common = {
        "eventTime": iso(now),
        "accountId": account,
        "applicationId": application.name,
        "from": caller,
        "to": dialed,
        "direction": DIRECTION[of.direction],
        "callId": identifier,
        "parentCallId": id_of(of.parent) if of.parent else "",
        "callUrl": account and call_url(application.public_url, account, identifier),
        "startTime": iso(of.started),
        "answerTime": "" if answered is None else iso(of.started + answered),
        "tag": about.tag if isinstance(about, LegProgress) else intent.standing.tag,
    }
    known = {name: encodable(text) for name, text in common.items() if text}
    return {"eventType": kind, **known, **fields}


DIRECTION: Final = {
    CallDirection.INBOUND: "inbound",
    CallDirection.DIALED: "outbound",
    CallDirection.ORIGINATED: "outbound",
}


def _first_try(intent: Fetch | Tell) -> Fetch | Tell:
    """Return what a fallback URL is asked in the place of: it gets the same event again."""
    while isinstance(intent, Fetch) and intent.instead_of is not None:
        intent = intent.instead_of
    return intent


def _event(
    intent: Fetch | Tell, info: CallInfo, application: Application, now: float
) -> tuple[str, Mapping[str, object]]:
    """Return the type of an event and what it tells beyond what every one does."""
    if isinstance(intent, Tell) and intent.kind is TellKind.STATUS:
        failed = intent.about if isinstance(intent.about, FetchFailed) else None
        ended = end_fields(intent.standing.status, failed)
        return "disconnect", {"endTime": iso(now), **ended, **sip_call_id(info)}
    if isinstance(intent.about, LegProgress):  # of its end: no other is ever asked for
        ended = {"endTime": iso(now), **leg_fields(intent.standing.status, intent.about.code)}
        if info.direction is CallDirection.ORIGINATED:
            return "disconnect", ended | sip_call_id(info)
        return "transferDisconnect", ended | _transfer_of(info)
    if isinstance(intent, Fetch) and intent.kind is FetchKind.SCREENING:
        return "transferAnswer", _transfer_of(info)
    return _answered_with_bxml(intent, info, application)


def _answered_with_bxml(
    intent: Fetch | Tell, info: CallInfo, application: Application
) -> tuple[str, Mapping[str, object]]:
    match intent.about:
        case Transferred(result):
            return "referComplete", refer_fields(result)
        case Gathered() as gathered:
            return "gather", gather_fields(gathered)
        case Dialed(info=leg) as dialed:
            return "transferComplete", _transfer_of(leg) | dial_fields(dialed)
        case TransferAsked() as asked:
            return "referReceived", refer_received_fields(asked, call_id(asked.transferor))
        case FetchFailed(FetchFailure.NOT_SIP):
            return "referComplete", {"referCallStatus": REFER_CALL_STATUS[Outcome.ERROR]}
        case FetchFailed() | LeftQueue() | Progress() | LegProgress() | Recorded() | None:
            if info.direction is CallDirection.ORIGINATED and _is_first(intent):
                return "answer", {}
            # The very object: a Redirect to the same URL is another.
            first = intent.callback is application.document
            return ("initiate", invite_fields(info)) if first else ("redirect", {})
        case _:
            assert_never(intent.about)


def _is_first(intent: Fetch | Tell) -> bool:
    return isinstance(intent, Fetch) and intent.number == 1


def _transfer_of(leg: CallInfo | None) -> dict[str, object]:
    """Return who called whom on a leg, {} where nobody was called."""
    if leg is None:
        return {}
    fields = {"transferCallerId": leg.caller, "transferTo": leg.identity or leg.dialed}
    return {name: encodable(text) for name, text in fields.items() if text}


def iso(seconds: float) -> str:
    """Return a time as Bandwidth writes it: ISO 8601 in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
