"""Personal data made unreadable in what is kept: who a user is, and what number, cannot be told.

Of a user part, a number and a display name the first character stays, so that two parties of one
ladder can still be told apart: ``sip:4***@example.com``. Hosts, tags and codes stay.
"""

import re
from dataclasses import replace
from typing import Final
from urllib.parse import quote, unquote

from stasis_refer.core.call_record import CallRecord

HIDDEN: Final = "***"


def name(text: str) -> str:
    """Mask a user part, a number or a name; '' stays."""
    return text[:1] + HIDDEN if text else ""


def party(text: str) -> str:
    """Mask what is a URI, a name-addr, or a bare user part or number.

    Of what is malformed no more than the first character stays.
    """
    if not _SCHEME.search(text):
        return name(text)
    hidden = line(text)
    return hidden if _PARTY.fullmatch(hidden) else name(text)


def line(text: str) -> str:
    """Mask each party that is named in a line, or lines, of SIP; the rest stays as it is."""
    return _HEADERS.sub(_without_values, _parties(text))


def text(sentence: str) -> str:
    """Mask each party in what was written for people: bare numbers and quoted names too.

    A run of five digits or more is a number, unless it counts something, or is the port of a
    host, or a part of an id.
    """
    hidden = line(sentence)
    for pattern, instead in _OF_PROSE:
        hidden = pattern.sub(instead, hidden)
    return hidden


def call(record: CallRecord) -> CallRecord:
    """Return a record that does not tell who called whom."""
    return replace(
        record,
        caller=party(record.caller),
        caller_name=name(record.caller_name),
        dialed=party(record.dialed),
    )


def _parties(text: str) -> str:
    for pattern, hidden in _MASKS:
        text = pattern.sub(hidden, text)
    return text


def _without_values(found: re.Match[str]) -> str:
    return found[1] + "&".join(map(_without_value, found[2].split("&")))


def _without_value(header: str) -> str:
    """Mask the value of a URI's header; one that names no party, but a dialog, stays."""
    key, equals, value = header.partition("=")
    if not equals:
        return name(header)
    if key.lower() in _OF_DIALOG:
        return header
    # A URI may have a URI in its headers, and so on: what is further in is left out.
    text = unquote(value)
    hidden = _parties(text.partition("?")[0])
    hidden = hidden if _PARTY.fullmatch(hidden) else name(text)
    return f"{key}={quote(hidden, safe='*', errors='replace')}"


# RFC 3891, 3911 and 3261: what the INVITE is to do with a dialog, and what it needs for that.
_OF_DIALOG: Final = frozenset({"replaces", "join", "require"})
# A colon, an at sign and the like may be escaped: in a URI's headers they are (RFC 3261, 19.1.1).
_SCHEME: Final = re.compile(r"(?:sips?|tel)(?::|%3a)", re.IGNORECASE)
# It stops where another URI may begin, so that each character is looked at once.
_USER: Final = re.compile(
    r"""(sips?(?::|%3a))([^@\s<>"])(?:(?!%40|sips?(?::|%3a))[^@\s<>"])*(@|%40)""", re.IGNORECASE
)
# With blanks in its user part a URI is none, but somebody is named.
_BLANKS: Final = re.compile(r"""([<'"]sips?:)([^@<>'"\n])[^@<>'"\n]*(@)""", re.IGNORECASE)
_NO_HOST: Final = re.compile(
    r"""(sips?(?::|%3a))(?:(\+)(?!\*\*\*)[^\s<>'";?&,]*|([0-9*#])[0-9*#()-]++(?![\w@.%]))""",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"(tel(?::|%3a))(\+?[0-9a-f*#])[0-9a-f*#().-]*", re.IGNORECASE)
_BARE: Final = re.compile(
    r"(?<!\w)(\+)[0-9](?: ?[0-9().-]){2,}|(?<=')([0-9*#])[0-9*#() .-]{2,}(?=')"
)
_QUOTED: Final = re.compile(r'(?<!\\)"([^"\\]|\\.)(?:[^"\\]|\\.)*"(\s*<)', re.DOTALL)
# Words and the blanks between them, each looked at once; those before the bracket stay.
_PLAIN: Final = re.compile(
    r'(^|[,\n][ \t]*|:[ \t]+)([^\s<>",;:@])[^\s<>"*,;:@]*+(?:[^\S\n]++[^\s<>"*,;:@]++)*+(\s*<)'
)
_MASKS: Final = (
    (_USER, rf"\1\2{HIDDEN}\3"),
    (_BLANKS, rf"\1\2{HIDDEN}\3"),
    (_NO_HOST, rf"\1\2\3{HIDDEN}"),
    (_NUMBER, rf"\1\2{HIDDEN}"),
    (_BARE, rf"\1\2{HIDDEN}"),
    (_QUOTED, rf'"\1{HIDDEN}"\2'),
    (_PLAIN, rf"\1\2{HIDDEN}\3"),
)
_COUNTED: Final = r"(?!\w|[ ](?:bytes|characters|transfers|seconds|ms)\b)"
_END_OF_NUMBER: Final = re.compile(_COUNTED)


def _unless_counted(found: re.Match[str]) -> str:
    # Looked at behind the whole run of digits, and not for each digit of it again.
    ends = _END_OF_NUMBER.match(found.string, found.end())
    return found[1] + HIDDEN if ends else found[0]


_OF_PROSE: Final = (
    # Digits with marks between them, as people write numbers; what looks so and is none is the
    # address of a host and the id of a channel.
    (
        re.compile(
            r"(?<![\w.-])(?![0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9.])|[0-9]{10}\.[0-9])"
            r"(\(?[0-9])(?:[ ()/.-]{0,2}+[0-9]){6,}+"
        ),
        _unless_counted,
    ),
    (
        re.compile(
            r"(?<![\w-])(?<![0-9]{10}\.)(?![0-9]{10}\.[0-9])"
            rf"(?:(?<![\w\]]:)|(?=[0-9]{{6}}))([0-9])[0-9]{{4,}}+{_COUNTED}"
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r'(?<!\\)"([^"\\]|\\.)(?:[^"\\]|\\.)*"', re.DOTALL), rf'"\1{HIDDEN}"'),
    # In single quotes is also what a document says; a word of it is no name.
    (re.compile(r"(?<![\w'])'([^'\s])[^'\s]* [^']*'(?!\w)"), rf"'\1{HIDDEN}'"),
)
_HEADERS: Final = re.compile(
    r"""(sips?(?::|%3a)(?:[^@\s<>"]\*\*\*(?:@|%40))?+[^\s<>"?]*+\??)([^\s<>"]*+)""", re.IGNORECASE
)
# A party as it is when it is masked; a host without a dot may be somebody.
_PARTY: Final = re.compile(
    r"""(?:(?:"(?:[^"\\]|\\.)\*\*\*"|[^\s<>"]\*\*\*)\s*(?=<))?<?
    (?:sips?(?::|%3a)
        (?:[^@\s<>"]\*\*\*(?:@|%40)[^\s<>"@;?]*
        |\+?[0-9*#]?\*\*\*
        |(?:(?:[0-9a-z-]+\.)+[a-z][0-9a-z-]*|[0-9]+(?:\.[0-9]+){3}|\[[0-9a-f:.]+\])(?::[0-9]+)?)
    |tel(?::|%3a)\+?[0-9a-f*#]\*\*\*)
    (?:[;?][^\s<>"@]*)?
    (?:>(?:\s*;[^<>]*)?)?""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
