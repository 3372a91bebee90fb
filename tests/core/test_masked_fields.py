import ast
import traceback
from pathlib import Path

import pytest

from stasis_refer.core import masked_fields

ROOT = Path(__file__).parents[2] / "stasis_refer"
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def calls() -> list[ast.Call]:
    """Return every call of the program that writes a line of the log."""
    return [
        node
        for path in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LEVELS | {"bind"}
        and ast.unparse(node.func.value) in {"_log", "log", "bound"}
    ]


def test_a_message_is_a_constant_sentence() -> None:
    lines = [call for call in calls() if call.func.attr != "bind"]  # type: ignore[attr-defined]
    assert len(lines) > 50
    for call in lines:
        assert [type(each) for each in call.args] == [ast.Constant], ast.unparse(call)


def test_every_field_that_is_called_harmless_is_one() -> None:
    used = {keyword.arg for call in calls() for keyword in call.keywords}
    of_others = {"level", "timestamp", "callable", "caused_by"}
    of_parcels = {"id", "kind"}
    assert used | of_others | of_parcels >= masked_fields.HARMLESS


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("why", "'sip:bob@a' is not allowed", "'sip:b***@a' is not allowed"),
        ("why", "call +4930123456 back", "call +*** back"),
        ("dialed", "4930123456", "4***"),
        ("url", "https://example.com/from/4930123456", "https://example.com/from/4***"),
        ("path", "/channels/1764000000.1/answer", "/channels/1764000000.1/answer"),
        ("whatever", ["sip:bob@a"], "['sip:b***@a']"),
        ("seconds", 120.0, 120.0),
        ("line", 12345, 12345),
        ("notify_code", None, None),
        ("call", "4930123456", "4930123456"),
        ("sip_call_id", "4930123456@127.0.0.1", "4930123456@127.0.0.1"),
        ("error", "ConnectionKey(host='127.0.0.1')", "ConnectionKey(host='127.0.0.1')"),
    ],
)
def test_what_may_name_somebody_is_masked(name: str, value: object, shown: object) -> None:
    assert masked_fields.fields({name: value}) == {name: shown}


def raised() -> str:
    try:
        int("sip:bob@example.com has called 4930123456")
    except ValueError:
        return traceback.format_exc()
    raise AssertionError


def test_of_a_traceback_only_what_the_exception_says_is_masked() -> None:
    *frames, said = raised().splitlines()
    *shown, hidden = masked_fields.traceback(raised()).splitlines()
    assert frames[1:3] == shown[1:3]
    assert 'int("sip:bob@example.com' in shown[2]  # our own source, which anybody may read
    assert said.endswith("'sip:bob@example.com has called 4930123456'")
    assert hidden.endswith(": 's***'")


def test_what_an_exception_says_is_masked_in_each_of_its_lines() -> None:
    text = 'Traceback (most recent call last):\n  File "x.py", line 1, in <module>\nX: sip:bob@a\n'
    assert masked_fields.traceback(text).endswith("in <module>\nX: sip:b***@a\n")
