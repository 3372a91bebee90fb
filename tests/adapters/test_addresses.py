import socket

import pytest

from stasis_refer.adapters.addresses import AllowedNetworks

LISTED = AllowedNetworks(["127.0.0.0/8", "10.1.0.0/16", "fd00:1::/32", "192.0.2.7"])


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        # public
        ("8.8.8.8", True),
        ("193.99.144.80", True),
        ("2a02:2e0:3fe:1001:302::", True),
        ("2606:4700:4700::1111", True),
        # not public
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("172.16.5.4", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("192.0.2.7", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("239.1.2.3", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("fd00:1::1", False),
        ("ff02::1", False),
        ("2001:db8::1", False),
        ("4000::1", False),
        # metadata services and what only some versions of Python know not to be public
        ("169.254.170.2", False),
        ("100.100.100.200", False),
        ("192.0.0.192", False),
        ("192.0.0.9", False),
        ("192.88.99.1", False),
        ("168.63.129.16", False),
        ("168.63.129.17", True),
        ("fd00:ec2::254", False),
        ("2001:0:808:808::f7f7:f7f7", False),
        ("2001:20::1", False),
        ("3fff::1", False),
        ("::ffff:168.63.129.16", False),
        # an IPv4 address inside
        ("::ffff:8.8.8.8", True),
        ("::ffff:127.0.0.1", False),
        ("::ffff:7f00:1", False),
        ("64:ff9b::8.8.8.8", True),
        ("64:ff9b::10.0.0.1", False),
        ("64:ff9b:1::8.8.8.8", False),
        ("2002:808:808::1", True),
        ("2002:a00:1::1", False),
        ("::127.0.0.1", False),
        # no address
        ("127.1", False),
        ("2130706433", False),
        ("0x7f.1", False),
        ("017700000001", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_only_public_addresses_are_allowed_by_themselves(*, address: str, allowed: bool) -> None:
    assert AllowedNetworks([]).allows(address) is allowed


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("8.8.8.8", True),
        ("127.0.0.1", True),
        ("127.255.0.9", True),
        ("10.1.2.3", True),
        ("10.2.2.3", False),
        ("192.0.2.7", True),
        ("192.0.2.8", False),
        ("fd00:1::1", True),
        ("fd00:2::1", False),
        ("::1", False),
        ("::ffff:127.0.0.1", True),
        ("::ffff:10.2.0.1", False),
        ("64:ff9b::10.1.0.1", True),
        ("2002:a02:1::1", False),
        ("127.1", False),
    ],
)
def test_listed_networks_are_allowed_besides(*, address: str, allowed: bool) -> None:
    assert LISTED.allows(address) is allowed


def test_an_ipv6_network_opens_no_ipv4_address_inside_it() -> None:
    assert not AllowedNetworks(["::/0"]).allows("::ffff:10.0.0.1")


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("10.1.2.3/16", "write 10.1.0.0/16"),
        ("fd00::1/8", "write fd00::/8"),
        ("10.1.0.0/33", '"10.1.0.0/16"'),
        ("10.1.*", '"10.1.0.0/16"'),
        ("localhost", '"10.1.0.0/16"'),
        ("", '"10.1.0.0/16"'),
    ],
)
def test_a_network_that_cannot_be_read_is_named_with_a_remedy(written: str, remedy: str) -> None:
    with pytest.raises(ValueError, match="allow_networks") as caught:
        AllowedNetworks(["127.0.0.0/8", written])
    assert repr(written) in str(caught.value)
    assert remedy in str(caught.value)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://example.com/voice", ""),
        ("http://8.8.8.8/", ""),
        ("http://user:secret@10.1.2.3:8080/x?y#z", ""),
        ("http://localhost:3000/", ""),  # 127.0.0.1 is listed
        ("http://0x7f.1/", ""),
        ("http://10.2.0.1/", "the address 10.2.0.1 is not public"),
        ("http://example.com@10.2.0.1/", "the address 10.2.0.1 is not public"),
        ("https://[::1]/", "the address ::1 is not public"),
        ("https://[fe80::1%25eth0]/", "is not public"),
        ("http://0xa.0x2.1/", "the address 10.2.0.1 is not public"),
        ("http://127.1/", "127.1 is no address in full"),
        ("http://2130706433/", "is no address in full"),
        ("http://127.0.0.1./", "is no address in full"),
        ("http://example..com/", "no URL with a host"),
        (f"http://{'a' * 64}.com/", "no URL with a host"),
        ("http://[::1/", "no URL with a host"),
    ],
)
def test_what_is_written_in_a_url_is_judged_before_it_is_requested(url: str, says: str) -> None:
    why = LISTED.why_not(url)
    assert says in why
    assert bool(says) is bool(why)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/",
        "http://LOCALHOST./",
        "http://a.localhost:80/",
        "http://a.localhost./",
        "http://0x7f.1/",
    ],
)
def test_this_machine_is_not_reached_unless_it_is_listed(url: str) -> None:
    assert "127.0.0.1 is not public" in AllowedNetworks([]).why_not(url)


def test_a_socket_is_opened_for_an_allowed_address() -> None:
    info = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", 80))
    with LISTED.open_socket(info) as opened:
        assert opened.family is socket.AF_INET
        assert opened.type is socket.SOCK_STREAM


def test_no_socket_is_opened_for_another_and_the_setting_is_named() -> None:
    info = (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("::1", 80, 0, 0))
    with pytest.raises(PermissionError) as caught:
        LISTED.open_socket(info)
    assert "::1 " in str(caught.value)
    assert "[webhooks] allow_networks" in str(caught.value)
