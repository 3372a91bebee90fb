import socket
from collections.abc import AsyncIterator, Iterator

import pytest

from stasis_refer.doctor import examine
from stasis_refer.findings import Finding
from stasis_refer.lab.asterisk import free_udp_port
from stasis_refer.sections import Ari, Capture, Http, Metrics
from stasis_refer.settings import Settings
from stasis_refer.wire.hep import Packet, encode
from tests.fakes.asterisk import Asterisk

INVITE = b"INVITE sip:doctor@127.0.0.1:9 SIP/2.0\r\nCall-ID: d1\r\nCSeq: 1 INVITE\r\n\r\n"


@pytest.fixture
async def asterisk() -> AsyncIterator[Asterisk]:
    async with Asterisk() as asterisk:
        yield asterisk


@pytest.fixture
def hep() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hep:
        yield hep


@pytest.fixture
def port() -> int:
    return free_udp_port()


def settings(asterisk: Asterisk, password: str = "", capture: Capture | None = None) -> Settings:
    return Settings(
        ari=Ari.model_validate({"url": asterisk.url, "password": password or asterisk.password}),
        capture=capture,
    )


def capture(port: int) -> Capture:
    return Capture.model_validate({"listen": f"127.0.0.1:{port}", "password": "hunter2"})


def copy(password: bytes) -> bytes:
    return encode(Packet(INVITE, "d1", password, 1, 1.0, ("127.0.0.1", 5060), ("127.0.0.1", 9)))


def bad(findings: list[Finding]) -> list[str]:
    return [finding.text for finding in findings if not finding.good]


async def test_nothing_is_wrong_with_what_we_ship(
    asterisk: Asterisk, hep: socket.socket, port: int
) -> None:
    asterisk.on_call_out = lambda: hep.sendto(copy(b"hunter2"), ("127.0.0.1", port))
    findings = await examine(settings(asterisk, capture=capture(port)))
    assert bad(findings) == []
    assert [finding.text for finding in findings[:-1]] == [
        f"ARI answers at {asterisk.url}",
        "Asterisk 22.10",
        f"{REFER_SUB}, where an application takes REFERs, makes Asterisk 22.10 crash",
        "all 21 modules run",
        "all 4 dialplan contexts are there",
        "the end of a call tells what became of its transfer",
        "copies of SIP messages arrive",
    ]
    called = next(each for each in asterisk.asked if each.query.get("timeout"))
    assert called.query["endpoint"] == "PJSIP/lab/sip:doctor@127.0.0.1:9"
    assert asterisk.channels == {}


async def test_a_wrong_password_is_found_and_ends_the_examination(asterisk: Asterisk) -> None:
    (finding,) = await examine(settings(asterisk, "wrong"))
    assert not finding.good
    assert finding.text == "ARI refuses user 'stasis_refer' (401)"
    assert "ari.conf" in finding.remedy
    assert "wrong" not in repr(finding)


async def test_an_asterisk_that_is_not_there_is_found(asterisk: Asterisk) -> None:
    await asterisk.crash()
    (finding,) = await examine(settings(asterisk))
    assert not finding.good
    assert finding.text == f"ARI does not answer at {asterisk.url!r} (status 0)"
    assert "http.conf" in finding.remedy


async def test_a_missing_address_is_found() -> None:
    (finding,) = await examine(Settings())
    assert not finding.good
    assert finding.remedy.startswith("set [ari] url")


async def test_a_web_server_that_is_no_asterisk_is_found(asterisk: Asterisk) -> None:
    asterisk.refuse("GET asterisk/info", 404)
    (finding,) = await examine(settings(asterisk))
    assert not finding.good
    assert "(status 404)" in finding.text


@pytest.mark.parametrize(
    ("version", "text", "good", "advised"),
    [
        ("18.24.0", "Asterisk 18.24 is too old", False, True),
        ("20.12.9", "Asterisk 20.12 is too old", False, True),
        ("22.2.0", "Asterisk 22.2 is too old", False, True),
        ("20.13.0", "Asterisk 20.13", True, True),
        ("21.9.0", "Asterisk 21.9", True, True),
        ("22.9.0", "Asterisk 22.9", True, True),
        ("22.10.0", "Asterisk 22.10", True, False),
        ("22.10.1+dfsg+~cs6.17.60671434-1", "Asterisk 22.10", True, False),
        ("24.0.0", "Asterisk 24.0", True, False),
        (
            "GIT-22-4f3c9e1",
            "the version cannot be read: 'GIT-22-4f3c9e1' is no Asterisk version",
            False,
            True,
        ),
    ],
)
async def test_the_version_is_judged(version: str, text: str, *, good: bool, advised: bool) -> None:
    async with Asterisk(version) as asterisk:
        findings = await examine(settings(asterisk))
    assert (findings[1].text, findings[1].good) == (text, good)
    assert bool(findings[1].remedy) == advised


REFER_SUB, HANG_UP = "a REFER with Refer-Sub: false", "a phone that sends a REFER and hangs up"


@pytest.mark.parametrize(
    ("version", "crashes"),
    [
        ("22.2.0", []),  # too old for all of it
        ("22.3.0", [HANG_UP, REFER_SUB]),
        ("20.15.2", [HANG_UP, REFER_SUB]),
        ("21.8.0", [HANG_UP, REFER_SUB]),
        ("22.6.0", [REFER_SUB]),
        ("20.16.0", [REFER_SUB]),
        ("22.10.1", [REFER_SUB]),
        ("23.4.0", [REFER_SUB]),
        ("20.21.0", []),
        ("22.11.0", []),
        ("23.5.0", []),
        ("24.0.0", []),
        ("GIT-22-4f3c9e1", []),
    ],
)
async def test_what_a_phone_s_refer_does_to_a_version_is_told(
    version: str, crashes: list[str]
) -> None:
    async with Asterisk(version) as asterisk:
        findings = await examine(settings(asterisk))
    told = [each for each in findings if each.text.endswith("crash")]
    assert [each.text.partition(",")[0] for each in told] == crashes
    assert all(each.good and "allow_transfer=no" in each.remedy for each in told)


@pytest.mark.parametrize("captures", [False, True])
async def test_modules_that_do_not_run_are_named(asterisk: Asterisk, *, captures: bool) -> None:
    for name in ("app_transfer", "res_hep_pjsip"):
        asterisk.modules.remove(name)
    off = Capture(enabled=captures, listen="192.0.2.1:1", sources=("192.0.2.7",))
    findings = await examine(settings(asterisk, capture=off))
    missing = "app_transfer, res_hep_pjsip" if captures else "app_transfer"
    assert bad(findings)[0] == f"modules that do not run: {missing}"


@pytest.mark.parametrize(
    "missing",
    [
        ["stasis-refer-transfer", "stasis-refer-abort", "stasis-refer-enter"],
        ["stasis-refer-abort"],
    ],
)
async def test_a_dialplan_without_our_contexts_is_found(
    asterisk: Asterisk, missing: list[str]
) -> None:
    asterisk.contexts.difference_update(missing)
    (finding,) = [each for each in await examine(settings(asterisk)) if not each.good]
    assert finding.text == f"dialplan contexts that are not there: {', '.join(missing)}"
    assert '#include "extensions_stasis_refer.conf"' in finding.remedy


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        ((), "TRANSFERSTATUS, TRANSFERSTATUSPROTOCOL, STASIS_REFER_NUMBER"),
        (("TRANSFERSTATUS", "CDR(src)"), "TRANSFERSTATUSPROTOCOL, STASIS_REFER_NUMBER"),
    ],
)
async def test_variables_that_no_event_carries_are_found(
    asterisk: Asterisk, there: tuple[str, ...], missing: str
) -> None:
    asterisk.channelvars = there
    (finding,) = [each for each in await examine(settings(asterisk)) if not each.good]
    assert finding.text == f"the end of a call does not tell {missing}"
    wanted = "channelvars=TRANSFERSTATUS,TRANSFERSTATUSPROTOCOL,STASIS_REFER_NUMBER"
    assert wanted in finding.remedy


@pytest.mark.parametrize("line", ["POST channels/create", "GET events", "func_dialplan"])
async def test_a_dialplan_that_cannot_be_examined_is_told(asterisk: Asterisk, line: str) -> None:
    if line == "func_dialplan":
        asterisk.modules.remove(line)
    asterisk.refuse(line, 403, "Write access denied")
    assert bad(await examine(settings(asterisk))) == ["the dialplan cannot be examined"]
    assert asterisk.channels == {}


async def test_without_capture_it_is_said_what_is_lost(asterisk: Asterisk) -> None:
    findings = await examine(settings(asterisk))
    assert bad(findings) == []
    assert any("outcomes rest on Asterisk alone" in each.text for each in findings)
    assert not [each for each in asterisk.asked if each.query.get("timeout")]


async def test_copies_that_never_arrive_are_found(asterisk: Asterisk, port: int) -> None:
    assert bad(await examine(settings(asterisk, capture=capture(port)))) == [
        "no copy of a SIP message arrives"
    ]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (copy(b"other"), "copies of SIP messages arrive with another password"),
        (b"hello", "what arrives is no HEPv3 copy of SIP: not_hep"),
    ],
)
async def test_copies_that_are_no_good_are_found(
    asterisk: Asterisk, hep: socket.socket, port: int, data: bytes, text: str
) -> None:
    asterisk.on_call_out = lambda: hep.sendto(data, ("127.0.0.1", port))
    (finding,) = [
        each for each in await examine(settings(asterisk, capture=capture(port))) if not each.good
    ]
    assert finding.text == text
    assert finding.remedy
    assert "hunter2" not in repr(finding)


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        ({"capture_id": 1}, ""),
        ({"capture_id": 2}, "copies of SIP messages arrive with another capture id"),
        ({"sources": ("127.0.0.0/8",)}, ""),
        (
            {"sources": ("192.0.2.0/24",)},
            "copies of SIP messages arrive from an address that is not among the sources",
        ),
    ],
)
async def test_copies_that_the_program_would_not_believe_are_found(
    asterisk: Asterisk, hep: socket.socket, port: int, rules: dict[str, object], text: str
) -> None:
    asterisk.on_call_out = lambda: hep.sendto(copy(b"hunter2"), ("127.0.0.1", port))
    strict = capture(port).model_copy(update=rules)
    assert bad(await examine(settings(asterisk, capture=strict))) == ([text] if text else [])


@pytest.mark.parametrize("lacks", ["endpoints", "module"])
async def test_capture_cannot_be_tried_without_an_endpoint(
    asterisk: Asterisk, port: int, lacks: str
) -> None:
    if lacks == "module":
        asterisk.modules.remove("res_ari_endpoints")
    else:
        asterisk.endpoints.clear()
    (text,) = bad(await examine(settings(asterisk, capture=capture(port))))
    assert text.startswith("capture cannot be tried")


@pytest.mark.parametrize(
    ("listed", "text", "good"),
    [
        (("lab", "trunk-a"), "all 2 [metrics] endpoints are there", True),
        (
            ("lab", "Trunk-A", "moon"),
            "[metrics] endpoints that are none of Asterisk's: Trunk-A, moon",
            False,
        ),
    ],
)
async def test_endpoints_of_metrics_that_asterisk_does_not_know_are_found(
    asterisk: Asterisk, listed: tuple[str, ...], text: str, *, good: bool
) -> None:
    asterisk.endpoints.append("trunk-a")
    known = settings(asterisk).model_copy(update={"metrics": Metrics(endpoints=listed)})
    (finding,) = [each for each in await examine(known) if "[metrics]" in each.text]
    assert (finding.text, finding.good, bool(finding.remedy)) == (text, good, not good)


async def test_a_port_that_the_running_program_has_is_no_fault(
    asterisk: Asterisk, hep: socket.socket
) -> None:
    hep.bind(("127.0.0.1", 0))
    findings = await examine(settings(asterisk, capture=capture(hep.getsockname()[1])))
    assert bad(findings) == []
    (finding,) = [each for each in findings if "in use" in each.text]
    assert f"http://{Http().listen}/metrics" in finding.remedy


async def test_an_address_of_another_machine_is_found(asterisk: Asterisk) -> None:
    elsewhere = Capture(listen="192.0.2.1:9060", sources=("192.0.2.7",))
    (text,) = bad(await examine(settings(asterisk, capture=elsewhere)))
    assert text.startswith("capture: cannot listen at 192.0.2.1:9060")


async def test_the_capture_may_listen_on_ipv6(asterisk: Asterisk, port: int) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sending:
        asterisk.on_call_out = lambda: sending.sendto(copy(b""), ("::1", port))
        findings = await examine(settings(asterisk, capture=Capture(listen=f"[::1]:{port}")))
    assert bad(findings) == []
