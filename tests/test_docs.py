"""The pages of ``docs/`` name what the program knows: verbs, attributes, outcomes, reasons."""

import re
from pathlib import Path

import pytest

from stasis_refer.adapters.metrics import Metrics, Names
from stasis_refer.core.outcome import Evidence, Outcome, Reason
from stasis_refer.dialects.bxml_verbs import BXML_VERBS
from stasis_refer.dialects.jambonz_verbs import VERBS
from stasis_refer.dialects.rcml_dial import RCML_NOUNS
from stasis_refer.dialects.rcml_verbs import RCML_VERBS
from stasis_refer.dialects.registry import DIALECTS
from stasis_refer.dialects.twiml_nouns import TWIML_NOUNS, Nouns
from stasis_refer.dialects.twiml_verbs import TWIML_VERBS
from stasis_refer.dialects.xml_verbs import Vocabulary
from stasis_refer.wire.causes import CAUSES, status_of

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "dialects.md").read_text()
METRICS = (DOCS / "metrics.md").read_text()
OUTCOMES = (DOCS / "outcomes.md").read_text()
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
    ("noun", "attribute"),
    [
        (name, attribute)
        for nouns in (TWIML_NOUNS, RCML_NOUNS)
        for name, noun in nouns.entries.items()
        for attribute in ("", *(each.name for each in noun.known), *noun.passed_over)
    ],
)
def test_each_attribute_is_in_the_row_of_its_noun(noun: str, attribute: str) -> None:
    assert re.search(rf"`{re.escape(attribute)}\b", row(OF_FORMS, noun)), f"{noun} {attribute}"


@pytest.mark.parametrize("nouns", [TWIML_NOUNS, RCML_NOUNS])
def test_each_noun_that_is_not_supported_is_named(nouns: Nouns) -> None:
    missing = [name for name in nouns.not_supported if f"`{name}`" not in section(OF_FORMS)]
    assert not missing


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


@pytest.mark.parametrize("word", [*Outcome, *Evidence, *Reason], ids=str)
def test_each_outcome_evidence_and_reason_is_told(word: str) -> None:
    assert f"`{word}`" in OUTCOMES


RECEIVED = OUTCOMES.split("\n## REFERs that we receive\n")[1]

OF_RECEIVED = [
    # What core/received.py, receiving.py, attended.py and abandoned.py report.
    ("rejected", "no_refer_url"),
    ("rejected", "not_connected"),
    ("rejected", "refer_to_too_long"),
    ("rejected", "another_transfer"),
    ("rejected", "refer_refused"),
    ("rejected", "replaces_unknown"),
    ("blocked", "bad_uri"),
    ("blocked", "reserved_header"),
    ("blocked", "policy"),
    ("blocked", "quota"),
    ("blocked", "transfer_limit"),
    ("completed", "bridged"),
    ("busy", "dial_failed"),
    ("no_answer", "dial_failed"),
    ("failed", "dial_failed"),
    ("blocked", "dial_failed"),
    ("failed", "not_dialed"),
    ("error", "no_document"),
    ("canceled", "hangup"),
    ("error", "stopped"),
]


@pytest.mark.parametrize(("outcome", "reason"), OF_RECEIVED)
def test_each_end_of_a_received_refer_has_its_row(outcome: str, reason: str) -> None:
    rows = [line.split("|")[1:3] for line in RECEIVED.splitlines() if line.startswith("| `")]
    assert any(f"`{outcome}`" in of and f"`{reason}`" in why for of, why in rows)


def test_each_metric_has_a_row_with_its_type_and_labels() -> None:
    page = Metrics("1", DIALECTS, Names(("a",), ("default",), ("trunk",))).render().decode()
    kinds = dict(re.findall(r"^# TYPE stasis_refer_(\w+) (\w+)$", page, re.MULTILINE))
    labels: dict[str, set[str]] = {name: set() for name in kinds}
    for name, inside in re.findall(r"^stasis_refer_(\w+?)(?:_count)?\{(.*)\}", page, re.MULTILINE):
        if name in labels:
            labels[name] |= set(re.findall(r'(\w+)="', inside))
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*)\| ", METRICS, re.MULTILINE)
    assert {name: (kind, set(re.findall(r"\w+", text))) for name, kind, text in rows} == {
        name: (kind, labels[name]) for name, kind in kinds.items()
    }
    assert set(re.findall(r"^# TYPE ((?:process|python)_\w+)", page, re.MULTILINE)) <= set(
        re.findall(r"`(\w+)`", METRICS)
    )
