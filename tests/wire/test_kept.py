import pytest

from stasis_refer.core.message import Message
from stasis_refer.wire import sip
from stasis_refer.wire.kept import LONGEST, MOST, kept, unreadable

AT = 1_764_000_000.25  # seconds since 1970


def message(*lines: str, body: str = "") -> sip.Message:
    return sip.parse("\r\n".join((*lines, f"Content-Length: {len(body)}", "", body)).encode())


def test_of_a_refer_the_headers_that_concern_it_are_kept() -> None:
    refer = message(
        "REFER sip:caller@127.0.0.7 SIP/2.0",
        "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1",
        "Max-Forwards: 70",
        "f: <sip:support@127.0.0.1>;tag=1",
        "CSeq: 7 REFER",
        "r: <sip:bob@example.com>",
        "REFERRED-BY: <sip:support@127.0.0.1>",
    )
    assert kept(refer, AT, sent=True) == Message(
        AT,
        sent=True,
        first_line="REFER sip:caller@127.0.0.7 SIP/2.0",
        headers=(
            ("From", "<sip:support@127.0.0.1>;tag=1"),
            ("CSeq", "7 REFER"),
            ("Refer-To", "<sip:bob@example.com>"),
            ("Referred-By", "<sip:support@127.0.0.1>"),
        ),
    )


@pytest.mark.parametrize(
    ("first_line", "body"),
    [
        ("NOTIFY sip:support@127.0.0.1 SIP/2.0", "SIP/2.0 486 Busy Here\r\n"),
        ("BYE sip:support@127.0.0.1 SIP/2.0", ""),
        ("SIP/2.0 202 Accepted", ""),
        ("SIP/2.0 202", ""),
    ],
)
def test_only_of_a_notify_the_body_is_kept(first_line: str, body: str) -> None:
    captured = kept(message(first_line, body="SIP/2.0 486 Busy Here\r\n"), AT, sent=False)
    assert (captured.first_line, captured.body, captured.sent) == (first_line, body, False)


@pytest.mark.parametrize(
    "header",
    [
        'Authorization: Digest username="a", response="b"',
        'Proxy-Authorization: Digest username="a", response="b"',
        'WWW-Authenticate: Digest nonce="a"',
        'Proxy-Authenticate: Digest nonce="a"',
        'Authentication-Info: rspauth="a"',
        "Identity: a",
        "P-Asserted-Identity: <sip:a@b>",
        "X-Account: 7",
        "User-to-User: 00",
    ],
)
def test_credentials_and_what_is_none_of_a_refer_s_are_not_kept(header: str) -> None:
    assert kept(message("SIP/2.0 401 Unauthorized", header), AT, sent=True).headers == ()


def test_what_a_stranger_makes_long_is_cut() -> None:
    long = "x" * 1200
    lines = [f"Contact: <sip:{long}>"] * 50
    first = f"NOTIFY sip:{long} SIP/2.0"
    captured = kept(message(first, *lines, body=long), AT, sent=False)
    assert len(captured.first_line) == len(captured.body) == LONGEST
    assert len(captured.headers) == MOST
    assert all(len(value) == LONGEST for _, value in captured.headers)
    texts = (captured.first_line, captured.body, *(value for _, value in captured.headers))
    assert {text[-1] for text in texts} == {"\u2026"}


def test_what_is_just_as_long_as_may_be_is_whole() -> None:
    captured = kept(message("SIP/2.0 202 OK", f"Contact: {'x' * LONGEST}"), AT, sent=False)
    assert captured.headers == (("Contact", "x" * LONGEST),)


@pytest.mark.parametrize(
    ("data", "first_line"),
    [
        (
            b"NOTIFY sip:a@b SIP/2.0\r\nEvent: refer",
            "NOTIFY sip:a@b SIP/2.0 (cannot be read: truncated)",
        ),
        (b"\xff\0", "\ufffd\ufffd (cannot be read: truncated)"),
        (b"x" * 70_000, "x" * (LONGEST - 1) + "\u2026"),
    ],
)
def test_of_what_is_no_message_the_beginning_is_kept(data: bytes, first_line: str) -> None:
    assert unreadable(data, "truncated", AT) == Message(AT, sent=False, first_line=first_line)


def test_a_nul_is_not_kept() -> None:
    captured = kept(
        message("NOTIFY sip:a\0b SIP/2.0", "Contact: a\0b", body="a\0b"), AT, sent=False
    )
    texts = (captured.first_line, captured.headers[0][1], captured.body)
    assert texts == ("NOTIFY sip:a\ufffdb SIP/2.0", "a\ufffdb", "a\ufffdb")


def test_a_body_that_is_no_text_is_kept_as_far_as_it_is() -> None:
    notify = sip.Request("NOTIFY", "sip:a@b", (), b"SIP/2.0 200 \xff\xfeOK")
    assert kept(notify, AT, sent=False).body == "SIP/2.0 200 \ufffd\ufffdOK"
