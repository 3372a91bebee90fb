"""What ``check --target`` tells; its page shows it."""

import re
import shlex
from pathlib import Path

import pytest

from stasis_refer.explaining import explain
from stasis_refer.settings import Settings, load

PAGE = (Path(__file__).parents[1] / "docs" / "targets.md").read_text()
SHOWN = re.findall(r"^\$ stasis-refer check (.*)\n((?:[^$`].*\n)+)", PAGE, re.MULTILINE)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "stasis_refer.toml"
    path.write_text(example)
    return load(path)


def test_the_page_shows_some() -> None:
    assert len(SHOWN) >= 3


@pytest.mark.parametrize(("command", "lines"), SHOWN)
def test_it_is_told_as_the_page_shows(settings: Settings, command: str, lines: str) -> None:
    words = shlex.split(command)
    options = dict(zip(words[::2], words[1::2], strict=True))
    told = explain(settings, options["--target"], options["--application"])
    assert list(told.lines) == lines.splitlines()
    assert told.allowed is lines.startswith("allowed")


def test_the_configuration_of_the_page_has_no_rule_in_vain(settings: Settings) -> None:
    assert not [each for each in settings.remarks() if "rules" in each]


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("+49-30-1", "allowed by targets.allow 'tel:+49*', group default"),
        ("49301", "blocked, 403: no rule allows it"),
        ("sip:a@x.desks.example.com", "blocked, 403: no rule allows it"),
        ("sip:a@example.com;maddr=b", "blocked, 403: the parameter maddr leads elsewhere"),
        ("sip:a@example.com?Route=b", "blocked, 400: reserved_header at offset 18"),
        ("PJSIP/agents-7/sip:a@evil.example", "blocked, 400: it is no name of a PJSIP endpoint"),
        ("PJSIP/agents-7&PJSIP/trunk", "blocked, 400: it is no name of a PJSIP endpoint"),
        ("PJSIP/agents-7", "blocked, 403: the application's endpoints do not name"),
        ("alice", "blocked, 400: bad_scheme"),
    ],
)
def test_without_an_application_only_the_rules_of_all_are_tried(
    settings: Settings, target: str, line: str
) -> None:
    (told,) = explain(settings, target).lines
    assert told.startswith(line)
