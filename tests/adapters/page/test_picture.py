from dataclasses import replace

import pytest

from stasis_refer.adapters.page.picture import MOST, picture_of
from stasis_refer.core.outcome import Direction
from stasis_refer.runtime.book import Rung
from tests.transfer_records import AT, BUSY, LADDER


def test_each_message_is_an_arrow_with_time_line_and_code() -> None:
    picture = picture_of(BUSY, LADDER)
    assert [(each.seconds, each.sent, each.line) for each in picture.arrows] == [
        ("0.000 s", True, "REFER sip:caller@127.0.0.1:17001 SIP/2.0"),
        ("0.010 s", False, "SIP/2.0 202 Accepted"),
        ("4.250 s", False, "NOTIFY sip:support@127.0.0.1 SIP/2.0"),
    ]
    refer, accepted, notify = picture.arrows
    assert refer.detail == "Refer-To: <sip:4001@example.com>"
    assert accepted.detail == ""
    assert notify.detail.startswith("SIP/2.0 486 Busy Here · Subscription-State: terminated")
    assert refer.y < accepted.y < notify.y < picture.height
    assert picture.more == 0


@pytest.mark.parametrize(
    ("direction", "far_end"),
    [(Direction.SENT, "transferee"), (Direction.RECEIVED, "transferor")],
)
def test_it_says_what_the_phone_is(direction: Direction, far_end: str) -> None:
    assert picture_of(replace(BUSY, direction=direction), LADDER).far_end == far_end


@pytest.mark.parametrize(
    ("first_line", "body", "kind"),
    [
        ("REFER sip:a@b SIP/2.0", "", "request"),
        ("SIP/2.0 100 Trying", "", "provisional"),
        ("SIP/2.0 202 Accepted", "", "success"),
        ("SIP/2.0 302 Moved", "", "failure"),
        ("SIP/2.0 603", "", "failure"),
        ("SIP/2.0 ²²² x", "", "request"),
        ("SIP/2.0", "", "request"),
        ("", "", "request"),
        ("NOTIFY sip:a@b SIP/2.0", "SIP/2.0 180 Ringing", "provisional"),
        ("NOTIFY sip:a@b SIP/2.0", "SIP/2.0 200 OK", "success"),
        ("NOTIFY sip:a@b SIP/2.0", "SIP/2.0 486 Busy Here", "failure"),
        ("NOTIFY sip:a@b SIP/2.0", "\udcff nonsense", "request"),
    ],
)
def test_it_says_what_a_message_means(first_line: str, body: str, kind: str) -> None:
    (arrow,) = picture_of(BUSY, [Rung(AT, sent=True, first_line=first_line, body=body)]).arrows
    assert arrow.kind == kind


def test_long_text_is_cut_and_what_moves_the_eye_is_written_out() -> None:
    line = "REFER sip:\u202e" + "x" * 500
    headers = (("Refer-To", "y" * 500),)
    (arrow,) = picture_of(BUSY, [Rung(AT, sent=True, first_line=line, headers=headers)]).arrows
    assert arrow.line.startswith("REFER sip:\\u202exxx")
    assert arrow.line.endswith("\u2026")
    assert len(arrow.line) == len(arrow.detail) == 72
    assert arrow.whole.endswith("x")


def test_so_many_messages_are_drawn() -> None:
    rungs = [Rung(AT + each, sent=True, first_line=f"INFO {each}") for each in range(MOST + 2)]
    picture = picture_of(BUSY, rungs)
    assert len(picture.arrows) == MOST == 200
    assert picture.more == 2


def test_who_cannot_see_it_is_told_the_same() -> None:
    summary = picture_of(BUSY, LADDER).summary
    assert "Asterisk at 0.000 s: REFER sip:caller@127.0.0.1:17001 SIP/2.0 (Refer-To: " in summary
    assert "the phone at 4.250 s: NOTIFY" in summary
