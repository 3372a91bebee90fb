"""``docs/dialects.md`` names every verb and attribute that the program knows, in its own row."""

import re
from pathlib import Path

import pytest

from stasis_refer.dialects.bxml_verbs import BXML_VERBS
from stasis_refer.dialects.jambonz_verbs import VERBS
from stasis_refer.dialects.rcml_verbs import RCML_VERBS
from stasis_refer.dialects.twiml_verbs import TWIML_VERBS
from stasis_refer.dialects.xml_verbs import Vocabulary
from stasis_refer.wire.causes import CAUSES, status_of

PAGE = (Path(__file__).parents[1] / "docs" / "dialects.md").read_text()
OF_FORMS, OF_BXML = "### TwiML and RCML", "### BXML"
XML = [(OF_FORMS, TWIML_VERBS), (OF_FORMS, RCML_VERBS), (OF_BXML, BXML_VERBS)]


def section(title: str) -> str:
    return PAGE.split(f"{title}\n")[1].split("\n#")[0]


def row(title: str, verb: str) -> str:
    found = re.search(rf"^\| `{re.escape(verb)}`.*$", section(title), re.MULTILINE)
    return found[0] if found else ""


@pytest.mark.parametrize(
    ("title", "verb", "attribute"),
    [
        (title, verb, name)
        for title, vocabulary in XML
        for verb, entry in vocabulary.verbs.items()
        for name in ("", *(each.name for each in entry.attributes), *entry.passed_over)
    ],
)
def test_each_attribute_is_in_the_row_of_its_verb(title: str, verb: str, attribute: str) -> None:
    assert re.search(rf"`{re.escape(attribute)}\b", row(title, verb)), f"{verb} {attribute}"


@pytest.mark.parametrize(
    ("verb", "key"),
    [
        (verb, name)
        for verb, entry in VERBS.items()
        for name in ("", *entry.keys.known, *entry.keys.idle)
        if name not in {"verb", "id"}
    ],
)
def test_each_key_is_in_the_row_of_its_verb(verb: str, key: str) -> None:
    assert re.search(rf"`{re.escape(key)}\b", row("### jambonz", verb)), f"{verb} {key}"


@pytest.mark.parametrize(("title", "vocabulary"), XML)
def test_each_verb_that_is_not_supported_is_named(title: str, vocabulary: Vocabulary) -> None:
    missing = [name for name in vocabulary.not_supported if f"`{name}`" not in section(title)]
    assert not missing


def test_what_a_ringing_call_can_be_refused_with_is_listed() -> None:
    listed = {int(code) for code in re.findall(r"\b[3-6][0-9]{2}\b", section("### jambonz"))}
    assert set(CAUSES) <= listed
    for asked, got in re.findall(r"^\| ([0-9]{3}) \| ([0-9]{3}) \|$", PAGE, re.MULTILINE):
        assert status_of(int(asked)) == int(got)
