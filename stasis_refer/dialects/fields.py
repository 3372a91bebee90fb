"""The standard parameters of TwiML's and RCML's requests: who calls whom, in their names."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import unquote

from stasis_refer.core.info import CallDirection, CallInfo


def standard_fields(
    info: CallInfo, *, account_sid: str, status: str, api_version: str
) -> dict[str, str]:
    """Return the parameters of every request of Twilio's about a call, in the order sent.

    What is not known is left out, never sent empty: receivers whose form parser drops empty
    values could not check the signature. ``status`` is already the vendor's word.
    """
    caller, dialed = both = parties(info)
    fields = _common(info, both, account_sid, status, api_version)
    fields |= {"Caller": caller, "Called": dialed}
    if info.is_sip:
        fields |= _of_invite(info)
        fields |= joined((*_x_headers(info), *_user_to_user(info)))
    return _known(fields)


def basic_fields(
    info: CallInfo, *, account_sid: str, status: str, api_version: str
) -> dict[str, str]:
    """Return the parameters of every request of Restcomm's about a call, in the order sent.

    They are fewer than ``standard_fields``, and parties are user parts, not URIs.
    """
    fields = _common(info, _users(info), account_sid, status, api_version)
    return _known(fields | joined(_x_headers(info)))


def call_sid(info: CallInfo) -> str:
    """Return the call's sid, ``CA`` and 32 hexadecimal digits."""
    return sid_of(info.key)


def sid_of(key: str) -> str:
    """Return the sid of the call with this key of ours."""
    return f"CA{key}"


DIRECTION: Final[Mapping[CallDirection, str]] = {
    CallDirection.INBOUND: "inbound",
    CallDirection.DIALED: "outbound-dial",
    CallDirection.ORIGINATED: "outbound-api",
}

_ANONYMOUS: Final = "anonymous"  # RFC 3323, 4.1.1.3

_USER_PART: Final = re.compile(
    r"(?:sips?:(?:([^@;>?:,\s]+)[^@>,]*@)?|tel:([^;>,\s]+))", re.IGNORECASE
)


def parties(info: CallInfo) -> tuple[str, str]:
    """Return who calls and who is called: SIP URIs where the host is known, else users.

    The caller is ``anonymous`` where nobody told; the called one may be ''.
    """
    caller, dialed = _users(info)
    if not info.is_sip:
        return caller, dialed
    return _address(caller, info.peer), _address(dialed, info.domain)


def _common(
    info: CallInfo, both: tuple[str, str], account_sid: str, status: str, api_version: str
) -> dict[str, str]:
    caller, dialed = both
    return {
        "CallSid": call_sid(info),
        "AccountSid": account_sid,
        "From": caller,
        "To": dialed,
        "CallStatus": status,
        "ApiVersion": api_version,
        "Direction": DIRECTION[info.direction],
        "ParentCallSid": sid_of(info.parent) if info.parent else "",
        "CallerName": info.caller_name,
        "ForwardedFrom": forwarded_from(info),
    }


def _of_invite(info: CallInfo) -> dict[str, str]:
    """Return the SIP parameters; those of a dialed leg's INVITE, which is ours, are fewer."""
    if info.direction is not CallDirection.INBOUND:
        return {"SipCallId": info.call_id}
    return {
        "SipDomain": info.domain,
        "SipCallId": info.call_id,
        "SipSourceIp": info.source_ip,
    }


def _users(info: CallInfo) -> tuple[str, str]:
    return info.caller or _ANONYMOUS, info.dialed


def _address(user: str, host: str) -> str:
    if not host:
        return user
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"sip:{user}@{host}" if user else f"sip:{host}"


def forwarded_from(info: CallInfo) -> str:
    """Return the user part of the topmost Diversion, the latest one (RFC 5806)."""
    for name, value in info.headers:
        if name.lower() == "diversion":
            found = _USER_PART.search(value)
            return unquote(found[1] or found[2] or "") if found else ""
    return ""


def _x_headers(info: CallInfo) -> Iterator[tuple[str, str]]:
    """Yield the INVITE's own headers of the caller, named as it spelled them."""
    for name, value in info.headers:
        if name.lower().startswith("x-"):
            yield f"SipHeader_{name}", value


def _user_to_user(info: CallInfo) -> Iterator[tuple[str, str]]:
    """Yield the INVITE's User-to-User (RFC 7433)."""
    for name, value in info.headers:
        if name.lower() == "user-to-user":
            yield "SipHeader_User-to-User", value


def joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return headers by name, those of one name joined by commas (RFC 3261, 7.3.1)."""
    fields: dict[str, str] = {}
    for name, value in headers:
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


def _known(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: encodable(value) for name, value in fields.items() if value}


def encodable(value: str) -> str:
    """Replace what UTF-8 cannot write: lone surrogates, from bytes that were no UTF-8."""
    return value.encode(errors="replace").decode()
