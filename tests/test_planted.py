"""Every secret that a test configures has the marker in it that all output is searched for."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harvest import MARKER

TESTS = Path(__file__).parent
CONFIGURED = {"Account", "Application", "AsteriskPlan", "replace", "Ari", "Capture", "Http"}
SECRETS = {
    *("password", "auth_token", "webhook_secret", "operator_token"),
    *("ari_password", "hep_password"),
}
IN_TOML = re.compile(
    r"""(?m)^\W*(?:password|auth_token|webhook_secret|operator_token) = (["'])([^"'{}\n]+)\1"""
)


def planted(source: str) -> Iterator[str]:
    """Yield each secret in a test's source: what is built, and what stands in a file of TOML."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in CONFIGURED:
            for keyword in node.keywords:
                value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
                if keyword.arg in SECRETS and isinstance(value, str):
                    yield value
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (found[2] for found in IN_TOML.finditer(node.value))


@pytest.mark.parametrize(
    ("source", "secrets"),
    [
        ("Application('a', auth_token='x')", ["x"]),
        ("AsteriskPlan(ari_password='x', hep_password='y')", ["x", "y"]),
        ('"""[ari]\npassword = "x"\n"""', ["x"]),
        ("\"[ari]\\npassword = 'x'\"", ["x"]),
        ('"password = \\"{asterisk.password}\\""', []),
        ("SipUri(password='x')", []),
    ],
)
def test_a_secret_would_be_seen(source: str, secrets: list[str]) -> None:
    assert list(planted(source)) == secrets


@pytest.mark.parametrize(
    "path", sorted(TESTS.rglob("*.py")), ids=lambda path: str(path.relative_to(TESTS))
)
def test_every_secret_of_a_test_has_the_marker(path: Path) -> None:
    if path == Path(__file__):
        return
    without = [each for each in planted(path.read_text()) if each and MARKER not in each]
    assert without == []
