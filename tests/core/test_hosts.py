"""Hosts of URIs and of rules."""

import pytest

from stasis_refer.core.hosts import BadHost, addresses_in, canonical, fits, plain


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("example.com", "example.com"),
        ("EXAMPLE.com.", "example.com"),
        (".Example.com", ".example.com"),
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        (".B\u00dcCHER.example", ".xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("192.0.2.1", "192.0.2.1/32"),
        ("::1", "::1/128"),
        ("[2001:DB8::]/32", None),
        ("[2001:DB8::1]", "2001:db8::1/128"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:192.0.2.1", "192.0.2.1/32"),
    ],
)
def test_a_rules_host_is_written_in_one_way(text: str, written: str | None) -> None:
    if written is None:
        with pytest.raises(BadHost):
            canonical(text)
    else:
        assert canonical(text) == written
        assert canonical(written) == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a b",
        "*.example.com",
        "example.com:5060",
        "sip:a",
        "a@b",
        "10.0.0.256",
        "a/b",
        "x?y",
    ],
)
def test_what_is_no_host_is_told_with_what_to_write(text: str) -> None:
    with pytest.raises(BadHost, match="write a name as"):
        canonical(text)


@pytest.mark.parametrize("text", ["stra\u00dfe.example", ".fa\u00df.example", "\u03c2.example"])
def test_a_name_that_is_read_in_two_ways_is_to_be_an_a_label(text: str) -> None:
    with pytest.raises(BadHost, match="xn--"):
        canonical(text)


def test_nothing_is_below_an_address() -> None:
    with pytest.raises(BadHost, match="take the dot away"):
        canonical(".10.0.0.1")


def test_a_network_with_the_address_of_a_host_is_refused() -> None:
    with pytest.raises(BadHost, match="network's own address"):
        canonical("10.0.0.1/8")


@pytest.mark.parametrize(
    ("pattern", "host", "does"),
    [
        ("example.com", "example.com", True),
        ("example.com", "example.com.", True),
        ("example.com", "a.example.com", False),
        (".example.com", "a.b.example.com", True),
        (".example.com", "example.com", False),
        (".example.com", "badexample.com", False),
        ("10.0.0.0/8", "10.9.8.7", True),
        ("10.0.0.0/8", "11.0.0.1", False),
        ("10.0.0.0/8", "[::ffff:a01:203]", True),
        ("10.0.0.0/8", "10.example.com", False),
        ("::1", "[::1]", True),
        ("::1", "127.0.0.1", False),
    ],
)
def test_a_host_of_a_uri_fits_that_of_a_rule(pattern: str, host: str, *, does: bool) -> None:
    assert fits(canonical(pattern), plain(host)) is does


@pytest.mark.parametrize(
    ("host", "inside"),
    [
        ("[::10.0.0.1]", {"10.0.0.1"}),
        ("[64:ff9b::a00:1]", {"10.0.0.1"}),
        ("[2002:a00:1::1]", {"10.0.0.1"}),
        ("[2001:0:c000:201::f5ff:fffe]", {"192.0.2.1", "10.0.0.1"}),
        ("[64:ff9b:1::a00:1]", {"10.0.0.1"}),
        ("[64:ff9b:1:fffe::10.0.0.1]", {"10.0.0.1"}),
        ("[::ffff:0:10.0.0.1]", {"10.0.0.1"}),
        ("0.0.0.0", {"127.0.0.1", "::1"}),
        ("[::]", {"127.0.0.1", "::1", "0.0.0.0"}),
        ("[2001:db8::1]", set()),
        ("10.0.0.1", set()),
        ("example.com", set()),
    ],
)
def test_an_address_may_lead_to_another_one(host: str, inside: set[str]) -> None:
    assert set(addresses_in(plain(host))) == inside
