"""SECURITY.md: each test that it names is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "SECURITY.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.partition("|---|---|---|\n")[2].partition("\n\n")[0].splitlines()
]


def defined_in(path: Path) -> set[str]:
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_threat_has_a_control_and_a_test_that_is_there(row: list[str]) -> None:
    threat, control, named = row
    assert threat
    assert control
    found = re.fullmatch(r"`(tests/[\w/]+\.py)::(test_\w+)`", named)
    assert found is not None, named
    assert found[2] in defined_in(ROOT / found[1])


def test_no_threat_is_there_twice() -> None:
    threats = [row[0] for row in ROWS]
    assert len(threats) > 15
    assert len(set(threats)) == len(threats)
