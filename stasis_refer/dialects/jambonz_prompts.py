"""What a jambonz document lets the caller hear: say and play, and the voice config sets."""

import re
from collections.abc import Sequence
from typing import Final, NoReturn

from stasis_refer.core.verbs import Play, Recording, Source, Speech
from stasis_refer.dialects.jambonz_reader import ID, VERB, Reader
from stasis_refer.dialects.json_keys import (
    Key,
    Keys,
    Node,
    keys,
    like,
    members,
    text,
    texts,
    whole_number,
)
from stasis_refer.dialects.speech_words import LANGUAGE, MAX_SPEECH, VOICE

MAX_PLAYS: Final = 100
"""How many sounds an array may come to by ``loop``."""

FOREVER: Final = "forever"


def say(node: Node, reader: Reader) -> tuple[Play, ...]:
    """Read ``say``; the texts of an array are spoken one after the other, as jambonz does."""
    reader.value(node, _STREAM)
    language, voice = _voice(node, reader)
    speeches = [Speech(each, language, voice) for each in reader.required(node, _TEXT) if each]
    if not speeches:
        reader.remark((*node.path, _TEXT.name), "empty, so nothing is said.")
    return _repeated(speeches, node, reader)


def play(node: Node, reader: Reader) -> tuple[Play, ...]:
    """Read ``play``; the sounds of an array are played one after the other."""
    reader.value(node, _PLAY_ACTION)

    def urls(found: object) -> tuple[str, ...]:
        if not all(texts(found)):
            raise ValueError("allowed is the URL of a sound file.")
        for each in texts(found):
            _refuse_made_up_sound(each)
        return tuple(reader.url(each) for each in texts(found))

    nothing: tuple[str, ...] = ()
    found = reader.required(node, Key("url", urls, nothing))
    return _repeated([Recording(url) for url in found], node, reader)


def config(node: Node, reader: Reader) -> tuple[Play, ...]:
    """Read ``config``: the voice of what is said later in the document."""
    reader.language, reader.voice = _voice(node, reader)
    if reader.value(node, _SYNTHESIZER):
        message = "it holds for the rest of this document only."
        reader.remark((*node.path, _SYNTHESIZER.name), message)
    return ()


def _voice(node: Node, reader: Reader) -> tuple[str, str]:
    """Return language and voice, of the verb or of the last ``config``."""
    inside = reader.value(node, _SYNTHESIZER)
    if not inside:
        return reader.language, reader.voice
    holder = Node(_SYNTHESIZER.name, inside, (*node.path, _SYNTHESIZER.name))
    reader.look_over(holder, _VOICES)
    language, voice = reader.value(holder, _LANGUAGE), reader.value(holder, _VOICE)
    return (
        reader.language if language in _DEFAULTS else language,
        reader.voice if voice in _DEFAULTS else voice,
    )


def _repeated(sources: Sequence[Source], node: Node, reader: Reader) -> tuple[Play, ...]:
    times = reader.value(node, _LOOP)
    if len(sources) == 1:
        return (Play(sources[0], times),)
    if sources and times != 1 and not 0 < times * len(sources) <= MAX_PLAYS:
        message = f"an array may be looped to {MAX_PLAYS} sounds in all, and not forever."
        raise reader.not_valid((*node.path, _LOOP.name), message)
    return tuple(Play(source) for source in sources) * times


def _spoken(found: object) -> tuple[str, ...]:
    """Read the texts of ``say``, with single blanks between the words."""
    spoken = tuple(" ".join(each.split()) for each in texts(found))
    for each in spoken:
        if each.lower().startswith("<speak"):
            raise ValueError("SSML is not supported here; write plain text.")
        _refuse_made_up_sound(each)
        if _CONTROL.search(each):
            raise ValueError("allowed is text without control characters.")
        if len(each) > MAX_SPEECH:
            raise ValueError(f"at most {MAX_SPEECH} characters; use an array or several verbs.")
    return spoken


def _refuse_made_up_sound(told: str) -> None:
    # jambonz hands these to FreeSWITCH, which makes silence and tones itself.
    if _MADE_UP.match(told):
        raise ValueError("silence_stream and tone_stream are not supported here; use pause.")


def _times(found: object) -> int:
    """Read ``loop``: jambonz takes the number as text too, and 0 for "forever"."""
    if found == FOREVER:
        return 0
    if isinstance(found, str) and re.fullmatch("[0-9]{1,9}", found):
        return int(found)
    try:
        return _COUNT(found)
    except ValueError:
        raise ValueError(f'allowed is a whole number from 0, or "{FOREVER}".') from None


def _no_stream(found: object) -> None:
    if found is not False:
        raise ValueError("speech cannot be streamed by webhooks; leave it out and give text.")


def _no_action(_found: object) -> NoReturn:
    raise ValueError("not supported here; let the verb redirect follow.")


_COUNT: Final = whole_number(0, 999_999_999)
_MADE_UP: Final = re.compile("(silence|tone)_stream:")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_DEFAULTS: Final = frozenset({"", "default"})

_NOTHING: Final[tuple[str, ...]] = ()
_TEXT: Final = Key("text", _spoken, _NOTHING)
_LOOP: Final = Key("loop", _times, 1)
_STREAM: Final = Key("stream", _no_stream, None)
_PLAY_ACTION: Final = Key("actionHook", _no_action, None)
_NO_VOICE: Final[dict[str, object]] = {}
_SYNTHESIZER: Final = Key("synthesizer", members, _NO_VOICE)
# Both reach a speech program's command line: letters, digits and a little between them.
_VOICE: Final = Key("voice", like(VOICE, "a voice's name, such as Joanna"), "")
_LANGUAGE: Final = Key("language", like(LANGUAGE, "a BCP 47 tag, such as en-US"), "")

_VOICES: Final[Keys] = keys(
    _LANGUAGE,
    _VOICE,
    idle={"vendor": "default"}
    | dict.fromkeys(("label", "engine", "gender", "options", "fallbackVendor", "fallbackLabel"))
    | dict.fromkeys(("fallbackLanguage", "fallbackVoice")),
)

SAY_KEYS: Final[Keys] = keys(
    VERB,
    ID,
    _TEXT,
    _LOOP,
    _SYNTHESIZER,
    _STREAM,
    idle={"earlyMedia": False, "disableTtsCache": False}
    | dict.fromkeys(("instructions", "closeStreamOnEmpty")),
)
"""What ``say`` may hold."""

PLAY_KEYS: Final[Keys] = keys(
    VERB,
    ID,
    Key("url", text, ""),
    _LOOP,
    _PLAY_ACTION,
    idle={"earlyMedia": False} | dict.fromkeys(("seekOffset", "timeoutSecs")),
)
"""What ``play`` may hold."""

CONFIG_KEYS: Final[Keys] = keys(
    VERB,
    ID,
    _SYNTHESIZER,
    idle=dict.fromkeys(
        ("notifyEvents", "notifySttLatency", "earlyMedia", "autoStreamTts", "disableTtsCache"),
        False,
    )
    | dict.fromkeys(
        ("recognizer", "bargeIn", "ttsStream", "record", "listen", "stream", "transcribe", "amd")
    )
    | dict.fromkeys(
        ("fillerNoise", "reset", "onHoldMusic", "actionHookDelayAction", "boostAudioSignal")
    )
    | dict.fromkeys(("sipRequestWithinDialogHook", "vad", "referHook", "trackTtsPlayout"))
    | dict.fromkeys(("noiseIsolation", "turnTaking")),
)
"""What ``config`` may hold."""
