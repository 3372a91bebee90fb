import csv
import json
import os
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stasis_refer.adapters.ledger import Ledger
from stasis_refer.cli import cli
from tests.core.calls import FORBIDDEN, document
from tests.runtime.journaled import CALLER, Journaled, another, completed, referred

COMPLETED, BLOCKED, OPEN = f"{CALLER.key}-1", f"{another(2).key}-1", f"{another(3).key}-1"


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("STASIS_REFER_"):
            monkeypatch.delenv(name)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "stasis_refer.toml"
    path.write_text("[[applications]]\nname = 'a'\ndialect = 'twiml'\nurl = 'https://x/voice'\n")
    return path


@pytest.fixture
def running(config: Path) -> Iterator[Ledger]:
    """A program that runs: one transfer is completed, one blocked, one under way."""
    ledger = Ledger(config.parent / "stasis_refer.db", clock=lambda: 0.0)
    ledger.open()
    Journaled(ledger.tap).happens(*completed(1.0))
    Journaled(ledger.tap, another(2)).happens((1.0, document(FORBIDDEN)))
    Journaled(ledger.tap, another(3)).happens(*referred(2.0))
    yield ledger
    ledger.close()


def told(*arguments: str | Path) -> tuple[int, str, str]:
    """Run a command; exit code, what it printed, what it printed as error."""
    result = CliRunner().invoke(cli, ["transfers", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def listed(config: Path, *arguments: str) -> list[str]:
    code, out, _ = told("list", "--json", "-c", config, *arguments)
    assert code == 0
    return [json.loads(line)["id"] for line in out.splitlines()]


@pytest.mark.usefixtures("running")
def test_transfers_are_listed_while_the_program_runs(config: Path) -> None:
    code, out, error = told("list", "-c", config)
    assert (code, error) == (0, "")
    for text in (COMPLETED, BLOCKED, OPEN, "202 / 200", "under way", "policy"):
        assert text in out


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ((), {COMPLETED, BLOCKED, OPEN}),
        (("--outcome", "blocked"), {BLOCKED}),
        (("--direction", "sent"), {COMPLETED, BLOCKED, OPEN}),
        (("--direction", "received"), set()),
        (("--application", "support"), {COMPLETED, BLOCKED, OPEN}),
        (("--application", "sales"), set()),
        (("--code", "200"), {COMPLETED}),
        (("--code", "403"), {BLOCKED}),
        (("--group", "default"), {COMPLETED, OPEN}),
        (("--open",), {OPEN}),
        (("--ended",), {COMPLETED, BLOCKED}),
        (("--ended", "--group", "default"), {COMPLETED}),
        (("--since", "1h"), {COMPLETED, BLOCKED, OPEN}),
        (("--until", "1h"), set()),
        (("--since", "2020-01-01", "--until", "2020-01-02T12:00:00Z"), set()),
        (("--limit", "1"), {OPEN}),
    ],
)
def test_filters_leave_some(config: Path, arguments: tuple[str, ...], found: set[str]) -> None:
    assert set(listed(config, *arguments)) == found


@pytest.mark.usefixtures("running")
def test_none_is_told(config: Path) -> None:
    assert told("list", "-c", config, "--code", "699") == (0, "no transfer is such\n", "")


@pytest.mark.usefixtures("running")
def test_a_transfer_is_shown_with_its_ladder(config: Path) -> None:
    code, out, error = told("show", COMPLETED, "-c", config)
    assert (code, error) == (0, "")
    lines = [line.strip() for line in out.splitlines()]
    assert "outcome   completed (final_notify, evidence: sip)" in lines
    assert "rule      default" in lines
    assert lines[10].startswith("0.000  |-- REFER sip:a@b SIP/2.0 ---")
    assert lines[11].startswith("0.100  |<---")


@pytest.mark.usefixtures("running")
def test_it_is_shown_as_json_too(config: Path) -> None:
    code, out, _ = told("show", COMPLETED, "--json", "-c", config)
    assert code == 0
    assert json.loads(out)["ladder"][0]["first_line"] == "REFER sip:a@b SIP/2.0"


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize("id_", ["x", "", f"{CALLER.key}-2", f"{CALLER.key}-01", "[bold]\x1b"])
def test_an_id_of_none_is_1(config: Path, id_: str) -> None:
    code, out, error = told("show", "-c", config, "--", id_)
    assert (code, out) == (1, "")
    assert error.startswith(f"no transfer has the id {id_!r}: ")


@pytest.mark.usefixtures("running")
def test_all_are_exported(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stasis_refer.transfers._PAGE", 2)
    code, out, _ = told("export", "-c", config)
    assert code == 0
    assert [each["id"] for each in json.loads(out)] == listed(config)
    code, out, _ = told("export", "--format", "csv", "-c", config)
    assert code == 0
    assert [row["id"] for row in csv.DictReader(StringIO(out))] == listed(config)


@pytest.mark.usefixtures("running")
def test_an_export_has_filters_too(config: Path) -> None:
    _, out, _ = told("export", "-c", config, "--outcome", "blocked", "--limit", "5")
    assert [each["id"] for each in json.loads(out)] == [BLOCKED]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("list", "--outcome", "won"),
        ("list", "--since", "yesterday"),
        ("list", "--code", "99"),
        ("list", "--limit", "0"),
        ("show",),
        ("export", "--format", "xml"),
    ],
)
def test_wrong_usage_is_2(arguments: tuple[str, ...]) -> None:
    assert told(*arguments)[0] == 2


@pytest.mark.parametrize("command", [("list",), ("show", "x-1"), ("export",)])
def test_no_ledger_is_1(config: Path, command: tuple[str, ...]) -> None:
    code, _, error = told(*command, "-c", config)
    assert code == 1
    assert error.startswith(f"{config}: ledger.url: ")
    assert "there is no such file" in error
    assert told(*command, "-c", config.parent / "none.toml")[0] == 1
