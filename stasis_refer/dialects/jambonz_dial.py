"""jambonz's dial: who is called, and what the two who are connected hear and are told.

Sources: ``dial`` in jambonz's verb-specifications and Python package, ``dial.js`` in its
feature server.
"""

from dataclasses import replace
from typing import Final

from stasis_refer.core.verbs import Callee, Dial, LegEvent, LegWatch, Recording
from stasis_refer.dialects.callees import caller_id, display_name
from stasis_refer.dialects.jambonz_gather import NO_TIMEOUT
from stasis_refer.dialects.jambonz_reader import ACTION_HOOK, HEADERS, ID, VERB, Reader, tag_of
from stasis_refer.dialects.jambonz_targets import CONFIRM_HOOK, PROXY, targets, together
from stasis_refer.dialects.json_keys import (
    Key,
    Keys,
    Node,
    flag,
    keys,
    members,
    number,
    refused,
    text,
)
from stasis_refer.dialects.json_text import written

RINGS: Final = 60.0
"""Seconds that the targets may ring, as jambonz has it."""


def dial(node: Node, reader: Reader) -> tuple[Dial, ...]:
    """Read ``dial``: after an empty reply to its action hook the document goes on."""
    for key in _REFUSED:
        reader.value(node, key)
    verb = Dial(
        callees=_callees(node, reader),
        action=reader.hook(node, ACTION_HOOK.name),
        or_go_on=True,
        timeout=reader.value(node, TIMEOUT) or RINGS,
        time_limit=reader.value(node, TIME_LIMIT) or NO_TIMEOUT,
        caller_id=reader.value(node, _CALLER_ID),
        caller_name=reader.value(node, CALLER_NAME),
        answer_on_bridge=reader.value(node, _ANSWER_ON_BRIDGE),
        meanwhile=_music(node, reader),
        refer=reader.hook(node, _REFER_HOOK.name),
        name=reader.value(node, ID),
    )
    return (verb,)


def _callees(node: Node, reader: Reader) -> tuple[Callee, ...]:
    path = (*node.path, _TARGET.name)
    called = targets(reader.required(node, _TARGET), path, reader)
    headers, tag = reader.headers(node), reader.value(node, _TAG)
    confirm_all = reader.hook(node, CONFIRM_HOOK.name)
    status = reader.application.status_callback
    return tuple(
        Callee(
            replace(address, headers=together(headers, address.headers)),
            watch=LegWatch(status, frozenset(LegEvent)) if status else None,
            tag=tag_of(tag) if tag else "",
            screening=confirm or confirm_all,
            place=written(place),
        )
        for address, place, confirm in called
    )


def _music(node: Node, reader: Reader) -> Recording | None:
    url = reader.value(node, Key(_DIAL_MUSIC.name, reader.url, ""))
    if not url:
        return None
    if reader.value(node, _ANSWER_ON_BRIDGE):
        message = "with answerOnBridge only a caller who is answered already hears it."
        reader.remark((*node.path, _DIAL_MUSIC.name), message)
    return Recording(url)


def _caller_id(found: object) -> str:
    return caller_id(text(found))


def _display_name(found: object) -> str:
    return display_name(text(found))


def _any(found: object) -> object:
    return found


_EMPTY: Final[dict[str, object]] = {}
_TARGET: Final = Key("target", _any, None)
# jambonz: 60 s, and for ever; 0 is as if left out.
TIMEOUT: Final = Key("timeout", number(0, 3600), 0.0)
TIME_LIMIT: Final = Key("timeLimit", number(0, NO_TIMEOUT), 0.0)
_CALLER_ID: Final = Key("callerId", _caller_id, "")
CALLER_NAME: Final = Key("callerName", _display_name, "")
_ANSWER_ON_BRIDGE: Final = Key("answerOnBridge", flag, default=False)
_DIAL_MUSIC: Final = Key("dialMusic", text, "")  # Reader.url reads it
_REFER_HOOK: Final = Key("referHook", members, _EMPTY)  # Reader.hook reads it
_TAG: Final = Key("tag", members, _EMPTY)
_SRTP: Final = Key(
    "srtpEncryption",
    refused("not supported here; name an endpoint that has media_encryption."),
    None,
)
_REFUSED: Final = (PROXY, _SRTP)

DIAL_KEYS: Final[Keys] = keys(
    VERB,
    ID,
    _TARGET,
    ACTION_HOOK,
    _ANSWER_ON_BRIDGE,
    TIMEOUT,
    TIME_LIMIT,
    _CALLER_ID,
    CALLER_NAME,
    HEADERS,
    _DIAL_MUSIC,
    _REFER_HOOK,
    _TAG,
    CONFIRM_HOOK,
    *_REFUSED,
    # Media always goes through Asterisk.
    idle={"anchorMedia": True, "exitMediaPath": False, "forwardPAI": False}
    | dict.fromkeys(("dtmfCapture", "dtmfHook", "onHoldHook", "boostAudioSignal", "dub"))
    | dict.fromkeys(("listen", "stream", "transcribe", "amd", "codecs")),
)
"""What ``dial`` may hold."""
