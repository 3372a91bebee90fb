"""``docs/rest.md`` names every path, parameter and key of the vendors', every error of ours."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from stasis_refer.adapters.rest.openapi import PROBLEMS
from stasis_refer.dialects import (
    bxml_rest_requests,
    jambonz_rest_requests,
    rcml_rest,
    twiml_rest,
)
from stasis_refer.dialects.json_keys import Keys
from stasis_refer.dialects.rest import RestVendor
from stasis_refer.dialects.rest_forms import Parameters
from stasis_refer.dialects.rest_registry import REST_VENDORS

PAGE = (Path(__file__).parents[1] / "docs" / "rest.md").read_text()
TITLES = {"twiml": "Twilio", "rcml": "Restcomm", "bxml": "Bandwidth", "jambonz": "jambonz"}

FORMS: list[tuple[str, str, Parameters]] = [
    ("Twilio", "update", twiml_rest.UPDATE),
    ("Twilio", "create", twiml_rest.CREATE),
    ("Twilio", "list", twiml_rest.LIST),
    ("Restcomm", "live call modification", rcml_rest.UPDATE),
    ("Restcomm", "create", rcml_rest.CREATE),
    ("Restcomm", "list", rcml_rest.LIST),
    ("Bandwidth", "list", bxml_rest_requests.LIST),
    ("jambonz", "list", jambonz_rest_requests.LIST),
]
OBJECTS: list[tuple[str, str, Keys]] = [
    ("Bandwidth", "update", bxml_rest_requests.UPDATE),
    ("Bandwidth", "create", bxml_rest_requests.CREATE),
    ("jambonz", "update", jambonz_rest_requests.UPDATE),
    ("jambonz", "create", jambonz_rest_requests.CREATE),
]


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def row(title: str, name: str) -> str:
    found = re.search(rf"^\| {re.escape(name)}: .*$", section(title), re.MULTILINE)
    return found[0] if found else ""


def missing(names: Iterable[str], text: str) -> list[str]:
    return [name for name in names if not re.search(rf"`{re.escape(name)}(?![A-Za-z_<>])", text)]


@pytest.mark.parametrize(("title", "name", "table"), FORMS)
def test_each_parameter_is_in_its_row(title: str, name: str, table: Parameters) -> None:
    assert missing(table.names, row(title, name)) == []


@pytest.mark.parametrize(("title", "name", "table"), OBJECTS)
def test_each_key_is_in_its_row(title: str, name: str, table: Keys) -> None:
    assert missing((*table.known, *table.idle), row(title, name)) == []


def test_what_is_refused_of_a_live_call_at_jambonz_is_listed() -> None:
    assert missing(jambonz_rest_requests.NOT_DONE, section("jambonz")) == []


@pytest.mark.parametrize("vendor", REST_VENDORS, ids=lambda each: each.dialect)
def test_each_path_is_listed(vendor: RestVendor) -> None:
    line = next(
        each for each in PAGE.splitlines() if each.startswith(f"| {TITLES[vendor.dialect]} |")
    )
    for route in vendor.routes:
        first = route.path.removesuffix(".json").partition("{call}")[0].rstrip("/")
        assert first.removesuffix(".json") in line


def test_every_status_of_our_own_errors_is_listed() -> None:
    rows = re.findall(r"^\| (\d{3}) \|", section("Our own: `/v1`"), re.MULTILINE)
    assert {int(status) for status in rows} == {*PROBLEMS, 405}  # which no endpoint answers
