"""The standard parameters of a TwiML-like request: who calls whom, in the vendor's names."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from stasis_refer.core.info import CallInfo


def standard_fields(
    info: CallInfo, *, account_sid: str, status: str, api_version: str
) -> dict[str, str]:
    """Return the parameters that every request about a call carries, in the order sent.

    What is not known is left out, never sent empty: receivers whose form parser drops empty
    values could not check the signature. ``status`` is already the vendor's word.
    """
    caller, dialed = _parties(info)
    fields = {
        "CallSid": call_sid(info),
        "AccountSid": account_sid,
        "From": caller,
        "To": dialed,
        "Caller": caller,
        "Called": dialed,
        "CallStatus": status,
        "ApiVersion": api_version,
        "Direction": "inbound",
        "CallerName": info.caller_name,
        "ForwardedFrom": _forwarded_from(info),
    }
    if info.is_sip:
        fields |= {
            "SipDomain": info.domain,
            "SipCallId": info.call_id,
            "SipSourceIp": info.source_ip,
        }
        for name, value in _passed_headers(info):
            # RFC 3261, 7.3.1: header fields of one name are one list, joined by commas.
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return {name: _encodable(value) for name, value in fields.items() if value}


def call_sid(info: CallInfo) -> str:
    """Return the call's sid, ``CA`` and 32 hexadecimal digits."""
    return f"CA{info.key}"


_ANONYMOUS: Final = "anonymous"  # RFC 3323, 4.1.1.3

_USER_PART: Final = re.compile(
    r"(?:sips?:(?:([^@;>?:,\s]+)[^@>,]*@)?|tel:([^;>,\s]+))", re.IGNORECASE
)


def _parties(info: CallInfo) -> tuple[str, str]:
    caller = info.caller or _ANONYMOUS
    if not info.is_sip:
        return caller, info.dialed
    return _address(caller, info.peer), _address(info.dialed, info.domain)


def _address(user: str, host: str) -> str:
    if not host:
        return user
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"sip:{user}@{host}" if user else f"sip:{host}"


def _forwarded_from(info: CallInfo) -> str:
    """Return the user part of the topmost Diversion, the latest one (RFC 5806)."""
    for name, value in info.headers:
        if name.lower() == "diversion":
            found = _USER_PART.search(value)
            return unquote(found[1] or found[2] or "") if found else ""
    return ""


def _passed_headers(info: CallInfo) -> Iterator[tuple[str, str]]:
    """Yield the INVITE's headers that are passed on, as the caller spelled them."""
    for name, value in info.headers:
        if name.lower().startswith("x-"):
            yield f"SipHeader_{name}", value
        elif name.lower() == "user-to-user":  # RFC 7433
            yield "SipHeader_User-to-User", value


def _encodable(value: str) -> str:
    """Replace what UTF-8 cannot write: lone surrogates, from bytes that were no UTF-8."""
    return value.encode(errors="replace").decode()
