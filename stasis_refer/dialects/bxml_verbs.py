"""BXML's verbs: a table, and one short function for each.

Names, defaults and ranges are those of Bandwidth's pages on each verb and of its Python
package (``bandwidth.models.bxml``); ``<Refer>`` is their page on Refer.
"""

import re
from typing import Final

from stasis_refer.core.verbs import (
    After,
    Gather,
    Hangup,
    Pause,
    Play,
    Recording,
    Redirect,
    Refer,
    Ring,
    Tag,
    Then,
    Verb,
)
from stasis_refer.dialects.attributes import (
    Attribute,
    like,
    not_valid,
    one_of,
    seconds_from,
    unknown,
    value,
    whole_number,
)
from stasis_refer.dialects.bxml_tags import TAG, tag_text, tagged
from stasis_refer.dialects.bxml_transfer import TRANSFER
from stasis_refer.dialects.bxml_voices import VOICES, Voice
from stasis_refer.dialects.bxml_webhooks import Webhook, WithFallback
from stasis_refer.dialects.markup import Element
from stasis_refer.dialects.speech_words import LANGUAGE, MAX_SPEECH
from stasis_refer.dialects.webhook_urls import with_credentials
from stasis_refer.dialects.xml_verbs import (
    FALLBACK,
    NO_NOTIFY_TIMEOUT,
    REPLACES_NAME,
    RING_TIMEOUT,
    Entries,
    Entry,
    Reader,
    Vocabulary,
)

MAX_PROMPTS: Final = 20
"""Verbs in one ``<Gather>``, times its repeatCount, as Bandwidth has it."""


def _dtmf(text: str) -> None:
    if text.lower() != "dtmf":
        raise ValueError("speech is not recognized here; gather dtmf.")


def _key_of_call(text: str) -> str:
    """Return the key of the call that a callId names."""
    if not _CALL_ID.fullmatch(text):
        raise ValueError("allowed is the callId of another call.")
    return text[2:].replace("-", "").lower()


_CALL_ID: Final = re.compile("c-[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_USERNAME: Final = Attribute("username", str, "")
_PASSWORD: Final = Attribute("password", str, "")
_REFER_COMPLETE: Final = Webhook.named("referComplete")
_GATHER: Final = WithFallback.named("gather")
_REDIRECT: Final = WithFallback.named("redirect")

_VOICE: Final = Attribute("voice", str, "")
_GENDER: Final = Attribute("gender", one_of({"male": "male", "female": "female"}), "")
# It reaches a speech program's command line: letters, digits and a little between them.
_LOCALE: Final = Attribute(
    "locale", like(LANGUAGE.replace("-[", "[_-][", 1), "a locale, such as en_US"), ""
)
_PAUSE: Final = Attribute("duration", seconds_from(0.1, 86_400), 1.0)
_RING: Final = Attribute("duration", seconds_from(0.1, 86_400), 5.0)
_ANSWER_CALL: Final = Attribute("answerCall", one_of({"true": True, "false": False}), default=True)
_TERMINATING_DIGITS: Final = Attribute(
    "terminatingDigits", like("[0-9A-Da-d*#]{1,16}", "some of 0123456789*#ABCD"), ""
)
_MAX_DIGITS: Final = Attribute("maxDigits", whole_number(1, 50), 50)
_INTER_DIGIT_TIMEOUT: Final = Attribute("interDigitTimeout", seconds_from(1, 60), 5.0)
_FIRST_DIGIT_TIMEOUT: Final = Attribute("firstDigitTimeout", seconds_from(0, 60), 5.0)
_REPEAT_COUNT: Final = Attribute("repeatCount", whole_number(1, MAX_PROMPTS), 1)
_INPUT: Final = Attribute("input", _dtmf, None)
_COLLECTING: Final[tuple[Attribute[object], ...]] = (
    *(_TERMINATING_DIGITS, _MAX_DIGITS, _INTER_DIGIT_TIMEOUT),
    *(_FIRST_DIGIT_TIMEOUT, _REPEAT_COUNT, _INPUT),
)

_REPLACES: Final = Attribute(REPLACES_NAME, _key_of_call, "")

_AFTER: Final = After(completed=Then.END, failed=Then.RUN, canceled=Then.NOTHING)
_ONE_TARGET: Final = "<Refer> holds exactly one <SipUri> and nothing else."


def _refer(element: Element, reader: Reader) -> tuple[Verb, ...]:
    refer = Refer(
        target=_only_target(element, reader),
        place=f"line {element.line}, column {element.column}",
        action=_REFER_COMPLETE.read(element, reader),
        no_notify_timeout=value(element, NO_NOTIFY_TIMEOUT),
        ring_timeout=value(element, RING_TIMEOUT),
        ring_from_acceptance=True,
        replaces=value(element, _REPLACES),
        instead=value(element, FALLBACK),
        after=_AFTER,
    )
    return tagged(element, refer)


def _only_target(refer: Element, reader: Reader) -> str:
    if not refer.children:
        raise not_valid(refer, _ONE_TARGET)
    first, *others = refer.children
    if first.name != "SipUri" or others:
        raise not_valid(others[0] if first.name == "SipUri" else first, _ONE_TARGET)
    if first.children:
        raise not_valid(first.children[0], "<SipUri> in <Refer> holds a SIP URI, no elements.")
    reader.remarks += unknown(first, ())
    return first.text.strip()


def _speak_sentence(element: Element, reader: Reader) -> tuple[Verb, ...]:
    for child in element.children:
        message = f"SSML (<{child.name:.80}>) is not supported here"
        raise not_valid(child, f"{message}; write plain text in <SpeakSentence>.")
    text = " ".join(element.text.split())
    if not text:
        raise not_valid(element, "<SpeakSentence> holds the text to be spoken.")
    if len(text) > MAX_SPEECH:
        message = f"<SpeakSentence> holds {len(text)} characters"
        raise not_valid(element, f"{message}; at most {MAX_SPEECH}, use several.")
    return (Play(_voice(element, reader).speech(text)),)


def _voice(element: Element, reader: Reader) -> Voice:
    locale, gender = value(element, _LOCALE), value(element, _GENDER)
    name = value(element, _VOICE)
    voice = VOICES.get(name.lower())
    if voice is None:
        if name:
            message = f"Voice {name!r:.80} is not known here: locale and gender choose one."
            reader.remark(element, message)
        return Voice(locale or Voice().locale, gender or Voice().gender)
    for attribute, asked, has in (
        (_LOCALE, locale, voice.locale),
        (_GENDER, gender, voice.gender),
    ):
        if asked and asked.lower() != has.lower():
            message = f"Attribute {attribute.name!r} of <{element.name}> is passed over"
            reader.remark(element, f"{message}: voice={name!r} goes first.")
    return voice


def _play_audio(element: Element, reader: Reader) -> tuple[Verb, ...]:
    text = element.text.strip()
    if not text:
        raise not_valid(element, "<PlayAudio> holds the URL of a sound file.")
    url = reader.url(element, text)
    url = with_credentials(url, value(element, _USERNAME), value(element, _PASSWORD))
    return (Play(Recording(url)),)


def _gather(element: Element, reader: Reader) -> tuple[Verb, ...]:
    value(element, _INPUT)
    rounds = value(element, _REPEAT_COUNT)
    if rounds * len(element.children) > MAX_PROMPTS:
        message = f"repeatCount times the verbs in <Gather> is at most {MAX_PROMPTS}."
        raise not_valid(element, message)
    read = [verb for child in element.children for verb in reader.verbs(child, _PROMPTS)]
    gather = Gather(
        prompts=tuple(verb for verb in read if isinstance(verb, Play)),
        action=_GATHER.read(element, reader),
        first_timeout=value(element, _FIRST_DIGIT_TIMEOUT),
        next_timeout=value(element, _INTER_DIGIT_TIMEOUT),
        most=value(element, _MAX_DIGITS),
        finish_on=value(element, _TERMINATING_DIGITS).upper(),
        rounds=rounds,
        tell_empty=True,
    )
    return tagged(element, gather)


def _redirect(element: Element, reader: Reader) -> tuple[Verb, ...]:
    callback = _REDIRECT.read(element, reader)
    if callback is None:
        raise not_valid(element, "<Redirect> needs redirectUrl, where the next BXML comes from.")
    return tagged(element, Redirect(callback))


def _pause(element: Element, _reader: Reader) -> tuple[Verb, ...]:
    return (Pause(value(element, _PAUSE)),)


def _ring(element: Element, _reader: Reader) -> tuple[Verb, ...]:
    return (Ring(value(element, _RING), value(element, _ANSWER_CALL)),)


def _tag(element: Element, _reader: Reader) -> tuple[Verb, ...]:
    try:
        return (Tag(tag_text(element.text.strip())),)
    except ValueError as allowed:
        raise not_valid(element, f"text in <Tag>: {allowed}") from None


def _hangup(_element: Element, _reader: Reader) -> tuple[Verb, ...]:
    return (Hangup(),)


_PROMPTS: Final[Entries] = {
    "PlayAudio": Entry(_play_audio, (_USERNAME, _PASSWORD), has_text=True),
    "SpeakSentence": Entry(
        _speak_sentence, (_VOICE, _GENDER, _LOCALE), has_text=True, has_children=True
    ),
}

_VERBS: Final[Entries] = {
    "Refer": Entry(
        _refer,
        (*_REFER_COMPLETE.attributes, TAG, NO_NOTIFY_TIMEOUT, RING_TIMEOUT, _REPLACES, FALLBACK),
        has_children=True,
    ),
    "Transfer": TRANSFER,
    **_PROMPTS,
    "Gather": Entry(
        _gather,
        (*_GATHER.attributes, TAG, *_COLLECTING),
        has_children=True,
    ),
    "Redirect": Entry(_redirect, (*_REDIRECT.attributes, TAG)),
    "Pause": Entry(_pause, (_PAUSE,)),
    "Ring": Entry(_ring, (_RING, _ANSWER_CALL)),
    "Tag": Entry(_tag, has_text=True),
    "Hangup": Entry(_hangup),
}

_NOT_SUPPORTED: Final = frozenset(
    {"Bridge", "Conference", "Connect", "Forward", "PauseRecording", "Record", "ResumeRecording"}
    | {"SendDtmf", "StartGather", "StartRecording", "StartStream", "StartTranscription"}
    | {"StopGather", "StopRecording", "StopStream", "StopTranscription"}
)

BXML_VERBS: Final = Vocabulary("BXML", ("Response", "Bxml"), _VERBS, _NOT_SUPPORTED)
