"""``<Gather>`` of digits, which TwiML and RCML have in common but for a few names.

Sources: Twilio's and Restcomm's pages on the verb. The first key ends the prompts; speech is
not recognized.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from stasis_refer.core.application import Method
from stasis_refer.core.verbs import Gather, Pause, Play, Verb
from stasis_refer.dialects.attributes import Attribute, like, one_of, value, whole_number
from stasis_refer.dialects.markup import Element
from stasis_refer.dialects.xml_verbs import METHODS, Entries, Entry, Reader

ACTION: Final = Attribute("action", str, "")
METHOD: Final = Attribute("method", METHODS, Method.POST)

Timeout: TypeAlias = Attribute[float | None]
"""Of seconds; None is what it is when left out, or a value that counts as left out."""

SECONDS: Final = whole_number(1, 3600)
_DEFAULT: Final = 5.0
_KEYS: Final = like("[0-9*#]", "one key of 0-9, * and #, or nothing")
_FINISH_ON_KEY: Final = Attribute("finishOnKey", _KEYS, "#")
_NUM_DIGITS: Final[Attribute[int | None]] = Attribute(
    "numDigits", whole_number(1, 999_999_999), None
)
_TELL_EMPTY: Final = Attribute(
    "actionOnEmptyResult", one_of({"true": True, "false": False}), default=False
)


def _hears_speech(text: str) -> bool:
    words = set(text.lower().split())
    if not words or words - {"dtmf", "speech"}:
        raise ValueError("allowed are dtmf and dtmf speech.")
    if "dtmf" not in words:
        raise ValueError("speech is not recognized here; write dtmf and ask for keys.")
    return "speech" in words


_INPUT: Final = Attribute("input", _hears_speech, default=False)


def gather(
    prompts: Entries,
    first: Sequence[Timeout],
    following: Sequence[Timeout],
    passed_over: Mapping[str, str],
) -> Entry:
    """Return ``<Gather>`` with a vendor's prompts and names.

    ``first`` and ``following`` are the attributes that say how long the first digit and each
    further one is waited for; the foremost that is there counts. ``passed_over`` is as in
    ``Entry``. Without an action URL it is the document's own.
    """
    timeouts = tuple(dict.fromkeys((*first, *following)))

    def read(element: Element, reader: Reader) -> tuple[Verb, ...]:
        if value(element, _INPUT):
            reader.remark(element, "Speech is not recognized here, <Gather> takes keys only.")
        for each in timeouts:
            if each.name in element.attributes and value(element, each) is None:
                given = f"{each.name}={element.attributes[each.name]!r:.80} of <Gather>"
                reader.remark(element, f"{given} counts as left out: {_DEFAULT:g} seconds.")
        heard = reader.children(element, prompts)
        verb = Gather(
            prompts=tuple(each for each in heard if isinstance(each, Play | Pause)),
            action=reader.callback(element, value(element, ACTION), METHOD),
            first_timeout=_timeout(element, first),
            next_timeout=_timeout(element, following),
            most=value(element, _NUM_DIGITS),
            finish_on=value(element, _FINISH_ON_KEY),
            tell_empty=value(element, _TELL_EMPTY),
        )
        return (verb,)

    own = (ACTION, METHOD, _INPUT, _FINISH_ON_KEY, _NUM_DIGITS, _TELL_EMPTY)
    return Entry(read, (*own, *timeouts), has_children=True, passed_over=passed_over)


def _timeout(element: Element, candidates: Sequence[Timeout]) -> float:
    given = [value(element, each) for each in candidates]
    return next((seconds for seconds in given if seconds is not None), _DEFAULT)
