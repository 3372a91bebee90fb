import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import aiohttp
import pytest

from stasis_refer.lab.asterisk import (
    AsteriskFailed,
    AsteriskMissing,
    AsteriskPlan,
    PrivateAsterisk,
    fill,
    find,
    free_port,
    free_udp_port,
    support_folder,
    write_configuration,
)


def plan_in(folder: Path) -> AsteriskPlan:
    return AsteriskPlan(
        folder=folder,
        sip_port=free_udp_port(),
        http_port=free_port(),
        ari_user="stasis_refer",
        ari_password='hunter2;b"c',
        hep_port=free_udp_port(),
        hep_password="hunter2-hep",
    )


@pytest.fixture
async def asterisk(tmp_path: Path) -> AsyncIterator[PrivateAsterisk]:
    async with PrivateAsterisk(plan_in(tmp_path)) as running:
        yield running


def is_running(pid: int) -> bool:
    """A zombie has ended: only its parent has not looked yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def ended(pid: int) -> bool:
    for _ in range(100):
        if not is_running(pid):
            return True
        await asyncio.sleep(0.05)
    return False


async def endpoints(asterisk: PrivateAsterisk) -> set[str]:
    credentials = aiohttp.encode_basic_auth(asterisk.plan.ari_user, asterisk.plan.ari_password)
    url = f"http://127.0.0.1:{asterisk.plan.http_port}/ari/endpoints/PJSIP"
    async with (
        aiohttp.ClientSession(headers={"Authorization": credentials}) as session,
        session.get(url) as response,
    ):
        return {each["resource"] for each in await response.json()}


async def ari_status(asterisk: PrivateAsterisk, password: str) -> int:
    credentials = aiohttp.encode_basic_auth(asterisk.plan.ari_user, password)
    url = f"http://127.0.0.1:{asterisk.plan.http_port}/ari/applications"
    async with (
        aiohttp.ClientSession(headers={"Authorization": credentials}) as session,
        session.get(url) as response,
    ):
        return response.status


def complaints(asterisk: PrivateAsterisk) -> list[str]:
    lines = asterisk.log.read_text().splitlines()
    return [line for line in lines if "ERROR" in line or "WARNING" in line]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"hep_port": None},
    ],
    ids=["capture", "no capture"],
)
async def test_it_starts_without_a_complaint(tmp_path: Path, changes: dict[str, object]) -> None:
    plan = replace(plan_in(tmp_path), **changes)  # type: ignore[arg-type]
    async with PrivateAsterisk(plan) as asterisk:
        assert complaints(asterisk) == []
    assert "Asterisk Ready" in asterisk.log.read_text()


async def test_further_endpoints_are_there_too(tmp_path: Path) -> None:
    further = tmp_path / "further.conf"
    further.write_text("[desk]\ntype=endpoint\ncontext=stasis-refer\nallow=ulaw\n")
    async with PrivateAsterisk(replace(plan_in(tmp_path), pjsip_extra=further)) as asterisk:
        assert complaints(asterisk) == []
        assert await endpoints(asterisk) == {"anonymous", "desk", "stasis_refer"}


async def test_what_users_include_starts_without_a_complaint(tmp_path: Path) -> None:
    plan = replace(plan_in(tmp_path), ari_user="somebody_else")
    configuration = write_configuration(plan, find())
    for name in ("ari", "hep", "http"):
        included = (support_folder() / "include" / f"{name}_stasis_refer.conf").read_text()
        with (configuration.parent / f"{name}.conf").open("a") as file:
            file.write("\n" + included.replace("8088", str(plan.http_port)))
    pjsip = configuration.parent / "pjsip.conf"
    without_ours = pjsip.read_text().partition("[stasis_refer]")[0]
    included = (support_folder() / "include" / "pjsip_stasis_refer.conf").read_text()
    pjsip.write_text(without_ours + included)
    process = await asyncio.create_subprocess_exec(
        *(*find().command, "-f", "-C", str(configuration)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    heard: list[str] = []
    async with asyncio.timeout(20):
        while "Ready" not in (line := (await process.stdout.readline()).decode()):
            assert line, "".join(heard)
            heard.append(line)
    process.terminate()
    await process.communicate()
    assert [line for line in heard if "ERROR" in line or "WARNING" in line] == []


async def test_only_its_own_password_opens_ari(asterisk: PrivateAsterisk) -> None:
    assert await ari_status(asterisk, asterisk.plan.ari_password) == 200
    assert await ari_status(asterisk, "another") == 401


async def test_it_answers_sip_from_any_loopback_address(asterisk: PrivateAsterisk) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind(("127.0.0.7", 0))
        phone.settimeout(0)
        request = dedent("""\
            OPTIONS sip:support@127.0.0.1 SIP/2.0
            Via: SIP/2.0/UDP 127.0.0.7;rport;branch=z9hG4bK1
            From: <sip:caller@127.0.0.7>;tag=1
            To: <sip:support@127.0.0.1>
            Call-ID: 1
            CSeq: 1 OPTIONS
            Max-Forwards: 70
            Content-Length: 0

            """).replace("\n", "\r\n")
        loop = asyncio.get_running_loop()
        await loop.sock_sendto(phone, request.encode(), ("127.0.0.1", asterisk.plan.sip_port))
        async with asyncio.timeout(2):
            answer = await loop.sock_recv(phone, 4096)
    assert answer.startswith(b"SIP/2.0 200 ")


async def test_two_run_side_by_side(tmp_path: Path, asterisk: PrivateAsterisk) -> None:
    async with PrivateAsterisk(plan_in(tmp_path / "second")) as second:
        assert second.pid != asterisk.pid
        assert await ari_status(second, second.plan.ari_password) == 200
        assert await ari_status(asterisk, asterisk.plan.ari_password) == 200


async def test_stopping_leaves_no_process_and_may_be_repeated(tmp_path: Path) -> None:
    asterisk = PrivateAsterisk(plan_in(tmp_path))
    await asterisk.start()
    assert is_running(asterisk.pid)
    await asterisk.stop()
    await asterisk.stop()
    assert not is_running(asterisk.pid)


async def test_one_that_does_not_react_is_killed(asterisk: PrivateAsterisk) -> None:
    os.kill(asterisk.pid, signal.SIGSTOP)
    await asterisk.stop()
    assert not is_running(asterisk.pid)


async def test_an_interrupt_in_the_terminal_does_not_reach_it(asterisk: PrivateAsterisk) -> None:
    assert os.getsid(asterisk.pid) == asterisk.pid


PARENT = """
import asyncio, sys
from pathlib import Path
from stasis_refer.lab.asterisk import AsteriskPlan, PrivateAsterisk, free_port, free_udp_port

async def main():
    plan = AsteriskPlan(Path(sys.argv[1]), free_udp_port(), free_port(), "user", "password")
    async with PrivateAsterisk(plan) as asterisk:
        print(asterisk.pid, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_it_goes_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    assert is_running(pid)
    parent.kill()
    await parent.communicate()
    assert await ended(pid)


async def test_one_that_ends_at_once_is_told_with_its_log(tmp_path: Path) -> None:
    broken = replace(find(), command=("sh", "-c", "echo a library is missing; exit 3"))
    with pytest.raises(AsteriskFailed, match=r"(?s)ended with 3;.*a library is missing"):
        await PrivateAsterisk(plan_in(tmp_path), broken).start()


async def test_further_endpoints_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    plan = replace(plan_in(tmp_path), pjsip_extra=tmp_path / "missing.conf")
    with pytest.raises(AsteriskFailed, match=r"missing\.conf"):
        await PrivateAsterisk(plan).start()


@pytest.mark.parametrize(
    ("kind", "key"), [(socket.SOCK_DGRAM, "sip_port"), (socket.SOCK_STREAM, "http_port")]
)
async def test_a_taken_port_is_told(tmp_path: Path, kind: socket.SocketKind, key: str) -> None:
    plan = plan_in(tmp_path)
    port = getattr(plan, key)
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", port))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        with pytest.raises(AsteriskFailed, match=f"port {port} .* taken"):
            await PrivateAsterisk(plan).start()


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (None, "make setup"),
        ("binary=/usr/sbin/asterisk\n", "lacks 'modules'"),
        ("binary=/gone\nloader=\nlibraries=\nmodules=/\ndata=/\n", "/gone.* is gone"),
        ("binary=/bin/sh\nloader=/gone\nlibraries=/\nmodules=/\ndata=/\n", "/gone.* is gone"),
    ],
    ids=["no record", "half a record", "no binary", "no loader"],
)
def test_a_missing_asterisk_is_told_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: str | None, message: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if record is not None:
        (tmp_path / "stasis_refer").mkdir()
        (tmp_path / "stasis_refer" / "asterisk.install").write_text(record)
    with pytest.raises(AsteriskMissing, match=message):
        find()


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("port = @PORT@", {"PORT": "5060"}, "port = 5060"),
        ("[@A@]\nb = @B@", {"A": "x", "B": "y"}, "[x]\nb = y"),
        ("password = @P@", {"P": "a;b"}, r"password = a\;b"),
        ("mail = a@b.example", {}, "mail = a@b.example"),
        ("a = @A@", {"A": "@B@"}, "a = @B@"),
    ],
)
def test_a_template_is_filled(template: str, values: dict[str, str], text: str) -> None:
    assert fill(template, values) == text


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "@PASSWORD@"),
        ({"PASSWORD": "a\nb"}, "more than one line"),
        ({"PASSWORD": "a\rb"}, "more than one line"),
        ({"PASSWORD": "a\0b"}, "more than one line"),
    ],
)
def test_a_template_that_cannot_be_filled(values: dict[str, str], message: str) -> None:
    with pytest.raises(AsteriskFailed, match=message):
        fill("password = @PASSWORD@", values)


def test_secrets_in_the_configuration_are_for_their_owner_only(tmp_path: Path) -> None:
    configuration = write_configuration(plan_in(tmp_path), find())
    assert (configuration.parent / "ari.conf").stat().st_mode & 0o077 == 0


def test_a_plan_is_printed_without_its_secrets(tmp_path: Path) -> None:
    plan = replace(plan_in(tmp_path), ari_password="hunter2-planted", hep_password="hunter2-sown")
    assert "planted" not in repr(plan)
    assert "sown" not in repr(plan)


def test_recordings_have_a_folder_of_their_own(tmp_path: Path) -> None:
    write_configuration(plan_in(tmp_path), find())
    assert (tmp_path / "spool" / "recording").is_dir()
