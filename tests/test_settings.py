import os
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from stasis_refer.core.application import Callback, Method
from stasis_refer.core.targets import deciding_rule
from stasis_refer.core.uri import parse
from stasis_refer.errors import ConfigurationError
from stasis_refer.settings import Settings, load

WHOLE = """
drain_timeout = 30

[ari]
url = "http://127.0.0.1:8088"
app = "stasis_refer"
username = "stasis_refer"
password = "ari-hunter2"
connection = "inbound"
sip_endpoint = "stasis_refer"
patience = 5

[capture]
enabled = true
listen = "127.0.0.1:9060"
password = "hep-hunter2"
sources = ["127.0.0.1", "::1"]
forward = ["192.0.2.1:9060"]

[http]
listen = "127.0.0.1:8080"
public_url = "http://127.0.0.1:8080"
operator_token = "token-hunter2"

[ledger]
url = "sqlite:///stasis_refer.db"

[targets]
allow = ["sip:*@example.com", "tel:+49*"]

[webhooks]
allow_networks = ["127.0.0.0/8"]

[limits]
max_calls = 5000
max_transfers = 2500

[metrics]
endpoints = ["trunk-a", "trunk-b"]

[log]
level = "debug"
format = "json"

[[applications]]
name = "support"
dialect = "twiml"
url = "https://example.com/voice"
method = "POST"
fallback_url = ""
status_callback = ""
account_sid = "AC1"
auth_token = "twilio-hunter2"
username = ""
password = ""
webhook_secret = ""
cognigy_compat = false
trunk = ""
fallback = ""
no_notify_timeout = 30
ring_timeout = 60
"""

SUPPORT = '[[applications]]\nname = "support"\ndialect = "twiml"\nurl = "https://example.com/"\n'

GOOD = SUPPORT + "[targets]\nallow = ['sip:*@example.com']\n"

Write = Callable[[str], Path]


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("STASIS_REFER_"):
            monkeypatch.delenv(name)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "stasis_refer.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def mistakes(path: Path | None) -> list[str]:
    with pytest.raises(ConfigurationError) as told:
        load(path)
    return str(told.value).replace(f"{path}: ", "").splitlines()


# -- what is read ----------------------------------------------------------------


def test_a_whole_configuration_is_read(write: Write) -> None:
    settings = load(write(WHOLE))
    assert settings.ari.url == "http://127.0.0.1:8088"
    assert settings.ari.password.get_secret_value() == "ari-hunter2"
    assert settings.ari.patience == 5
    assert settings.capture is not None
    assert settings.capture.listen == "127.0.0.1:9060"
    assert settings.capture.sources == ("127.0.0.1", "::1")
    assert settings.capture.forward == ("192.0.2.1:9060",)
    assert settings.webhooks.allow_networks == ("127.0.0.0/8",)
    assert (settings.log.level, settings.log.format) == ("debug", "json")
    assert settings.drain_timeout == 30


def test_the_core_is_told_of_each_application(write: Write) -> None:
    application = load(write(WHOLE)).application_table()["support"]
    assert application.document == Callback("https://example.com/voice", Method.POST)
    assert (application.fallback, application.status_callback) == (None, None)
    assert (application.no_notify_timeout, application.ring_timeout) == (30, 60)
    assert (application.account_sid, application.auth_token) == ("AC1", "twilio-hunter2")
    assert deciding_rule(application.targets, parse("tel:+49301234")) is not None
    assert deciding_rule(application.targets, parse("sip:a@example.org")) is None


def test_further_urls_become_callbacks(write: Write) -> None:
    more = (
        'method = "GET"\nfallback_url = "https://example.com/f"\n'
        'status_callback = "https://example.com/s"\n'
    )
    application = load(write(SUPPORT + more)).application_table()["support"]
    assert application.document.method is Method.GET
    assert application.fallback == Callback("https://example.com/f")
    assert application.status_callback == Callback("https://example.com/s")


def test_passwords_in_urls_are_kept_apart_from_them_and_shown_nowhere(write: Write) -> None:
    urls = {
        name: f"https://bob:hunter{number}@example.com/{name}#rc=2"
        for number, name in enumerate(("url", "fallback_url", "status_callback"))
    }
    lines = "".join(f'{name} = "{url}"\n' for name, url in urls.items())
    settings = load(write(f'[[applications]]\nname = "support"\ndialect = "twiml"\n{lines}'))
    application = settings.application_table()["support"]
    for name, found in zip(
        urls, (application.document, application.fallback, application.status_callback), strict=True
    ):
        assert found == Callback(f"https://example.com/{name}#rc=2")
    assert application.secret_urls == tuple(urls.values())
    assert "hunter" not in f"{settings!r} {application!r}"


def test_the_core_is_told_what_is_called_through_what(write: Write) -> None:
    ways = "trunk = 'provider-1'\nfallback = 'dial'\n[ari]\nsip_endpoint = 'outside'\n"
    application = load(write(SUPPORT + ways)).application_table()["support"]
    assert (application.trunk, application.sip_endpoint) == ("provider-1", "outside")
    assert application.dial_instead
    application = load(write(SUPPORT)).application_table()["support"]
    assert (application.trunk, application.sip_endpoint) == ("", "stasis_refer")
    assert not application.dial_instead


def test_metrics_tell_endpoints_apart_that_are_listed(write: Write) -> None:
    assert load(write(WHOLE)).metrics.endpoints == ("trunk-a", "trunk-b")
    assert load(write("")).metrics.endpoints == ()


@pytest.mark.parametrize("name", ["a", "0", "a" * 80, "a_b.c+d-e"])
def test_an_endpoint_has_the_name_it_has_in_asterisk(write: Write, name: str) -> None:
    application = load(write(SUPPORT + f"trunk = '{name}'")).application_table()["support"]
    assert application.trunk == name


@pytest.mark.parametrize(
    ("http", "base"),
    [
        ("", "http://127.0.0.1:8080"),
        ("listen = '127.0.0.1:9999'", "http://127.0.0.1:9999"),
        ("public_url = 'https://pbx.example.com/calls/'", "https://pbx.example.com/calls"),
    ],
)
def test_the_core_is_told_where_our_web_server_is_reached(
    write: Write, http: str, base: str
) -> None:
    settings = load(write(f"{SUPPORT}[http]\n{http}"))
    assert settings.application_table()["support"].public_url == settings.http.base == base


@pytest.mark.parametrize("text", ["", SUPPORT])
def test_what_is_left_out_has_a_default(write: Write, text: str) -> None:
    settings = load(write(text))
    assert (settings.ari.url, settings.ari.app) == ("", "stasis_refer")
    assert settings.capture is None
    assert settings.drain_timeout == 120
    for application in settings.application_table().values():
        assert (application.no_notify_timeout, application.ring_timeout) == (30, 60)
        assert application.document.method is Method.POST


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", "stasis_refer.db"),
        ("[ledger]\nurl = 'sqlite:///calls/ä b.db'", "calls/ä b.db"),
        ("[ledger]\nurl = 'sqlite:////var/lib/calls.db'", "/var/lib/calls.db"),
        ("[ledger]\nurl = 'sqlite:///a%20b.db'", "a%20b.db"),
    ],
)
def test_the_ledger_is_a_file_beside_the_configuration(write: Write, text: str, path: str) -> None:
    file = write(text)
    assert load(file).ledger_path == file.parent / path


def test_transfers_are_kept_for_a_while_and_as_they_are(write: Write) -> None:
    ledger = load(write("")).ledger
    assert (ledger.keep_days, ledger.max_megabytes, ledger.mask) == (90, 1024, False)
    text = "[ledger]\nkeep_days = 0.5\nmax_megabytes = 10\nmask = true"
    ledger = load(write(text)).ledger
    assert (ledger.keep_days, ledger.max_megabytes, ledger.mask) == (0.5, 10, True)


def test_without_a_file_the_ledger_is_where_the_program_was_started() -> None:
    assert load(None).ledger_path == Path("stasis_refer.db")


def test_no_file_is_a_configuration_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STASIS_REFER_ARI__URL", "http://127.0.0.1:1")
    assert load(None).ari.url == "http://127.0.0.1:1"


# -- environment and secrets -----------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("ARI__PASSWORD", "other", lambda s: s.ari.password.get_secret_value() == "other"),
        ("LOG__LEVEL", "error", lambda s: s.log.level == "error"),
        ("DRAIN_TIMEOUT", "7", lambda s: s.drain_timeout == 7),
        ("CAPTURE__ENABLED", "false", lambda s: s.capture.enabled is False),
        ("TARGETS__ALLOW", '["tel:+1*"]', lambda s: s.targets.allow == ("tel:+1*",)),
        ("APPLICATIONS", "[]", lambda s: s.applications == ()),
    ],
)
def test_the_environment_wins_over_the_file(
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    read: Callable[[Settings], bool],
) -> None:
    monkeypatch.setenv(f"STASIS_REFER_{name}", value)
    settings = load(write(WHOLE))
    assert read(settings)
    assert settings.ari.username == "stasis_refer"  # what it does not name stays the file's


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        (
            "STASIS_REFER_LOG__LEVEL",
            "loud",
            "'loud' is unknown: use 'debug', 'info', 'warning' or 'error'",
        ),
        ("STASIS_REFER_ARI__PASWORD", "hunter2", "is unknown: did you mean 'password'?"),
        (
            "STASIS_REFER_ARI_PASSWORD",
            "hunter2",
            "is unknown: write section and key as in STASIS_REFER_ARI__PASSWORD",
        ),
        ("STASIS_REFER_ARI", "5", "is no section: write its keys below its name in [ ]"),
    ],
)
def test_a_mistake_in_the_environment_is_told_by_its_variable(
    write: Write, monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    assert mistakes(write(WHOLE)) == [f"environment: {name}: {told}"]


def test_a_list_in_the_environment_is_json(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STASIS_REFER_TARGETS__ALLOW", "sip:*@example.com")
    (told,) = mistakes(write(WHOLE))
    assert told.startswith("environment: ")
    assert '"targets"' in told
    assert told.endswith("write it as JSON")


@pytest.mark.parametrize(
    ("section", "key", "secret"),
    [
        ("[ari]\n", "password", lambda s: s.ari.password),
        ("[capture]\n", "password", lambda s: s.capture.password),
        ("[http]\n", "operator_token", lambda s: s.http.operator_token),
        (SUPPORT, "auth_token", lambda s: s.applications[0].auth_token),
        (SUPPORT, "webhook_secret", lambda s: s.applications[0].webhook_secret),
    ],
)
def test_any_secret_may_be_in_a_file(
    write: Write, tmp_path: Path, section: str, key: str, secret: Callable[[Settings], SecretStr]
) -> None:
    file = tmp_path / "secret"
    for content in (b" pass word", b" pass word\n", b" pass word\r\n"):
        file.write_bytes(content)
        settings = load(write(f"{section}{key}_file = '{file}'"))
        assert secret(settings).get_secret_value() == " pass word"


@pytest.mark.parametrize(
    ("content", "more", "told"),
    [
        (None, "", "ari: password_file: {file} cannot be read: No such file or directory: "),
        (b"", "", "ari: password_file: {file} is empty: "),
        (b"\n", "", "ari: password_file: {file} is empty: "),
        (b"\xff\xfe", "", "ari: password_file: {file} is no text: "),
        (b"x", "password = 'hunter2'\n", "ari: give password or password_file, not both"),
    ],
)
def test_a_secret_file_that_cannot_be_used_is_told(
    write: Write, tmp_path: Path, content: bytes | None, more: str, told: str
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    (line,) = mistakes(write(f"[ari]\n{more}password_file = '{file}'"))
    assert line.startswith(told.format(file=file))


def test_only_secrets_may_be_in_files(write: Write) -> None:
    (told,) = mistakes(write("[ari]\nusername_file = '/etc/hostname'"))
    assert told.startswith("ari.username_file: is unknown")


def test_secrets_are_in_no_repr(write: Write) -> None:
    settings = load(write(WHOLE))
    shown = f"{settings!r} {settings} {settings.application_table()!r}"
    for secret in ("ari-hunter2", "hep-hunter2", "token-hunter2", "twilio-hunter2"):
        assert secret not in shown


@pytest.mark.parametrize(
    "text",
    [
        "[ari]\npassword = 'hunter2'\npasword = 1",
        "[ari]\npasword = 'hunter2'",
        "[ari]\npassword = ['hunter2']",
        SUPPORT + "auth_token = {hunter2 = 'hunter2'}",
        SUPPORT + "auth_token = 'hunter2'\n" + SUPPORT,
    ],
)
def test_no_secret_is_in_a_mistake(write: Write, text: str) -> None:
    assert "hunter2" not in "\n".join(mistakes(write(text)))


# -- mistakes --------------------------------------------------------------------

NO_URL = 'is no http or https URL: write it as "https://example.com/voice"'
NO_ADDRESS = 'is no address: write "IP:PORT", as "127.0.0.1:8080"'
NO_PATTERN = "write it like 'sip:*@example.com' or 'tel:+49*'"
NO_NETWORK = "is no network: 127.0.0.1/8 has host bits set; write it as 10.0.0.0/8"
NO_LIST = "is no list: write it in [ ], a list of sections with [[ ]]"
NO_NAME = 'may have letters, digits and any of "_.+-", 64 in all, a letter or digit first'
NO_ENDPOINT = (
    'is no name of a PJSIP endpoint: it may have letters, digits and any of "_.+-",'
    " 80 in all, a letter or digit first"
)
NO_ARI_URL = 'has "/ari" at its end: leave it out, as in "http://127.0.0.1:8088"'
USE_DIALECT = "use 'twiml', 'rcml', 'bxml' or 'jambonz'"
WRITE_LEDGER = (
    'write "sqlite:///stasis_refer.db", or "sqlite:////var/lib/stasis_refer.db" with a full path'
)
ARI_KEYS = "app, connection, password, patience, sip_endpoint, url, username"
SECTIONS = (
    "applications, ari, capture, drain_timeout, http, lab, ledger, limits, log, metrics, targets,"
    " webhooks"
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = ", "is no TOML: Invalid value (at end of document)"),
        ("[foo]", f"foo: is unknown: remove it, or use one of {SECTIONS}"),
        ("[target]", "target: is unknown: did you mean 'targets'?"),
        ("[ari]\npasword = 'x'", "ari.pasword: is unknown: did you mean 'password'?"),
        (
            "[ari]\nx = 1",
            f"ari.x: is unknown: remove it, or use one of {ARI_KEYS}",
        ),
        (
            SUPPORT + "ring_timout = 1",
            "applications.0.ring_timout: is unknown: did you mean 'ring_timeout'?",
        ),
        ("ari = 5", "ari: is no section: write its keys below its name in [ ]"),
        ("[ari]\nurl = 'ftp://x'", f"ari.url: {NO_URL}"),
        ("[ari]\nurl = '127.0.0.1:8088'", f"ari.url: {NO_URL}"),
        ("[ari]\nurl = 'http://'", f"ari.url: {NO_URL}"),
        ("[ari]\nurl = 'http://[::1'", f"ari.url: {NO_URL}"),
        ("[ari]\nurl = 'http://a:99999'", f"ari.url: {NO_URL}"),
        ("[ari]\nurl = 'http://a b'", f"ari.url: {NO_URL}"),
        ("[ari]\napp = 'a b'", f"ari.app: {NO_NAME}"),
        ("[ari]\napp = 'a,b'", f"ari.app: {NO_NAME}"),
        ("[ari]\nusername = 5", "ari.username: is no text: put it in quotes"),
        ("[ari]\nusername = 'a:b'", 'ari.username: has to be a name without ":"'),
        ("[ari]\nusername = ''", 'ari.username: has to be a name without ":"'),
        ("[ari]\npassword = 5", "ari.password: is no text: put it in quotes"),
        ("[ari]\nconnection = 'outbound'", "ari.connection: 'outbound' is unknown: use 'inbound'"),
        ("[capture]\nlisten = '127.0.0.1'", f"capture.listen: {NO_ADDRESS}"),
        ("[capture]\nlisten = '127.0.0.1:99999'", f"capture.listen: {NO_ADDRESS}"),
        ("[capture]\nlisten = '127.0.0.1:x'", f"capture.listen: {NO_ADDRESS}"),
        (
            "[capture]\nlisten = 'localhost:9060'",
            "capture.listen: 'localhost' is no IP address: write one as 127.0.0.1 or ::1",
        ),
        (
            "[capture]\nforward = ['127.0.0.1:1', 'homer:9060']",
            "capture.forward.1: 'homer' is no IP address: write one as 127.0.0.1 or ::1",
        ),
        (
            "[capture]\nsources = ['asterisk']",
            (
                "capture.sources.0: 'asterisk' is neither an address nor a network: write it as"
                " 192.0.2.7 or 10.0.0.0/8"
            ),
        ),
        (
            "[capture]\nsources = ['127.0.0.1', '10.0.0.1/8']",
            (
                "capture.sources.1: '10.0.0.1/8' is neither an address nor a network: write it as"
                " 192.0.2.7 or 10.0.0.0/8"
            ),
        ),
        ("[capture]\ncapture_id = -1", "capture.capture_id: has to be greater than or equal to 0"),
        ("[ari]\npatience = 0", "ari.patience: has to be greater than or equal to 1"),
        ("[capture]\nrate_limit = 0", "capture.rate_limit: has to be greater than or equal to 1"),
        (
            "[capture]\nlisten = '0.0.0.0:9060'",
            (
                "capture: whoever reaches 0.0.0.0:9060 could tell how transfers end: set password"
                " to capture_password of hep.conf and sources to Asterisk's address, or listen at"
                " 127.0.0.1"
            ),
        ),
        (
            "[capture]\nenabled = 'perhaps'",
            "capture.enabled: is neither true nor false: write one of them",
        ),
        ("[http]\npublic_url = 'example.com'", f"http.public_url: {NO_URL}"),
        (
            "[targets]\nallow = ['sip:']",
            f"targets.allow.0: 'sip:' (not a pattern): {NO_PATTERN}",
        ),
        ("[targets]\nallow = 'sip:*@example.com'", f"targets.allow: {NO_LIST}"),
        (
            "[http]\ntrusted_proxies = ['127.0.0.1/8']",
            f"http.trusted_proxies.0: {NO_NETWORK}",
        ),
        (
            "[webhooks]\nallow_networks = ['127.0.0.1/8']",
            f"webhooks.allow_networks.0: {NO_NETWORK}",
        ),
        *(
            (f"[ledger]\nurl = '{url}'", f"ledger.url: {told}: {WRITE_LEDGER}")
            for url, told in (
                ("", "names no SQLite file"),
                ("stasis_refer.db", "names no SQLite file"),
                ("sqlite:stasis_refer.db", "names no SQLite file"),
                ("sqlite://stasis_refer.db", "names no SQLite file"),
                ("sqlite:///", "names no SQLite file"),
                ("sqlite:////var/lib/", "names no SQLite file"),
                ("sqlite:///:memory:", "names no SQLite file"),
                ("sqlite:///a\tb", "names no SQLite file"),
                ("sqlite:///a.db?mode=ro", "has options, and there are none"),
                ("sqlite:///a.db#x", "has options, and there are none"),
                (
                    "postgresql://user:hunter2@db/calls",
                    "'postgresql' is not supported in this version",
                ),
                ("mysql+x://db", "'mysql+x' is not supported in this version"),
            )
        ),
        ("[ledger]\nurl = 5", "ledger.url: is no text: put it in quotes"),
        ("[ledger]\nkeep_days = 0", "ledger.keep_days: has to be greater than 0"),
        (
            "[log]\nlevel = 'loud'",
            "log.level: 'loud' is unknown: use 'debug', 'info', 'warning' or 'error'",
        ),
        *(
            (f"[ari]\nurl = 'http://127.0.0.1:8088/{path}'", f"ari.url: {NO_ARI_URL}")
            for path in ("ari", "ari/", "asterisk/ari")
        ),
        ("drain_timeout = -1", "drain_timeout: has to be greater than or equal to 0"),
        ("drain_timeout = 'soon'", "drain_timeout: is no number: write one"),
        ("applications = 'x'", f"applications: {NO_LIST}"),
        ("[applications]\nname = 'a'", f"applications: {NO_LIST}"),
        (
            "[[applications]]\nname = 'a'\ndialect = 'twiml'",
            "applications.0.url: is missing: add it",
        ),
        (
            "[[applications]]\nname = 'a'\ndialect = 'twiml'\nurl = ''",
            "applications.0.url: is empty: fill it in",
        ),
        (SUPPORT.replace("support", "a/b"), f"applications.0.name: {NO_NAME}"),
        (SUPPORT.replace("support", "-a"), f"applications.0.name: {NO_NAME}"),
        *(
            (SUPPORT + f"trunk = '{name}'", f"applications.0.trunk: {NO_ENDPOINT}")
            for name in ("-a", "a b", "a/b", "a@b", "a,b", "é", "a\\n", "a" * 81)
        ),
        ("[ari]\nsip_endpoint = 'a/b'", f"ari.sip_endpoint: {NO_ENDPOINT}"),
        (
            "[metrics]\nendpoints = ['a', 'PJSIP/b']",
            f"metrics.endpoints.1: {NO_ENDPOINT}",
        ),
        ("[metrics]\nendpoints = ['']", "metrics.endpoints.0: is empty: fill it in"),
        ("[metrics]\nendpoints = 'a'", f"metrics.endpoints: {NO_LIST}"),
        (
            "[metrics]\nendpoints = ['b', 'a', 'b']",
            "metrics.endpoints: b is there more than once: leave it there once",
        ),
        (
            SUPPORT.replace("'support'", "'other'").replace('"support"', '"other"'),
            (
                'applications.0.name: "other" stands in metrics for all that has no name of its'
                " own: call the application something else"
            ),
        ),
        (
            "[metrics]\nendpoints = ['other']",
            (
                'metrics.endpoints.0: "other" stands for all endpoints that are not listed:'
                " leave it out, or call the endpoint something else in pjsip.conf"
            ),
        ),
        (
            "[metrics]\nendpoint = ['a']",
            "metrics.endpoint: is unknown: did you mean 'endpoints'?",
        ),
        ("[ari]\nsip_endpoint = ''", "ari.sip_endpoint: is empty: fill it in"),
        (
            SUPPORT + "fallback = 'call'",
            "applications.0.fallback: 'call' is unknown: use 'dial' or ''",
        ),
        (SUPPORT + SUPPORT, "applications: support is there more than once"),
        (
            SUPPORT + "method = 'PUT'",
            "applications.0.method: 'PUT' is unknown: use 'GET' or 'POST'",
        ),
        (SUPPORT + "fallback_url = '/f'", f"applications.0.fallback_url: {NO_URL}"),
        (
            SUPPORT + "max_calls = 0",
            "applications.0.max_calls: has to be greater than or equal to 1",
        ),
        (
            SUPPORT + "calls_per_second = 0.5",
            "applications.0.calls_per_second: is no whole number: write one",
        ),
        (
            SUPPORT + "max_transfers = 'many'",
            "applications.0.max_transfers: is no whole number: write one",
        ),
        ("[limits]\nmax_calls = []\n" + SUPPORT, "limits.max_calls: is no whole number: write one"),
        (SUPPORT + "ring_timeout = 0", "applications.0.ring_timeout: has to be greater than 0"),
        (
            SUPPORT + "no_notify_timeout = 3601",
            "applications.0.no_notify_timeout: has to be less than or equal to 3600",
        ),
        *(
            (
                SUPPORT.replace("twiml", dialect),
                f"applications.0.dialect: '{dialect}' is unknown: {USE_DIALECT}",
            )
            for dialect in ("vxml", "")
        ),
    ],
)
def test_a_mistake_is_told_with_key_and_remedy(write: Write, text: str, told: str) -> None:
    assert mistakes(write(text)) == [told]


def test_each_mistake_has_a_line_with_the_file(write: Write) -> None:
    path = write("drain_timeout = -1\n[ari]\nurl = 'x'\n[log]\nlevl = 'info'")
    with pytest.raises(ConfigurationError) as told:
        load(path)
    lines = str(told.value).splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{path}: ") for line in lines)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"\xff\xfe", "is no TOML: "),
    ],
)
def test_a_file_that_cannot_be_read_is_told(
    tmp_path: Path, content: bytes | None, told: str
) -> None:
    path = tmp_path / "stasis_refer.toml"
    if content is not None:
        path.write_bytes(content)
    (line,) = mistakes(path)
    assert line.startswith(told)


# -- what is legal and probably not meant ----------------------------------------


@pytest.mark.parametrize(
    ("text", "remarks"),
    [
        (GOOD, set()),
        (
            "",
            {
                "applications: there is none, so every call is refused",
                "targets.allow: nothing is allowed, so every transfer is blocked",
            },
        ),
        (WHOLE, set()),
        (
            "[targets]\nallow = ['sip:*@a']\n[limits]\nmax_calls = 999\nmax_transfers = 499\n"
            + SUPPORT,
            set(),
        ),
        (
            "[targets]\nallow = ['sip:*@a']\n[limits]\nmax_calls = 999\nmax_transfers = 499\n"
            + SUPPORT
            + "max_calls = 1000\nmax_transfers = 500\n",
            {
                "applications.0.max_calls: is above limits.max_calls, so that one holds: 999",
                (
                    "applications.0.max_transfers: is above limits.max_transfers, so that one"
                    " holds: 499"
                ),
            },
        ),
        (
            "[targets]\nallow = ['sip:*@a']\n[http]\nlisten = '[::]:8080'\n" + SUPPORT,
            {
                (
                    "http.operator_token: is empty, and other machines reach http.listen:"
                    " nobody may ask /v1 before it is set"
                ),
                (
                    "applications.0.auth_token: nobody may ask for its calls by REST"
                    " before it and account_sid are set"
                ),
            },
        ),
        (
            (
                "[targets]\nallow = ['sip:*@a']\n[http]\nlisten = '0.0.0.0:80'\n"
                "operator_token = 'hunter2'\n"
                "[[applications]]\nname = 'b'\ndialect = 'bxml'\nurl = 'http://a/'\n"
                "username = 'u'\npassword = 'hunter2'\nauth_token = 'hunter2'\n"
                "[[applications]]\nname = 'j'\ndialect = 'jambonz'\nurl = 'http://a/'\n"
                "auth_token = 'hunter2'\n"
            ),
            {"applications.0.auth_token: has no effect without account_sid"},
        ),
        (
            f"{GOOD}[capture]\nlisten = '[::]:9060'\npassword = 'hunter2'\n",
            {
                (
                    "capture.sources: is empty, and other machines reach capture.listen:"
                    " list Asterisk there"
                ),
            },
        ),
        (
            f"{GOOD}[capture]\nlisten = '192.0.2.1:9060'\nsources = ['192.0.2.7']\n",
            {"capture.password: is empty, and other machines reach capture.listen: set one"},
        ),
        (f"{GOOD}[capture]\nlisten = '0.0.0.0:1'\nenabled = false\n", set()),
        (f"{GOOD}[capture]\nlisten = '[::1]:9060'\n", set()),
        (
            "[targets]\nallow = ['sip:*@a']\n"
            + SUPPORT
            + "trunk = 'x'\nwebhook_secret = 'hunter2'\n",
            {
                "applications.0.webhook_secret: has no effect in twiml",
            },
        ),
    ],
)
def test_what_is_probably_not_meant_is_remarked(write: Write, text: str, remarks: set[str]) -> None:
    assert set(load(write(text)).remarks()) == remarks
