import csv
import json
from io import StringIO

from rich.console import Console

from stasis_refer.transfer_listing import csv_lines, json_line, json_lines, table_of
from tests.transfer_records import BUSY, HOSTILE, LADDER, OPEN

AS_JSON = {
    "id": "c1-2",
    "call": "c1",
    "application": "support",
    "dialect": "twiml",
    "direction": "sent",
    "target": "sip:4001@example.com",
    "group": "default",
    "referred_by": "",
    "caller": "+491234",
    "dialed": "support",
    "began_at": "2025-11-24T16:00:00.000+00:00",
    "accepted_at": "2025-11-24T16:00:00.010+00:00",
    "ringing_at": "2025-11-24T16:00:01.000+00:00",
    "ended_at": "2025-11-24T16:00:04.250+00:00",
    "refer_code": 202,
    "notify_code": 486,
    "outcome": "busy",
    "reason": "final_notify",
    "evidence": "sip",
    "detail": "",
    "rule": "partners",
}


def shown(width: int, *records: object) -> str:
    out = StringIO()
    Console(file=out, width=width, force_terminal=True).print(table_of(records))  # type: ignore[arg-type]
    return out.getvalue()


def test_the_table_tells_what_became_of_each() -> None:
    table = shown(200, BUSY, OPEN)
    for text in (
        "c1-2",
        "2025-11-24 16:00:00",
        "4.2 s",
        "202 / 486",
        "busy",
        "final_notify",
        "partners",
    ):
        assert text in table
    for text in ("c1-1", "under way", "- / -"):
        assert text in table


def test_a_table_in_a_narrow_window_cuts_nothing_off() -> None:
    assert "…" not in shown(60, BUSY, OPEN)


def test_what_others_sent_is_shown_as_it_is() -> None:
    assert "\\x1b[2J[bold]sip:x\\n" in shown(200, HOSTILE)


def test_a_line_is_an_object_in_json() -> None:
    assert json.loads(json_line(BUSY)) == AS_JSON
    assert "\n" not in json_line(HOSTILE)
    assert "\x1b" not in json_line(HOSTILE)


def test_its_ladder_is_there_where_it_is_wanted() -> None:
    found = json.loads(json_line(BUSY, LADDER))
    assert found["ladder"][1] == {
        "at": "2025-11-24T16:00:00.010+00:00",
        "sent": False,
        "first_line": "SIP/2.0 202 Accepted",
        "headers": [["CSeq", "7 REFER"]],
        "body": "",
    }


def test_all_are_one_array() -> None:
    assert json.loads("".join(json_lines([BUSY, OPEN])))[0] == AS_JSON
    assert len(list(json_lines([BUSY, OPEN, HOSTILE]))) == 4
    assert json.loads("".join(json_lines([]))) == []


def test_csv_has_the_same() -> None:
    names, busy, unfinished = csv.reader(StringIO("".join(csv_lines([BUSY, OPEN]))))
    assert dict(zip(names, busy, strict=True)) == {
        name: str(value) for name, value in AS_JSON.items()
    }
    assert dict(zip(names, unfinished, strict=True))["outcome"] == ""


def test_no_spreadsheet_runs_a_cell() -> None:
    names, cells = csv.reader(StringIO("".join(csv_lines([HOSTILE]))))
    found = dict(zip(names, cells, strict=True))
    assert found["referred_by"] == "'=cmd|' /C calc'!A0"
    assert found["target"] == "\\x1b[2J[bold]sip:x\\n"
    assert found["caller"] == "+491234"  # a number, whatever a spreadsheet makes of it
