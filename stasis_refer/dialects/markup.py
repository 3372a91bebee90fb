"""XML from strangers, read into a small tree by expat under limits.

Read are UTF-8, US-ASCII, ISO-8859-1 and UTF-16, the encodings expat itself knows. DOCTYPE is
refused where it begins, so there are no entities but the five of XML. Comments and
processing instructions are passed over, namespaces are not interpreted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from stasis_refer.core.events import FetchFailure
from stasis_refer.dialects.dialect import DocumentError, refuse_too_large

MAX_DEPTH: Final = 16
MAX_ELEMENTS: Final = 500
MAX_ATTRIBUTES: Final = 32


@dataclass(frozen=True, slots=True)
class Element:
    """One element. ``text`` is all character data directly in it, joined and not stripped.

    ``line`` and ``column`` are those of its ``<``, counted from 1.
    """

    name: str
    attributes: Mapping[str, str]
    text: str
    children: tuple["Element", ...]
    line: int
    column: int


def parse(body: bytes) -> Element:
    """Return the root element of ``body``.

    Raises DocumentError with TOO_LARGE or EMPTY (without a place), NOT_WELL_FORMED or LIMIT
    (with the line and column in ``body``).
    """
    refuse_too_large(body)
    # PHP sends what stands before its opening tag, in every included file: blank lines and
    # byte order marks end up before the XML declaration, where XML allows nothing.
    document = body.lstrip(_BOM + _WHITESPACE)
    if not document:
        raise DocumentError(
            FetchFailure.EMPTY,
            "The document is empty; one that wants nothing done is <Response/>.",
        )
    return _Builder(body[: len(body) - len(document)]).build(document)


def fault(failure: FetchFailure, message: str, line: int, column: int) -> DocumentError:
    """Return a DocumentError whose sentence begins with the place."""
    return DocumentError(failure, f"Line {line}, column {column}: {message}", line, column)


_BOM: Final = b"\xef\xbb\xbf"
_WHITESPACE: Final = b" \t\r\n"

_ENCODINGS: Final = frozenset({"utf-8", "us-ascii", "iso-8859-1", "utf-16", "utf-16be", "utf-16le"})

_REMEDIES: Final = {
    expat.errors.XML_ERROR_SYNTAX: "a document begins with <.",
    expat.errors.XML_ERROR_INVALID_TOKEN: (
        "in text and attributes & is written &amp; and < is written &lt;, and the document is in "
        "UTF-8 unless its first line says otherwise."
    ),
    expat.errors.XML_ERROR_UNDEFINED_ENTITY: (
        "there are only &amp; &lt; &gt; &quot; &apos; and numbers such as &#160;."
    ),
    expat.errors.XML_ERROR_TAG_MISMATCH: "close the element that was opened last.",
    expat.errors.XML_ERROR_NO_ELEMENTS: "the document breaks off; close every element.",
    expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT: "nothing may follow the root element.",
}


@dataclass(slots=True)
class _Open:
    """An element whose end tag has not come yet."""

    name: str
    attributes: dict[str, str]
    line: int
    column: int
    texts: list[str] = field(default_factory=list)
    children: list[Element] = field(default_factory=list)

    def close(self) -> Element:
        return Element(
            self.name,
            self.attributes,
            "".join(self.texts),
            tuple(self.children),
            self.line,
            self.column,
        )


class _Builder:
    """Builds the tree of one document. An error in a handler ends expat's run at once."""

    def __init__(self, lead: bytes) -> None:
        """Begin a document from whose front ``lead`` was stripped: places count it in."""
        *lines, last = (lead.replace(_BOM, b"") + b".").splitlines()
        self._lines_before = len(lines)
        self._columns_before = len(last) - 1
        self._open: list[_Open] = []
        self._elements = 0
        self._root: Element | None = None

    def build(self, document: bytes) -> Element:
        parser = self._parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        try:
            parser.Parse(document, True)  # noqa: FBT003 - expat takes it by position only
        except expat.ExpatError as error:
            raise self._not_well_formed(error) from None
        finally:
            # The parser holds this object's methods: without the cycle it is freed at once.
            del self._parser
        # Parse() raises XML_ERROR_NO_ELEMENTS where there is no root.
        assert self._root is not None  # noqa: S101 - tells mypy so
        return self._root

    def _place(self, line: int, column: int) -> tuple[int, int]:
        shift = self._columns_before if line == 1 else 0
        return line + self._lines_before, column + 1 + shift

    def _here(self) -> tuple[int, int]:
        return self._place(self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber)

    def _not_well_formed(self, error: expat.ExpatError) -> DocumentError:
        what = expat.ErrorString(error.code) or "not readable"
        message = f"not XML, {what}; {_REMEDIES.get(what, 'write it as XML 1.0.')}"
        place = self._place(error.lineno, error.offset)
        return fault(FetchFailure.NOT_WELL_FORMED, message, *place)

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            message = f"the encoding {encoding!r:.40} is not read; write the document in UTF-8."
            raise fault(FetchFailure.NOT_WELL_FORMED, message, *self._here())

    def _doctype(self, *_: object) -> None:
        # Told at its `[` or `>`, which is the place given, and before any entity is declared.
        message = (
            "DOCTYPE is not allowed, nor are entities of one's own; leave it out. "
            "(Was an HTML page sent instead of the document?)"
        )
        raise fault(FetchFailure.LIMIT, message, *self._here())

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        place = self._here()
        self._elements += 1
        for count, limit, what in (
            (len(self._open) + 1, MAX_DEPTH, "levels of elements"),
            (self._elements, MAX_ELEMENTS, "elements"),
            (len(attributes), MAX_ATTRIBUTES, "attributes in one element"),
        ):
            if count > limit:
                message = f"more than {limit} {what}; make the document smaller."
                raise fault(FetchFailure.LIMIT, message, *place)
        self._open.append(_Open(name, attributes, *place))

    def _text(self, data: str) -> None:
        # Outside of the root expat reports no character data.
        self._open[-1].texts.append(data)

    def _end(self, _name: str) -> None:
        element = self._open.pop().close()
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element
