"""From an XML tree to a Document, by the vocabulary of a dialect: a table of its verbs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from stasis_refer.core.application import Callback, Method
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.redacted import redacted
from stasis_refer.core.verbs import Instead, Verb
from stasis_refer.dialects.attributes import (
    Attribute,
    not_valid,
    one_of,
    seconds,
    unknown,
    value,
)
from stasis_refer.dialects.dialect import DocumentError, Reading, Remark
from stasis_refer.dialects.markup import Element, fault
from stasis_refer.dialects.reachable import never_goes_on
from stasis_refer.dialects.webhook_urls import resolve

METHODS: Final = one_of({"get": Method.GET, "post": Method.POST})
"""The parser of every attribute that names a method."""

NO_NOTIFY_TIMEOUT: Final[Attribute[float | None]] = Attribute(
    "x-no-notify-timeout", seconds(600), None
)
RING_TIMEOUT: Final[Attribute[float | None]] = Attribute("x-ring-timeout", seconds(600), None)
"""Ours, the same on ``<Refer>`` in every XML dialect; in seconds."""

FALLBACK: Final[Attribute[Instead | None]] = Attribute(
    "x-fallback", one_of({"dial": Instead.DIAL, "none": Instead.NOTHING}), None
)
"""Ours: what happens where the phone refuses the REFER."""

REPLACES_NAME: Final = "x-replaces"
"""Ours: the other call that the transferee takes the place of, by the vendor's call id."""


@dataclass(frozen=True, slots=True)
class Entry:
    """How a verb is read: what ``read`` returns runs in its place, nothing where it is empty.

    ``passed_over`` are attributes of the vendor's that do nothing here, each with the reason.
    """

    read: Callable[[Element, "Reader"], tuple[Verb, ...]]
    attributes: tuple[Attribute[object], ...] = ()
    has_text: bool = False
    has_children: bool = False
    passed_over: Mapping[str, str] = field(default_factory=dict)


Entries: TypeAlias = Mapping[str, Entry]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What an XML dialect has. ``not_supported`` are verbs of the vendor's not done here."""

    vendor: str
    roots: tuple[str, ...]
    verbs: Entries
    not_supported: frozenset[str] = frozenset()


def read_response(root: Element, base: str, vocabulary: Vocabulary) -> Reading:
    """Read a tree whose relative URLs mean those at ``base``; raises DocumentError."""
    if root.name not in vocabulary.roots:
        roots = " or ".join(f"<{name}>" for name in vocabulary.roots)
        raise not_valid(root, f"the root element is {roots}, not <{root.name:.80}>.")
    reader = Reader(base, vocabulary)
    reader.remarks += unknown(root, ())
    if root.text.strip():
        reader.remark(root, "Text beside the verbs is passed over.")
    return Reading(reader.children(root), tuple(reader.remarks))


class Reader:
    """Reads the verbs of one document; ``remarks`` collects what is passed over."""

    def __init__(self, base: str, vocabulary: Vocabulary) -> None:
        self.base = base
        self.remarks: list[Remark] = []
        self._vocabulary = vocabulary

    def children(self, element: Element, among: Entries | None = None) -> tuple[Verb, ...]:
        """Read the elements in ``element``, as ``verbs`` does each."""
        read = [self.verbs(child, among) for child in element.children]
        self.remarks += _unreachable(element, read)
        return tuple(verb for verbs in read for verb in verbs)

    def verbs(self, element: Element, among: Entries | None = None) -> tuple[Verb, ...]:
        """Read an element that is one of the vocabulary's verbs, or of those in ``among``."""
        entries = self._vocabulary.verbs if among is None else among
        entry = entries.get(element.name)
        if entry is None:
            raise self._unknown_verb(element, entries)
        if element.children and not entry.has_children:
            raise not_valid(element.children[0], f"<{element.name}> holds no elements.")
        self.remarks += unknown(element, entry.attributes, entry.passed_over)
        if element.text.strip() and not entry.has_text:
            self.remark(element, f"Text in <{element.name}> is passed over.")
        read = entry.read(element, self)
        if not read:
            self.remark(element, f"<{element.name}> is empty and is passed over.")
        return read

    def url(self, element: Element, text: str) -> str:
        """Return the absolute URL that a text of the document means."""
        try:
            return resolve(self.base, text)
        except ValueError as allowed:
            shown = f"{redacted(text)!r:.80}"
            raise not_valid(element, f"{shown} in <{element.name}>: {allowed}") from None

    def callback(self, element: Element, text: str, method: Attribute[Method]) -> Callback:
        """Return the address that a text means, with the method that an attribute names."""
        return Callback(self.url(element, text), value(element, method))

    def optional(
        self, element: Element, url: Attribute[str], method: Attribute[Method]
    ) -> Callback | None:
        """Return the address that two attributes name, None where there is no URL."""
        text = value(element, url)
        if text:
            return self.callback(element, text, method)
        self.needs(element, method, url)
        return None

    def needs(self, element: Element, attribute: Attribute[object], url: Attribute[str]) -> None:
        """Note an attribute, if it is there, that does nothing without a URL."""
        if attribute.name in element.attributes:
            message = f"Attribute {attribute.name!r} of <{element.name}> does nothing"
            self.remark(element, f"{message} without {url.name}.")

    def remark(self, element: Element, message: str) -> None:
        """Note something that is passed over, at its place."""
        self.remarks.append(_remark(element, message))

    def _unknown_verb(self, element: Element, entries: Entries) -> DocumentError:
        name, vendor = element.name, self._vocabulary.vendor
        meant = {known.lower(): known for known in entries}.get(name.lower())
        if name in self._vocabulary.not_supported:
            message = f"the {vendor} verb <{name}> is not supported here"
        elif meant:
            message = f"<{name}> is not a verb, upper and lower case count: write <{meant}>"
        elif name in self._vocabulary.verbs:
            message = f"<{name}> cannot stand in this place"
        else:
            message = f"<{name:.80}> is not a {vendor} verb"
        message += f"; supported are {', '.join(entries)}."
        return fault(FetchFailure.UNKNOWN_VERB, message, element.line, element.column)


def _unreachable(root: Element, read: list[tuple[Verb, ...]]) -> Iterator[Remark]:
    """Yield a remark for the first element behind one that never lets the document go on."""
    for verbs, element, behind in zip(read, root.children, root.children[1:], strict=False):
        if any(never_goes_on(verb) for verb in verbs):
            message = f"<{behind.name}> is never reached behind <{element.name}>"
            yield _remark(behind, f"{message} in line {element.line}.")
            return


def _remark(element: Element, message: str) -> Remark:
    return Remark(message, element.line, element.column)
