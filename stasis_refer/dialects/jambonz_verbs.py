"""jambonz's verbs: a table, and one short function for each.

Sources: seed 003; jambonz's verb-specifications (what keys may hold), its feature server
(what they do) and its Python package.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from stasis_refer.core.application import Callback
from stasis_refer.core.verbs import (
    After,
    AnswerCall,
    AtPeer,
    Hangup,
    Instead,
    Party,
    Pause,
    Redirect,
    Refer,
    Reject,
    Tag,
    Then,
    Transferee,
    Verb,
)
from stasis_refer.dialects.jambonz_dial import DIAL_KEYS, dial
from stasis_refer.dialects.jambonz_gather import GATHER_KEYS, gather
from stasis_refer.dialects.jambonz_prompts import (
    CONFIG_KEYS,
    PLAY_KEYS,
    SAY_KEYS,
    config,
    play,
    say,
)
from stasis_refer.dialects.jambonz_reader import ACTION_HOOK, HEADERS, ID, VERB, Reader, tag_of
from stasis_refer.dialects.json_keys import (
    Key,
    Keys,
    Node,
    keys,
    members,
    number,
    text,
    whole_number,
)
from stasis_refer.dialects.json_text import written
from stasis_refer.dialects.webhook_urls import resolve

DEFAULT_ACTION: Final = "refer"
"""Where Cognigy tells the end of a transfer, relative to the application's URL."""

AFTER_REFER: Final = After(completed=Then.END, failed=Then.RUN_IF_ANY, canceled=Then.NOTHING)


@dataclass(frozen=True, slots=True)
class Entry:
    """How a verb is read: what ``read`` returns runs in its place."""

    read: Callable[[Node, Reader], tuple[Verb, ...]]
    keys: Keys


def _refer(node: Node, reader: Reader) -> tuple[Verb, ...]:
    by = reader.value(node, _REFERRED_BY).strip()
    refer = Refer(
        target=_party(reader.required(node, _REFER_TO).strip()),
        place=written(node.path),
        action=_action(node, reader),
        events=reader.hook(node, _EVENT_HOOK.name),
        name=reader.value(node, ID),
        referred_by=_party(by) if by else Transferee(),
        referred_by_name=reader.value(node, _REFERRED_BY_NAME),
        headers=reader.headers(node),
        no_notify_timeout=reader.value(node, _NO_NOTIFY_TIMEOUT),
        ring_timeout=reader.value(node, _RING_TIMEOUT),
        replaces=reader.value(node, _REPLACES),
        instead=reader.value(node, _FALLBACK),
        after=AFTER_REFER,
    )
    return (refer,)


def _party(told: str) -> Party:
    """Take what is a URI as it is; a bare user is one at the far end's own host."""
    if not told or told.lower().startswith(_URI_BEGINNINGS):
        return told
    return f"sip:{told}" if "@" in told else AtPeer(told)


def _action(node: Node, reader: Reader) -> Callback | None:
    application = reader.application
    if application.cognigy_compat and node.members.get(ACTION_HOOK.name) is None:
        return Callback(resolve(application.document.url, DEFAULT_ACTION))
    return reader.hook(node, ACTION_HOOK.name, _TOLD_TO_ACTION)


def _pause(node: Node, reader: Reader) -> tuple[Verb, ...]:
    return (Pause(reader.required(node, _LENGTH)),)


def _redirect(node: Node, reader: Reader) -> tuple[Verb, ...]:
    to = reader.hook(node, ACTION_HOOK.name)
    if to is None:
        raise reader.not_valid(node.path, "redirect needs the key actionHook, a URL.")
    return (Redirect(to, or_go_on=True),)


def _hangup(_node: Node, _reader: Reader) -> tuple[Verb, ...]:
    return (Hangup(),)


def _decline(node: Node, reader: Reader) -> tuple[Verb, ...]:
    return (Reject(reader.required(node, _STATUS)),)


def _answer(_node: Node, _reader: Reader) -> tuple[Verb, ...]:
    return (AnswerCall(),)


def _tag(node: Node, reader: Reader) -> tuple[Verb, ...]:
    return (Tag(tag_of(reader.required(node, _DATA))),)


def _instead(found: object) -> Instead | None:
    if text(found) not in _INSTEAD:
        raise ValueError(f"allowed are {', '.join(_INSTEAD)}.")
    return _INSTEAD[text(found)]


def _key_of_call(found: object) -> str:
    """Return the key of the call that a call_sid names."""
    if not _CALL_SID.fullmatch(text(found)):
        raise ValueError("allowed is the call_sid of another call.")
    return text(found).replace("-", "").lower()


_URI_BEGINNINGS: Final = ("<", "sip:", "sips:", '"', "tel:")
_TOLD_TO_ACTION: Final = frozenset({"referStatus", "final_referred_call_status", "eventHook"})
"""What Cognigy's page writes into an actionHook to say what it is told (seed 003)."""

_INSTEAD: Final[Mapping[str, Instead | None]] = {"dial": Instead.DIAL, "none": Instead.NOTHING}
_CALL_SID: Final = re.compile("[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_EMPTY: Final[dict[str, object]] = {}

_REFER_TO: Final = Key("referTo", text, "")
_REFERRED_BY: Final = Key("referredBy", text, "")
_REFERRED_BY_NAME: Final = Key("referredByDisplayName", text, "")
_EVENT_HOOK: Final = Key("eventHook", members, _EMPTY)
_NO_NOTIFY_TIMEOUT: Final = Key("xNoNotifyTimeout", number(0.1, 600), None)
_RING_TIMEOUT: Final = Key("xRingTimeout", number(0.1, 600), None)
_REPLACES: Final = Key("xReplaces", _key_of_call, "")
_FALLBACK: Final = Key("xFallback", _instead, None)
_LENGTH: Final = Key("length", number(0, 3600), 0.0)
_STATUS: Final = Key("status", whole_number(400, 699), 0)
_DATA: Final = Key("data", members, _EMPTY)
_NOT_SENT: Final = dict.fromkeys(("reason", "headers"))

VERBS: Final[Mapping[str, Entry]] = {
    "sip:refer": Entry(
        _refer,
        keys(
            VERB,
            ID,
            _REFER_TO,
            _REFERRED_BY,
            _REFERRED_BY_NAME,
            HEADERS,
            ACTION_HOOK,
            _EVENT_HOOK,
            _NO_NOTIFY_TIMEOUT,
            _RING_TIMEOUT,
            _REPLACES,
            _FALLBACK,
        ),
    ),
    "say": Entry(say, SAY_KEYS),
    "play": Entry(play, PLAY_KEYS),
    "gather": Entry(gather, GATHER_KEYS),
    "pause": Entry(_pause, keys(VERB, ID, _LENGTH)),
    "redirect": Entry(_redirect, keys(VERB, ID, ACTION_HOOK, idle={"statusHook": None})),
    "hangup": Entry(_hangup, keys(VERB, ID, idle={"headers": None})),
    "sip:decline": Entry(_decline, keys(VERB, ID, _STATUS, idle=_NOT_SENT)),
    "dial": Entry(dial, DIAL_KEYS),
    "answer": Entry(_answer, keys(VERB, ID)),
    "tag": Entry(_tag, keys(VERB, ID, _DATA)),
    "config": Entry(config, CONFIG_KEYS),
}
"""The verbs that are done here."""

NOT_SUPPORTED: Final = frozenset(
    {"agent", "alert", "conference", "dequeue", "dialogflow", "dtmf", "dub", "enqueue"}
    | {"leave", "lex", "listen", "llm", "message", "rasa", "rest:dial", "room", "s2s"}
    | {"sip:request", "stream", "transcribe", "transfer"}
    | {"deepgram_s2s", "elevenlabs_s2s", "google_s2s", "gptlive_s2s", "microsoft_s2s"}
    | {"openai_s2s", "qwen_s2s", "ultravox_s2s", "voiceagent_s2s", "voicelive_s2s"}
)
"""Verbs of jambonz's that are not."""
