"""The status line in the body of a NOTIFY after REFER."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stasis_refer.wire import sipfrag


@pytest.mark.parametrize(
    ("body", "code"),
    [
        # RFC 3515, 4.1
        (b"SIP/2.0 100 Trying", 100),
        (b"SIP/2.0 200 OK", 200),
        (b"SIP/2.0 503 Service Unavailable", 503),
        # RFC 3420: headers may follow the line
        (b'SIP/2.0 603 Declined\r\nReason: SIP;cause=603\r\nWarning: 399 a "no"\r\n', 603),
        (b"SIP/2.0 180 Ringing\r\n", 180),
        (b"SIP/2.0 180 Ringing\r\n\r\n", 180),
        (b"SIP/2.0 486 Busy Here\n", 486),
        (b"SIP/2.0 200", 200),
        (b"SIP/2.0 200 ", 200),
        (b"SIP/2.0 200\r\n", 200),
        (b"\r\n\r\nSIP/2.0 183 Session Progress\r\n", 183),
        (b"  \tSIP/2.0 404 Not Found", 404),
        (b"sip/2.0 480 Temporarily Unavailable", 480),
        (b"Sip/2.0\t487\tRequest Terminated", 487),
        (b"SIP/2.0   202   Accepted", 202),
        (b"SIP/2.0 200OK", 200),
        (b"SIP/2.0 200 Je suis l\xe0", 200),
        (b"SIP/2.0 699 Last", 699),
    ],
)
def test_the_code_of_a_status_line(body: bytes, code: int) -> None:
    assert sipfrag.status(body) == code


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\r\n\r\n", id="blank lines"),
        pytest.param(b"SIP/2.0", id="version alone"),
        pytest.param(b"SIP/2.0 20", id="truncated in the code"),
        pytest.param(b"SIP/2.0 OK", id="no code"),
        pytest.param(b"SIP/2.0200 OK", id="no space"),
        pytest.param(b"SIP/2.0 2000 OK", id="four digits"),
        pytest.param(b"SIP/2.0 099 Low", id="under 100"),
        pytest.param(b"SIP/2.0 000 Zero", id="zero"),
        pytest.param(b"SIP/2.0 700 High", id="over 699"),
        pytest.param(b"SIP/2.0 -200 OK", id="negative"),
        pytest.param(b"SIP/3.0 200 OK", id="another version"),
        pytest.param(b"SIP/2x0 200 OK", id="no dot"),
        pytest.param(b"HTTP/1.1 200 OK", id="another protocol"),
        pytest.param(b"SIP/2.0\n200 OK", id="code on another line"),
        pytest.param(b"200 OK", id="no version"),
        # RFC 3420 allows these; a REFER's NOTIFY needs the status line (RFC 3515, 2.4.5).
        pytest.param(b"INVITE sip:b@example.com SIP/2.0\r\n", id="a request"),
        pytest.param(b"From: <sip:a@example.com>\r\nSIP/2.0 200 OK", id="headers first"),
        pytest.param("SIP/2.0 \u0662\u0660\u0660 OK".encode(), id="digits of another script"),
        pytest.param(b"\x00SIP/2.0 200 OK", id="NUL first"),
        pytest.param(bytes(range(256)), id="garbage"),
    ],
)
def test_no_readable_status_line(body: bytes) -> None:
    assert sipfrag.status(body) is None


@settings(max_examples=500, deadline=None)
@given(st.binary() | st.binary().map(lambda tail: b"SIP/2.0 " + tail))
def test_arbitrary_bytes_never_raise(body: bytes) -> None:
    code = sipfrag.status(body)
    assert code is None or 100 <= code <= 699


@given(st.integers(0, 9999))
def test_codes_outside_100_to_699_are_none(code: int) -> None:
    expected = code if 100 <= code <= 699 else None
    assert sipfrag.status(b"SIP/2.0 %d Reason" % code) == expected
