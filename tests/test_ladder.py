from dataclasses import replace

from stasis_refer.ladder import draw
from tests.transfer_records import BUSY, HOSTILE, LADDER, OPEN

PICTURE = """\
transfer  c1-2
outcome   busy (final_notify, evidence: sip)
REFER     sent, response and last NOTIFY: 202 / 486
target    sip:4001@example.com
rule      partners
call      from +491234 to support
asked by  support (twiml)
began     2025-11-24 16:00:00 UTC, accepted +0.010 s, ringing +1.000 s, ended +4.250 s

          Asterisk                                                phone
   0.000  |-- REFER sip:caller@127.0.0.1:17001 SIP/2.0 ----------->|
          |   Refer-To: <sip:4001@example.com>                     |
   0.010  |<------------------------------- SIP/2.0 202 Accepted --|
   4.250  |<--------------- NOTIFY sip:support@127.0.0.1 SIP/2.0 --|
          |   Subscription-State: terminated;reason=noresource     |
          |   SIP/2.0 486 Busy Here                                |"""


def test_a_transfer_is_drawn_with_its_messages() -> None:
    assert "\n".join(draw(BUSY, LADDER)) == PICTURE


def test_one_without_messages_says_so() -> None:
    lines = list(draw(OPEN, ()))
    assert "outcome   under way" in lines
    assert lines[-1] == "no message of it was captured"


def test_what_is_long_is_divided_and_not_cut_off() -> None:
    headers = (("Refer-To", "<sip:" + "x" * 300 + "@example.com>"),)
    first_line = "NOTIFY sip:" + "y" * 300 + " SIP/2.0"
    rung = replace(LADDER[0], first_line=first_line, headers=headers)
    lines = list(draw(BUSY, (rung,)))
    picture = "".join("".join(line.strip(" |-<>") for line in lines[10:]).split())
    assert "x" * 300 in picture
    assert picture.count("y") == 300
    assert max(map(len, lines[10:])) == min(map(len, lines[10:]))


def test_what_others_sent_moves_no_terminal() -> None:
    rung = replace(
        LADDER[0], first_line="\x1b[2J\r\nX", headers=(("Refer-To", "\x07"),), body="\x9b"
    )
    text = "\n".join(draw(HOSTILE, (rung,)))
    assert text.replace("\n", "").isprintable()
    assert "\\x1b[2J[bold]sip:x\\n" in text
    assert "\\x07" in text
