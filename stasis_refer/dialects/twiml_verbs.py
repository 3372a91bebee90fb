"""From a TwiML tree to a Document: one table of verbs, one short function for each."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from stasis_refer.core.application import Callback, Method
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.verbs import (
    Document,
    Hangup,
    Pause,
    Play,
    Recording,
    Redirect,
    Refer,
    Reject,
    Speech,
    Verb,
)
from stasis_refer.dialects.attributes import (
    Attribute,
    like,
    not_valid,
    one_of,
    seconds,
    unknown,
    unsupported,
    value,
    whole_number,
)
from stasis_refer.dialects.dialect import DocumentError, Reading, Remark
from stasis_refer.dialects.markup import Element, fault
from stasis_refer.dialects.webhook_urls import resolve

MAX_SPEECH: Final = 4096
"""Characters in one ``<Say>``, as Twilio has it."""


def read_response(root: Element, base: str) -> Reading:
    """Read a tree whose relative URLs mean those at ``base``; raises DocumentError."""
    if root.name != "Response":
        raise not_valid(root, f"the root element is <Response>, not <{root.name:.80}>.")
    remarks = list(unknown(root, ()))
    if root.text.strip():
        remarks.append(_remark(root, "Text beside the verbs is passed over."))
    verbs = [_read_verb(element, base, remarks) for element in root.children]
    remarks += _unreachable(root, verbs)
    return Reading(_without_gaps(verbs), tuple(remarks))


_ACTION: Final = Attribute("action", str, "")
_METHOD: Final = Attribute("method", one_of({"get": Method.GET, "post": Method.POST}), Method.POST)
_NO_NOTIFY_TIMEOUT: Final[Attribute[float | None]] = Attribute(
    "x-no-notify-timeout", seconds(600), None
)
_RING_TIMEOUT: Final[Attribute[float | None]] = Attribute("x-ring-timeout", seconds(600), None)
_LENGTH: Final = Attribute("length", whole_number(0, 3600), 1)
_LOOP: Final = Attribute("loop", whole_number(0, 999_999_999), 1)
_DIGITS: Final = Attribute("digits", unsupported, None)
# Both reach a speech program's command line: letters, digits and a little between them.
_VOICE: Final = Attribute(
    "voice", like("[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}", "a voice's name, such as Polly.Joanna"), ""
)
_LANGUAGE: Final = Attribute(
    "language", like(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}", "a BCP 47 tag, such as en-US"), ""
)
_REASON: Final = Attribute("reason", one_of({"rejected": False, "busy": True}), default=False)


def _refer(element: Element, base: str) -> Refer:
    action = value(element, _ACTION)
    return Refer(
        target=_only_sip(element).text.strip(),
        action=_callback(element, base, action) if action else None,
        no_notify_timeout=value(element, _NO_NOTIFY_TIMEOUT),
        ring_timeout=value(element, _RING_TIMEOUT),
    )


def _only_sip(refer: Element) -> Element:
    only = "<Refer> holds exactly one <Sip> and nothing else."
    if not refer.children or refer.text.strip():
        raise not_valid(refer, only)
    sip, *others = refer.children
    if sip.name != "Sip" or others:
        raise not_valid(others[0] if sip.name == "Sip" else sip, only)
    if sip.attributes or sip.children:
        message = (
            "<Sip> in <Refer> holds a SIP URI, without attributes and elements; "
            "headers for the target are written in the URI, sip:user@host?X-Name=value."
        )
        raise not_valid(sip, message)
    return sip


def _redirect(element: Element, base: str) -> Redirect:
    # Twilio: without a URL it is the document's own.
    return Redirect(_callback(element, base, element.text.strip()))


def _pause(element: Element, _base: str) -> Pause:
    return Pause(value(element, _LENGTH))


def _play(element: Element, base: str) -> Play:
    value(element, _DIGITS)
    text = element.text.strip()
    if not text:
        raise not_valid(element, "<Play> holds the URL of a sound file.")
    return Play(Recording(_url(element, base, text)), value(element, _LOOP))


def _say(element: Element, _base: str) -> Play | None:
    for child in element.children:
        message = f"SSML (<{child.name:.80}>) is not supported here; write plain text in <Say>."
        raise not_valid(child, message)
    text = " ".join(element.text.split())
    if len(text) > MAX_SPEECH:
        message = f"<Say> holds {len(text)} characters; at most {MAX_SPEECH}, use several."
        raise not_valid(element, message)
    speech = Speech(text, value(element, _LANGUAGE), value(element, _VOICE))
    times = value(element, _LOOP)
    return Play(speech, times) if text else None


def _hangup(_element: Element, _base: str) -> Hangup:
    return Hangup()


def _reject(element: Element, _base: str) -> Reject:
    return Reject(busy=value(element, _REASON))


@dataclass(frozen=True, slots=True)
class _Entry:
    """How a verb is read; None where it comes to nothing."""

    read: Callable[[Element, str], Verb | None]
    attributes: tuple[Attribute[object], ...] = ()
    has_text: bool = False
    has_children: bool = False


_VERBS: Final[Mapping[str, _Entry]] = {
    "Refer": _Entry(
        _refer,
        (_ACTION, _METHOD, _NO_NOTIFY_TIMEOUT, _RING_TIMEOUT),
        has_text=True,
        has_children=True,
    ),
    "Redirect": _Entry(_redirect, (_METHOD,), has_text=True),
    "Pause": _Entry(_pause, (_LENGTH,)),
    "Play": _Entry(_play, (_LOOP, _DIGITS), has_text=True),
    "Say": _Entry(_say, (_VOICE, _LANGUAGE, _LOOP), has_text=True, has_children=True),
    "Hangup": _Entry(_hangup),
    "Reject": _Entry(_reject, (_REASON,)),
}

_NOT_SUPPORTED: Final = frozenset(
    {"Connect", "Dial", "Echo", "Enqueue", "Gather", "Leave", "Message"}
    | {"Pay", "Prompt", "Queue", "Record", "Sms", "Start", "Stop"}
)


def _read_verb(element: Element, base: str, remarks: list[Remark]) -> Verb | None:
    entry = _VERBS.get(element.name)
    if entry is None:
        raise _unknown_verb(element)
    if element.children and not entry.has_children:
        raise not_valid(element.children[0], f"<{element.name}> holds no elements.")
    remarks += unknown(element, entry.attributes)
    if element.text.strip() and not entry.has_text:
        remarks.append(_remark(element, f"Text in <{element.name}> is passed over."))
    verb = entry.read(element, base)
    if verb is None:
        remarks.append(_remark(element, f"<{element.name}> is empty and is passed over."))
    return verb


def _unknown_verb(element: Element) -> DocumentError:
    name = element.name
    meant = {known.lower(): known for known in _VERBS}.get(name.lower())
    if name in _NOT_SUPPORTED:
        message = f"the TwiML verb <{name}> is not supported here"
    elif meant:
        message = f"<{name}> is not a verb, upper and lower case count: write <{meant}>"
    else:
        message = f"<{name:.80}> is not a TwiML verb"
    message += f"; supported are {', '.join(_VERBS)}."
    return fault(FetchFailure.UNKNOWN_VERB, message, element.line, element.column)


def _unreachable(root: Element, verbs: list[Verb | None]) -> Iterator[Remark]:
    """Yield a remark for the first element behind a verb that never lets the document go on."""
    for verb, element, behind in zip(verbs, root.children, root.children[1:], strict=False):
        match verb:
            case Redirect() | Hangup() | Reject() | Play(times=0) | Refer(action=Callback()):
                message = f"<{behind.name}> is never reached behind <{element.name}>"
                yield _remark(behind, f"{message} in line {element.line}.")
                return
            case _:
                pass


def _without_gaps(verbs: list[Verb | None]) -> Document:
    return tuple(verb for verb in verbs if verb is not None)


def _callback(element: Element, base: str, text: str) -> Callback:
    return Callback(_url(element, base, text), value(element, _METHOD))


def _url(element: Element, base: str, text: str) -> str:
    try:
        return resolve(base, text)
    except ValueError as allowed:
        raise not_valid(element, f"{text!r:.80} in <{element.name}>: {allowed}") from None


def _remark(element: Element, message: str) -> Remark:
    return Remark(message, element.line, element.column)
