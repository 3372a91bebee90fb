"""jambonz's gather: digits only, with one prompt."""

from typing import Final

from stasis_refer.core.verbs import Gather, Play
from stasis_refer.dialects.jambonz_prompts import PLAY_KEYS, SAY_KEYS, play, say
from stasis_refer.dialects.jambonz_reader import ACTION_HOOK, ID, VERB, Reader
from stasis_refer.dialects.json_keys import (
    Key,
    Keys,
    Node,
    keys,
    like,
    members,
    number,
    whole_number,
)

NO_TIMEOUT: Final = 86_400.0
"""Seconds of a wait without end: a day, no call lasts longer."""


def gather(node: Node, reader: Reader) -> tuple[Gather, ...]:
    """Read ``gather``: its action URL is requested however it ends, as jambonz does."""
    if "speech" in reader.value(node, _INPUT):
        reader.remark((*node.path, _INPUT.name), "speech is not recognized here, digits are.")
    exactly, fewest = reader.value(node, _NUM_DIGITS), reader.value(node, _MIN_DIGITS)
    limits = [each for each in (exactly, reader.value(node, _MAX_DIGITS)) if each is not None]
    most = min(limits, default=None)
    if fewest is None:
        fewest = most if exactly and most else 1
    if most is not None and fewest > most:
        message = f"over the {most} digits that numDigits or maxDigits allows."
        raise reader.not_valid((*node.path, _MIN_DIGITS.name), message)
    first = reader.value(node, _TIMEOUT) or NO_TIMEOUT
    verb = Gather(
        prompts=_prompts(node, reader),
        action=reader.hook(node, ACTION_HOOK.name),
        first_timeout=first,
        next_timeout=reader.value(node, _INTER_DIGIT_TIMEOUT) or first,
        fewest=fewest,
        most=most,
        finish_on=reader.value(node, _FINISH_ON_KEY),
        tell_empty=True,
        name=reader.value(node, ID),
        or_go_on=True,
    )
    return (verb,)


def _prompts(node: Node, reader: Reader) -> tuple[Play, ...]:
    """Read the one prompt of a gather: of both, jambonz takes ``say``."""
    prompts: list[tuple[Play, ...]] = []
    for key, keys_of, read in ((_SAY, SAY_KEYS, say), (_PLAY, PLAY_KEYS, play)):
        nested = node.members.get(key.name)
        if nested is None:
            continue
        path = (*node.path, key.name)
        if prompts:
            reader.remark(path, "passed over, since there is say already.")
            break
        held = Node(key.name, reader.value(node, key), path)
        reader.look_over(held, keys_of)
        prompts.append(read(held, reader))
    return prompts[0] if prompts else ()


def _inputs(found: object) -> tuple[str, ...]:
    if not isinstance(found, list) or not all(each in _INPUTS for each in found):
        raise ValueError('allowed is an array of "digits" and "speech".')
    if "digits" not in found:
        raise ValueError('speech is not recognized here; ask for ["digits"].')
    return tuple(found)


_INPUTS: Final = ("digits", "speech")
_EMPTY: Final[dict[str, object]] = {}
_DIGITS: Final[tuple[str, ...]] = ("digits",)
_INPUT: Final = Key("input", _inputs, _DIGITS)
_NUM_DIGITS: Final = Key("numDigits", whole_number(1, 999), None)
_MIN_DIGITS: Final = Key("minDigits", whole_number(0, 999), None)
_MAX_DIGITS: Final = Key("maxDigits", whole_number(1, 999), None)
_FINISH_ON_KEY: Final = Key("finishOnKey", like("[0-9*#A-D]", "one key, such as #"), "")
# jambonz: 15 s, and 0 is for ever.
_TIMEOUT: Final = Key("timeout", number(0, 3600), 15.0)
_INTER_DIGIT_TIMEOUT: Final = Key("interDigitTimeout", number(0, 3600), 0.0)
_SAY: Final = Key("say", members, _EMPTY)
_PLAY: Final = Key("play", members, _EMPTY)

GATHER_KEYS: Final[Keys] = keys(
    VERB,
    ID,
    ACTION_HOOK,
    _INPUT,
    _NUM_DIGITS,
    _MIN_DIGITS,
    _MAX_DIGITS,
    _FINISH_ON_KEY,
    _TIMEOUT,
    _INTER_DIGIT_TIMEOUT,
    _SAY,
    _PLAY,
    idle={"dtmfBargein": True, "listenDuringPrompt": True, "bargein": False}
    | dict.fromkeys(("speechTimeout", "partialResultHook", "minBargeinWordCount", "recognizer"))
    | dict.fromkeys(("fillerNoise", "actionHookDelayAction", "vad")),
)
"""What ``gather`` may hold."""
