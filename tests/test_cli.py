import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from typer.testing import CliRunner

from stasis_refer import __version__
from stasis_refer.adapters.ledger import Ledger
from stasis_refer.cli import cli
from stasis_refer.core.application import Callback
from stasis_refer.core.intents import TellKind
from stasis_refer.dialects.dialect import Letter
from stasis_refer.lab.asterisk import free_port
from stasis_refer.runtime.ports import Parcel
from tests.fakes.asterisk import Asterisk
from tests.fakes.customer import Customer, Fault, Reply

COMMANDS = ["run", "lab", "demo", "check", "doctor", "lint", "outbox", "transfers"]

GOOD = """
[targets]
allow = ["sip:*@example.com", "sip:desk@10.0.0.7:5080", "tel:+49*"]

[[applications]]
name = "support"
dialect = "twiml"
url = "https://example.com/voice"
"""

RULES = """
[targets]
allow = ["tel:+49*"]

[[targets.rules]]
name = "no-premium"
action = "deny"
prefixes = ["+49900"]
group = "premium"

[[applications]]
name = "sales"
dialect = "twiml"
url = "https://example.com/voice"
quota = {limit = 100, window = 3600}
endpoints = ["agents-*"]

[[applications.rules]]
name = "desks"
action = "allow"
hosts = [".example"]
quota = {limit = 9, window = 60}
"""

Write = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("STASIS_REFER_"):
            monkeypatch.delenv(name)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def told(*arguments: str | Path) -> tuple[int, str, str]:
    """Run a command; exit code, what it printed, what it printed as error."""
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


@asynccontextmanager
async def program(*arguments: str | Path) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "stasis_refer", *map(str, arguments)), stdout=PIPE, stderr=PIPE
    )
    try:
        async with asyncio.timeout(30):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


# -- usage -----------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [[], *([name] for name in COMMANDS)])
def test_every_command_explains_itself(arguments: list[str]) -> None:
    code, out, _ = told(*arguments, "--help")
    assert code == 0
    assert "Usage" in out
    assert all(name in out for name in ([] if arguments else COMMANDS))


def test_it_tells_its_version() -> None:
    assert told("--version") == (0, f"{__version__}\n", "")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["transfer"],
        ["check", "--targets", "sip:a@b"],
        ["check", "--config"],
        ["lint"],
        ["outbox"],
        ["outbox", "list", "--xml"],
        ["lint", "voice.xml"],
        ["lint", "voice.xml", "--dialect", "vxml"],
        ["lint", "voice.xml", "--dialect", ""],
    ],
)
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    code, out, error = told(*arguments)
    assert code == 2
    assert "Usage" in out + error or "Error" in error


def test_a_dialect_that_is_not_here_is_told_with_those_that_are(write: Write) -> None:
    path = write("voice.xml", "<Response/>")
    code, _, error = told("lint", path, "--dialect", "vxml")
    assert code == 2
    assert "'vxml'" in error
    assert "twiml" in error


# -- check -----------------------------------------------------------------------


def test_a_good_configuration_is_good(write: Write) -> None:
    path = write("c.toml", GOOD)
    assert told("check", "--config", path) == (0, f"{path}: good, 1 applications\n", "")
    assert told("check", "-c", path)[0] == 0


def test_remarks_do_not_make_it_bad(write: Write) -> None:
    path = write("c.toml", "")
    code, out, error = told("check", "--config", path)
    assert (code, out) == (0, f"{path}: good, 0 applications\n")
    assert error.splitlines() == [
        f"{path}: applications: there is none, so every call is refused",
        f"{path}: targets.allow: nothing is allowed, so every transfer is blocked",
    ]


def test_a_bad_configuration_is_1_with_a_line_a_mistake(write: Write) -> None:
    path = write("c.toml", GOOD + "ring_timout = 5\n[log]\nlevel = '[bold]x'\n")
    code, out, error = told("check", "--config", path)
    assert (code, out) == (1, "")
    assert error.splitlines() == [
        f"{path}: log.level: '[bold]x' is unknown: use 'debug', 'info', 'warning' or 'error'",
        f"{path}: applications.0.ring_timout: is unknown: did you mean 'ring_timeout'?",
    ]


def test_a_configuration_that_is_not_there_is_1(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    assert told("check", "--config", path) == (
        1,
        "",
        f"{path}: cannot be read: No such file or directory: name another with --config\n",
    )


@pytest.mark.parametrize(
    ("target", "code", "answer"),
    [
        ("sip:sales@example.com", 0, "allowed by targets.allow 'sip:*@example.com'"),
        ("sips:sales@example.com:5061", 0, "allowed by targets.allow 'sip:*@example.com'"),
        ("sip:desk@10.0.0.7:5080", 0, "allowed by targets.allow 'sip:desk@10.0.0.7:5080'"),
        ("tel:+4930123", 0, "allowed by targets.allow 'tel:+49*'"),
        ("sip:desk@10.0.0.7", 1, "blocked, 403: no rule allows it"),
        ("sip:sales@example.com.evil.test", 1, "blocked, 403: no rule allows it"),
        ("tel:+1555", 1, "blocked, 403: no rule allows it"),
        ("+49-30-123", 0, "allowed by targets.allow 'tel:+49*'"),
        ("0123", 1, "blocked, 403: no rule allows it"),
        ("sales", 1, "blocked, 400: "),
        ("", 1, "blocked, 400: "),
        ("sip:a@example.com:99999", 1, "blocked, 400: "),
        ("sip:a@example.com\r\nX: y", 1, "blocked, 400: "),
        ("sip:a%0d%0ab@example.com", 1, "blocked, 400: "),
    ],
)
def test_check_tells_which_rule_decides(write: Write, target: str, code: int, answer: str) -> None:
    path = write("c.toml", GOOD)
    done, out, _ = told("check", "--config", path, "--target", target, "--application", "support")
    assert done == code
    assert out.startswith(answer)
    assert len(out.splitlines()) == 1


def test_check_knows_the_applications(write: Write) -> None:
    path = write("c.toml", GOOD)
    code, out, error = told(
        "check", "--config", path, "--target", "sip:a@example.com", "--application", "sales"
    )
    assert (code, out) == (2, "")
    assert "'sales' is none of support" in error


def test_check_says_where_the_rule_stands_and_what_it_counts(write: Write) -> None:
    path = write("c.toml", RULES)

    def answer(target: str, *application: str) -> tuple[int, list[str]]:
        code, out, _ = told("check", "-c", path, "--target", target, *application)
        return code, out.splitlines()

    sales = ("--application", "sales")
    denied = "blocked, 403: by targets.rules.0 'no-premium', group premium"
    assert answer("tel:+49-900-1", *sales) == (1, [denied])
    assert answer("sip:a@desk.example", *sales) == (
        0,
        [
            "allowed by applications.0.rules.0 'desks', group desks",
            "quota of the rule: 9 transfers in 60 seconds",
            "quota of the application: 100 transfers in 3600 seconds",
        ],
    )
    assert answer("tel:+49301", *sales) == (
        0,
        [
            "allowed by targets.allow 'tel:+49*', group default",
            "quota of the application: 100 transfers in 3600 seconds",
        ],
    )
    assert answer("sip:a@desk.example") == (1, ["blocked, 403: no rule allows it"])
    assert answer("PJSIP/agents-7", *sales)[1][0] == (
        "allowed by applications 'sales' endpoints, group default"
    )
    assert answer("PJSIP/trunk", *sales)[0] == 1


# -- lint ------------------------------------------------------------------------


def test_a_good_document_is_good(write: Write) -> None:
    path = write("voice.xml", "<Response><Say>[bold]Hi</Say><Hangup/></Response>")
    assert told("lint", path, "--dialect", "twiml") == (0, f"{path}: good, 2 verbs\n", "")


@pytest.mark.parametrize(
    ("dialect", "document"),
    [
        ("rcml", "<Response><Say>Hi</Say><Hangup/></Response>"),
        ("bxml", "<Bxml><SpeakSentence>Hi</SpeakSentence><Hangup/></Bxml>"),
        ("jambonz", '[{"verb": "say", "text": "Hi"}, {"verb": "hangup"}]'),
    ],
)
def test_a_document_is_read_in_its_own_dialect(write: Write, dialect: str, document: str) -> None:
    path = write("voice", document)
    assert told("lint", path, "--dialect", dialect) == (0, f"{path}: good, 2 verbs\n", "")


@pytest.mark.parametrize(
    ("document", "place", "names"),
    [
        ("<Response>\n  <Say>a</Say>\n  <Sing/>\n</Response>", ":3:3: ", "Sing"),
        ("<Response>\n<Say>", ":2:", ""),
        ("hello", ":1:1: ", ""),
        ("", ": ", ""),
        ('<!DOCTYPE a [<!ENTITY b "c">]><Response/>', ":1:", "DOCTYPE"),
    ],
)
def test_what_is_wrong_with_a_document_is_told_with_its_place(
    write: Write, document: str, place: str, names: str
) -> None:
    path = write("voice.xml", document)
    code, out, error = told("lint", path, "--dialect", "twiml")
    assert (code, out) == (1, "")
    assert error.startswith(f"{path}{place}")
    assert names in error
    assert "Line" not in error
    assert "fallback URL" in error


@pytest.mark.parametrize(
    ("dialect", "document", "message"),
    [
        ("rcml", "<Response>\n<Sms/></Response>", ":2:1: the Restcomm verb <Sms> is not"),
        ("bxml", "<Bxml>\n <Refer/></Bxml>", ":2:2: <Refer> holds exactly one <SipUri>"),
        ("jambonz", '[\n {"verb": "sip:refer"}]', ":2:2: $[0]: sip:refer needs the key referTo"),
        (
            "jambonz",
            '[{"sip:refer": {"referTo": "a",\n"actionHook": {"url": 7}}}]',
            ':2:23: $[0]["sip:refer"].actionHook.url: 7: allowed is',
        ),
        ("jambonz", '[{"verb": "enqueue"}]', ":1:2: $[0]: the jambonz verb enqueue is not"),
        ("jambonz", '[{"verb": "say",\n "verb": "say"}]', ":2:2: $[0].verb: the key stands twice"),
        ("jambonz", "[1,]", ":1:3: not JSON; there is no comma before ]"),
    ],
)
def test_what_is_wrong_in_each_dialect_is_told_with_its_place(
    write: Write, dialect: str, document: str, message: str
) -> None:
    path = write("voice", document)
    code, out, error = told("lint", path, "--dialect", dialect)
    assert (code, out) == (1, "")
    assert f"{path}{message}" in error


@pytest.mark.parametrize(
    ("dialect", "document", "message"),
    [
        ("bxml", '<Bxml><Refer>\n<SipUri x="1">sip:a@b.c</SipUri></Refer></Bxml>', ":2:1: warning"),
        ("jambonz", '[{"verb": "hangup",\n "why": 1}]', ":2:9: warning: $[0].why: passed over"),
        (
            "jambonz",
            '[{"verb": "sip:refer", "referTo": "100", "headers": {"Via": "x"}}]',
            ": $[0]: the header Via is not",
        ),
    ],
)
def test_what_would_not_do_in_each_dialect_is_told(
    write: Write, dialect: str, document: str, message: str
) -> None:
    path = write("voice", document)
    _, _, error = told("lint", path, "--dialect", dialect)
    assert f"{path}{message}" in error


def test_what_is_passed_over_is_a_warning(write: Write) -> None:
    path = write("voice.xml", '<Response>\n <Say loudness="11">a</Say>\n</Response>')
    code, out, error = told("lint", path, "--dialect", "twiml")
    assert (code, out) == (0, f"{path}: good, 1 verbs\n")
    assert error.startswith(f"{path}:2:")
    assert "warning: " in error
    assert "loudness" in error


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("", "empty at offset 0"),
        ("hello world", "unquoted_delimiter at offset 5"),
        ("sip:a@b?Route=x", "reserved_header at offset 8"),
        ("sip:a@b:70000", "bad_port at offset 8"),
    ],
)
def test_a_target_that_would_be_blocked_is_1(write: Write, target: str, why: str) -> None:
    path = write("voice.xml", f"<Response><Refer><Sip>{target}</Sip></Refer></Response>")
    code, out, error = told("lint", path, "--dialect", "twiml")
    assert (code, out) == (1, "")
    assert f"{path}: line 1, column 11: target: {why}" in error
    assert "(the transfer would be blocked, 400)" in error


def test_a_document_that_is_not_there_is_1(tmp_path: Path) -> None:
    path = tmp_path / "none.xml"
    assert told("lint", path, "--dialect", "twiml") == (
        1,
        "",
        f"{path}: cannot be read: No such file or directory\n",
    )


# -- outbox ----------------------------------------------------------------------


def with_ledger(tmp_path: Path) -> str:
    return f"{GOOD}[ledger]\nurl = 'sqlite:///{tmp_path}/stasis_refer.db'\n"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger that a program has open."""
    ledger = Ledger(tmp_path / "stasis_refer.db")
    ledger.open()
    yield ledger
    ledger.close()


def undelivered(name: str) -> Parcel:
    letter = Letter(Callback("https://user:pass@example.com/status?key=k3y"), name, {})
    return Parcel("c1", "support", "twiml", TellKind.STATUS, letter, 1_764_000_000.0)


def test_the_outbox_is_listed_while_the_program_runs(
    write: Write, tmp_path: Path, ledger: Ledger
) -> None:
    path = write("c.toml", with_ledger(tmp_path))
    assert told("outbox", "list", "--config", path) == (
        0,
        "nothing is pending, and nothing was given up\n",
        "",
    )
    assert told("outbox", "list", "--config", path, "--json") == (0, "", "")
    ledger.outbox.add(undelivered("0" * 32))
    ledger.outbox.give_up(
        ledger.outbox.add(undelivered("1" * 32)), 295, 1_764_086_400.0, "it broke"
    )
    code, out, error = told("outbox", "list", "--config", path)
    assert (code, error) == (0, "")
    for text in ("1 pending, 1 given up", "0" * 32, "1" * 32, "2025-11-24 16:00:00", "it broke"):
        assert text in out
    assert "https://example.com/status" in out
    assert "pass" not in out
    assert "k3y" not in out


def test_the_outbox_is_listed_as_json_a_line_each(
    write: Write, tmp_path: Path, ledger: Ledger
) -> None:
    for name in "ab":
        ledger.outbox.add(undelivered(name * 32))
    path = write("c.toml", with_ledger(tmp_path))
    code, out, error = told("outbox", "list", "--json", "--config", path)
    assert (code, error) == (0, "")
    first, second = map(json.loads, out.splitlines())
    assert (first["id"], second["id"]) == ("a" * 32, "b" * 32)
    assert first["url"] == "https://example.com/status"
    assert first["tries"] == 0


def test_an_outbox_that_is_not_there_is_1(write: Write, tmp_path: Path) -> None:
    path = write("c.toml", with_ledger(tmp_path))
    code, out, error = told("outbox", "list", "--config", path)
    assert (code, out) == (1, "")
    assert error == (
        f"{path}: ledger.url: {tmp_path}/stasis_refer.db: there is no such file: "
        "the program makes it when it runs\n"
    )
    assert not (tmp_path / "stasis_refer.db").exists()


def test_an_outbox_needs_a_configuration_that_is_good(write: Write) -> None:
    code, _, error = told("outbox", "list", "--config", write("c.toml", "[ledger]\nurl = 'x'"))
    assert code == 1
    assert "ledger.url: names no SQLite file" in error


# -- the program itself ----------------------------------------------------------


async def test_exit_codes_reach_the_shell(write: Write) -> None:
    path = write("c.toml", GOOD)
    table: list[tuple[list[str | Path], int]] = [
        (["check", "--config", path], 0),
        (["check", "--config", path, "--target", "tel:+1"], 1),
        (["check", "--what"], 2),
    ]
    for arguments, code in table:
        async with program(*arguments) as process:
            out, error = await process.communicate()
            assert process.returncode == code
            assert b"Traceback" not in out + error


@pytest.mark.parametrize(
    ("password", "code", "finding"), [("hunter2-ari", 0, "ok "), ("no", 1, "BAD ")]
)
async def test_doctor_tells_each_finding(
    write: Write, password: str, code: int, finding: str
) -> None:
    async with Asterisk() as asterisk:
        path = write("c.toml", f"[ari]\nurl = '{asterisk.url}'\npassword = '{password}'\n")
        async with program("doctor", "--config", path) as process:
            out, error = await process.communicate()
    assert (process.returncode, error) == (code, b"")
    lines = out.decode().splitlines()
    assert lines[0].startswith(finding)
    assert all(line.startswith(("ok ", "BAD ", "    ")) for line in lines)


async def ready(port: int) -> None:
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"http://127.0.0.1:{port}/readyz") as response:
                    if response.ok:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)


def serving(asterisk: Asterisk, port: int, folder: Path) -> str:
    return (
        f"[ari]\nurl = '{asterisk.url}'\npassword = 'hunter2-ari'\n"
        f"[http]\nlisten = '127.0.0.1:{port}'\n{with_ledger(folder)}"
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_run_serves_until_it_is_told_to_stop(
    write: Write, tmp_path: Path, number: signal.Signals
) -> None:
    async with Asterisk() as asterisk:
        port = free_port()
        path = write("c.toml", serving(asterisk, port, tmp_path))
        async with program("run", "-c", path) as process:
            await ready(port)
            process.send_signal(number)
            out, error = await process.communicate()
    assert (process.returncode, out) == (0, b"")
    events = [json.loads(line)["event"] for line in error.decode().splitlines()]
    assert "connected to Asterisk" in events
    assert "draining: no new calls are taken" in events


async def test_what_was_not_told_when_the_program_was_killed_is_told_by_the_next_one(
    write: Write, tmp_path: Path
) -> None:
    async with Asterisk() as asterisk, Customer() as customer:
        port, token = free_port(), "I-Twilio-Idempotency-Token"
        customer.reply("/voice", "<Response><Hangup/></Response>")
        url = customer.reply("/status", Fault.BLACK_HOLE, Reply(status=204))
        text = (
            serving(asterisk, port, tmp_path)
            .replace("https://example.com/voice", customer.url("/voice"))
            .replace("[[applications]]", f"[[applications]]\nstatus_callback = '{url}'")
        )
        path = write("c.toml", f"{text}[webhooks]\nallow_networks = ['127.0.0.0/8']\n")
        async with program("run", "-c", path) as process:
            await ready(port)
            asterisk.call("support")
            first = await customer.received("/status")
            process.kill()
            await process.wait()
        code, out, _ = told("outbox", "list", "--json", "-c", path)
        assert (code, json.loads(out)["id"]) == (0, first.headers[token])
        async with program("run", "-c", path) as process:
            again = await customer.received("/status")
            process.terminate()
            await process.communicate()
    assert again.headers[token] == first.headers[token]
    assert again.form == first.form
    assert told("outbox", "list", "--json", "-c", path) == (0, "", "")


async def test_run_says_which_port_it_cannot_have(write: Write, tmp_path: Path) -> None:
    async with Asterisk() as asterisk:
        path = write("c.toml", serving(asterisk, asterisk.port, tmp_path))
        async with program("run", "--config", path) as process:
            _, error = await process.communicate()
    assert process.returncode == 1
    assert b"cannot listen" in error
    assert str(asterisk.port).encode() in error
    assert b"Traceback" not in error


async def test_run_says_that_it_cannot_have_its_ledger(write: Write, tmp_path: Path) -> None:
    async with Asterisk() as asterisk:
        path = write("c.toml", serving(asterisk, free_port(), tmp_path / "none"))
        async with program("run", "--config", path) as process:
            _, error = await process.communicate()
    assert process.returncode == 1
    text = " ".join(error.decode().split())
    assert f"ledger.url: {tmp_path}/none/stasis_refer.db cannot be used: No such file" in text
    assert "Traceback" not in text


async def test_run_without_an_asterisk_to_connect_to_is_1(write: Write) -> None:
    async with program("run", "--config", write("c.toml", GOOD)) as process:
        async with asyncio.timeout(5):
            _, error = await process.communicate()
    assert process.returncode == 1
    assert b"ari.url" in error
