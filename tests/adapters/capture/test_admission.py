from dataclasses import replace

import pytest

from stasis_refer.adapters.capture.admission import Admission, CaptureRules
from stasis_refer.wire.hep import Packet, decode, encode
from tests.adapters.capture.copies import PASSWORD, REFER, hep

ASTERISK, STRANGER = ("192.0.2.7", 40_000), ("192.0.2.7", 40_001)
GOOD = hep(REFER)
PACKET = decode(GOOD)  # its capture id is 1
LARGEST = 65_507  # bytes that UDP over IPv4 carries


def judged(data: bytes, rules: CaptureRules, host: str = "192.0.2.7") -> str:
    """Return why a packet is refused, '' where it is believed."""
    found = Admission(rules).judge(data, (host, 40_000), 1.0)
    return "" if isinstance(found, Packet) else found


@pytest.mark.parametrize(
    ("sources", "host", "believed"),
    [
        ((), "192.0.2.7", True),
        (("192.0.2.7",), "192.0.2.7", True),
        (("192.0.2.0/24", "::1"), "192.0.2.7", True),
        (("192.0.2.7",), "::ffff:192.0.2.7", True),
        (("2001:db8::/32",), "2001:db8::5", True),
        (("fe80::/10",), "fe80::1%eth0", True),
        (("192.0.2.8",), "192.0.2.7", False),
        (("192.0.2.0/29",), "192.0.2.8", False),
        (("192.0.2.7",), "2001:db8::5", False),
        (("::1",), "127.0.0.1", False),
    ],
)
def test_sources_are_addresses_and_networks(
    sources: tuple[str, ...], host: str, *, believed: bool
) -> None:
    rules = CaptureRules(PASSWORD, sources)
    assert judged(GOOD, rules, host) == ("" if believed else "unknown_source")


@pytest.mark.parametrize(
    ("wanted", "has", "believed"),
    [
        (None, 1, True),
        (None, None, True),
        (1, 1, True),
        (0, 0, True),
        (1, 2, False),
        (1, None, False),
        (0, None, False),
    ],
)
def test_the_capture_id_counts_where_one_is_wanted(
    wanted: int | None, has: int | None, *, believed: bool
) -> None:
    rules = CaptureRules(PASSWORD, capture_id=wanted)
    data = encode(replace(PACKET, capture_id=has))
    assert judged(data, rules) == ("" if believed else "wrong_capture_id")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HEP3",
        b"HEP3\x00\x06",
        GOOD[:-1],
        GOOD + b"x",
        b"HEP3" + LARGEST.to_bytes(2) + bytes(LARGEST - 6),
        b"x" * LARGEST,
    ],
)
def test_what_is_no_packet_is_malformed(data: bytes) -> None:
    assert judged(data, CaptureRules(PASSWORD)) == "malformed"


def test_the_cheaper_check_comes_first() -> None:
    wrong = replace(PACKET, password=b"x", capture_id=7)
    rules = CaptureRules(PASSWORD, ("192.0.2.7",), capture_id=1, rate=1.0)
    assert judged(encode(wrong), rules, "192.0.2.8") == "unknown_source"
    assert judged(encode(wrong)[:-1], rules) == "malformed"
    assert judged(encode(wrong), rules) == "bad_password"
    assert judged(encode(replace(wrong, password=PASSWORD)), rules) == "wrong_capture_id"
    admission = Admission(rules)
    results = [admission.judge(encode(wrong), ASTERISK, 1.0) for _ in range(2)]
    assert results == ["bad_password", "rate_limited"]


def test_garbage_uses_nothing_up() -> None:
    admission = Admission(CaptureRules(PASSWORD, rate=1.0))
    for _ in range(100):
        assert admission.judge(b"garbage", ASTERISK, 1.0) == "malformed"
    assert admission.judge(GOOD, ASTERISK, 1.0) == PACKET


def test_a_stranger_s_flood_takes_nothing_from_who_knows_the_password() -> None:
    admission = Admission(CaptureRules(PASSWORD, rate=10.0))
    guess = encode(replace(PACKET, password=b"guess"))
    assert admission.judge(GOOD, ASTERISK, 1.0) == PACKET
    results = [admission.judge(guess, STRANGER, 1.0) for _ in range(1000)]
    assert results.count("rate_limited") > 980
    assert [admission.judge(GOOD, ASTERISK, 1.0) for _ in range(10)] == [PACKET] * 10
    assert admission.judge(GOOD, ASTERISK, 1.0) == "rate_limited"
    assert admission.judge(GOOD, ASTERISK, 1.1) == PACKET


def test_the_rules_do_not_show_the_password() -> None:
    assert "s3cret" not in repr(CaptureRules(PASSWORD))
