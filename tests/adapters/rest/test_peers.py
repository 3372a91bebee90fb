import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from stasis_refer.adapters.rest.peers import Peers

PROXY, INNER, CLIENT, LIAR = "10.0.0.1", "10.0.0.2", "192.0.2.7", "198.51.100.9"


def peer(remote: str | None, *forwarded: str, trusted: tuple[str, ...] = ("10.0.0.0/8",)) -> str:
    headers = CIMultiDict([("X-Forwarded-For", each) for each in forwarded])
    made = make_mocked_request("GET", "/", headers=headers)
    made._cache["remote"] = remote  # noqa: SLF001 - as clone() does
    return Peers(trusted).of(made)


@pytest.mark.parametrize(
    ("remote", "forwarded", "found"),
    [
        pytest.param(CLIENT, (), CLIENT, id="no proxy"),
        pytest.param(PROXY, (), PROXY, id="a proxy for itself"),
        pytest.param(PROXY, (CLIENT,), CLIENT, id="one proxy"),
        pytest.param(PROXY, (f"{CLIENT}, {INNER}",), CLIENT, id="two proxies"),
        pytest.param(PROXY, (CLIENT, INNER), CLIENT, id="two header fields"),
        pytest.param(PROXY, (f"{LIAR}, {CLIENT}",), CLIENT, id="somebody makes an address up"),
        pytest.param(PROXY, (f"{INNER}, {CLIENT}",), CLIENT, id="somebody makes a proxy up"),
        pytest.param(CLIENT, (LIAR,), CLIENT, id="somebody who is no proxy makes one up"),
        pytest.param(PROXY, (f"{LIAR}, unknown",), PROXY, id="no address at the end"),
        pytest.param(PROXY, (f"{LIAR},",), PROXY, id="nothing at the end"),
        pytest.param(PROXY, (f"{LIAR}, unknown, {INNER}",), INNER, id="no address in between"),
        pytest.param(PROXY, (f"{CLIENT}:4711",), CLIENT, id="with a port"),
        pytest.param(PROXY, ("[2001:db8::1]:4711",), "2001:db8::/64", id="IPv6 with a port"),
        pytest.param(PROXY, ("2001:db8::1",), "2001:db8::/64", id="IPv6"),
        pytest.param(f"::ffff:{PROXY}", (CLIENT,), CLIENT, id="the proxy's is mapped"),
        pytest.param(PROXY, (INNER,), INNER, id="none but proxies"),
        pytest.param(None, (CLIENT,), "", id="no address at all"),
    ],
)
def test_who_it_comes_from(remote: str | None, forwarded: tuple[str, ...], found: str) -> None:
    assert peer(remote, *forwarded) == found


def test_nobody_is_believed_unless_configured() -> None:
    assert peer(PROXY, CLIENT, trusted=()) == PROXY


def test_a_proxy_may_have_an_address_of_ipv6() -> None:
    assert peer("2001:db8::1", CLIENT, trusted=("2001:db8::/32",)) == CLIENT


@pytest.mark.parametrize(
    ("address", "site"),
    [
        (CLIENT, CLIENT),
        (f"::ffff:{CLIENT}", CLIENT),
        ("2001:db8::1", "2001:db8::/64"),
        (PROXY, ""),
        ("", ""),
    ],
)
def test_who_connects(address: str, site: str) -> None:
    assert Peers((f"{PROXY}/32",)).site(address) == site
