"""What Bandwidth's ``initiate`` passes on of an INVITE, and our own event of a REFER.

Source: Bandwidth's page on Initiate; ``InitiateCallback`` of its Python package is the judge
in the tests. Bandwidth has no event of a REFER that is received: its headers are told in the
same way.
"""

import re
from collections.abc import Iterable
from typing import Final

from stasis_refer.core.abouts import TransferAsked
from stasis_refer.core.info import CallInfo
from stasis_refer.dialects.fields import encodable, forwarded_from

MAX_UUI: Final = 256
"""Characters of a User-to-User header that is passed on, as Bandwidth has it."""


def sip_call_id(info: CallInfo) -> dict[str, object]:
    """Return the SIP Call-ID, where there is one."""
    known = info.is_sip and info.call_id
    return {"sipCallId": encodable(info.call_id)} if known else {}


def invite_fields(info: CallInfo) -> dict[str, object]:
    """Return the fields of a SIP call's INVITE; {} of another call."""
    if not info.is_sip:
        return {}
    fields = sip_call_id(info) | _header_fields(info.headers)
    headers = ((name.lower(), encodable(value)) for name, value in info.headers)
    if diverted := encodable(forwarded_from(info)):
        latest = next(value for name, value in headers if name == "diversion")
        fields["diversion"] = {"origTo": diverted, **_parameters(latest)}
    return fields


def refer_received_fields(asked: TransferAsked, transferor_id: str) -> dict[str, object]:
    """Return what ``referReceived`` tells: where the call is to go, as received, and who says so.

    ``transferor_id`` is the callId of who sent the REFER.
    """
    told = {
        "referTo": asked.refer_to,
        "referredBy": asked.referred_by,
        "transferorCallId": transferor_id,
    }
    known: dict[str, object] = {name: encodable(text) for name, text in told.items() if text}
    return known | _header_fields(asked.headers)


def _header_fields(received: Iterable[tuple[str, str]]) -> dict[str, object]:
    fields: dict[str, object] = {}
    headers = [(name.lower(), encodable(value)) for name, value in received]
    # Of several headers with one name the last is passed on.
    if passed := {name: value for name, value in headers if name.startswith("x-")}:
        fields["sipHeaders"] = passed
    uui = ",".join(value for name, value in headers if name == "user-to-user")
    if uui and len(uui) <= MAX_UUI:
        fields["uui"] = uui
    return fields


_PARAMETER: Final = re.compile(r';\s*([A-Za-z-]+)\s*=\s*(?:"([^"]*)"|([^;,"\s]+))')


def _parameters(diversion: str) -> dict[str, str]:
    """Return the parameters of the first of the Diversions in one header (RFC 5806)."""
    behind = diversion.partition(">")[2].partition(",")[0]
    found = _PARAMETER.finditer(behind)
    return {match[1].lower(): match[2] or match[3] or "" for match in found}
