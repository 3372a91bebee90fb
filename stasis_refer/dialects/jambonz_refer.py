"""What jambonz's referHook is told of a REFER that was received.

Source: ``handleRefer`` of ``dial.js`` in jambonz's feature server, whose requests have the
names of headers in snake case.
"""

import re
from typing import Final

from stasis_refer.core.abouts import TransferAsked
from stasis_refer.core.uri import BadUri, TelUri, parse
from stasis_refer.dialects.fields import joined


def refer_details(asked: TransferAsked, referring_sid: str, referred_sid: str) -> dict[str, str]:
    """Return the details, header values as received; what is not known is left out.

    ``referring_sid`` is the call_sid of who sent it, ``referred_sid`` of who is transferred.
    """
    known = {
        "sip_refer_to": asked.refer_to,
        "refer_to_user": asked.user,
        "sip_referred_by": asked.referred_by,
        "sip_user_agent": asked.user_agent,
        "referred_by_user": _user(asked.referred_by),
    }
    headers = ((_snake_case(name), value) for name, value in asked.headers)
    return {
        **joined(headers),
        **{name: value for name, value in known.items() if value},
        "referring_call_sid": referring_sid,
        "referred_call_sid": referred_sid,
    }


_NO_WORD: Final = re.compile(r"[^a-z0-9]+")
_NAME_ADDR: Final = re.compile(r'\s*(?:"(?:[^"\\]|\\.)*")?[^<"]*<([^<>]*)>')
_NOTHING: Final[frozenset[str]] = frozenset()


def _snake_case(name: str) -> str:
    return _NO_WORD.sub("_", name.lower()).strip("_")


def _user(referred_by: str) -> str:
    """Return the user or the number that a Referred-By names, '' where it cannot be read."""
    found = _NAME_ADDR.match(referred_by)
    # Without brackets what follows a semicolon is the header's (RFC 3261, 20).
    text = found[1] if found else referred_by.partition(";")[0]
    try:
        uri = parse(text, reserved=_NOTHING)
    except BadUri:
        return ""
    return uri.number if isinstance(uri, TelUri) else uri.user or ""
