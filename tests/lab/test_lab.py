"""What the lab fills in for itself, and what it refuses."""

from pathlib import Path

import pytest

from stasis_refer.errors import StasisReferError
from stasis_refer.lab.lab import Lab, with_ledger_in
from stasis_refer.settings import Settings


def lab(**sections: object) -> Lab:
    return Lab(Settings.model_validate(sections))


@pytest.mark.parametrize("sip", [None, "127.0.0.1:0"])
def test_without_a_port_a_free_one_is_chosen(sip: str | None) -> None:
    host, _, port = lab(lab={"sip": sip}).sip.rpartition(":")
    assert host == "127.0.0.1"
    assert int(port) > 0


def test_a_port_that_is_given_is_kept() -> None:
    assert lab(lab={"sip": "127.0.0.1:15060"}).sip == "127.0.0.1:15060"


@pytest.mark.parametrize(
    ("ledger", "path"),
    [
        ({}, "/run/lab-1/stasis_refer.db"),
        ({"url": "sqlite:///mine.db"}, "mine.db"),
        ({"url": "sqlite:///stasis_refer.db"}, "stasis_refer.db"),
    ],
)
def test_the_ledger_goes_with_the_lab_unless_one_is_named(
    ledger: dict[str, str], path: str
) -> None:
    settings = Settings.model_validate({"ledger": {**ledger, "mask": True, "keep_days": 7}})
    chosen = with_ledger_in(Path("/run/lab-1"), settings)
    assert chosen.ledger_path == Path(path)
    assert (chosen.ledger.mask, chosen.ledger.keep_days) == (True, 7)


@pytest.mark.parametrize(
    ("sections", "key"),
    [
        ({"lab": {"sip": "0.0.0.0:5060"}}, "lab.sip"),
        ({"ari": {"url": "http://192.0.2.1:8088"}}, "ari.url"),
        ({"ari": {"url": "http://127.0.0.1"}}, "ari.url"),
    ],
)
def test_what_is_not_on_loopback_is_refused(sections: dict[str, object], key: str) -> None:
    with pytest.raises(StasisReferError, match=rf"{key}: .* leave it out, or write .*:PORT"):
        lab(**sections)
