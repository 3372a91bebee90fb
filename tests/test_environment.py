from pathlib import Path

import pytest

from stasis_refer.errors import ConfigurationError
from stasis_refer.settings import Settings, load

CONFIGURATION = """
[[applications]]
name = "support"
dialect = "twiml"
url = "https://example.com/voice"

[[applications]]
name = "Sales-2.de"
dialect = "jambonz"
url = "https://example.com/sales"
webhook_secret = "hunter2-in-the-file"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "stasis_refer.toml"
    file.write_text(CONFIGURATION)
    (tmp_path / "secret").write_text("hunter2-secret\n")
    return file


def read(config: Path, monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(f"STASIS_REFER_{name}", value.format(folder=config.parent))
    return load(config)


@pytest.mark.parametrize(
    "variables",
    [
        {
            "APPLICATIONS__SUPPORT__AUTH_TOKEN": "hunter2-secret",
            "APPLICATIONS__SALES_2_DE__WEBHOOK_SECRET": "hunter2-secret",
        },
        {
            "APPLICATIONS__SUPPORT__AUTH_TOKEN_FILE": "{folder}/secret",
            "APPLICATIONS__SALES_2_DE__WEBHOOK_SECRET": "hunter2-secret",
        },
    ],
)
def test_a_secret_of_an_application_may_come_from_the_environment(
    config: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    support, sales = read(config, monkeypatch, **variables).applications
    assert support.auth_token.get_secret_value() == "hunter2-secret"
    assert sales.webhook_secret.get_secret_value() == "hunter2-secret"
    assert (support.url, sales.dialect) == ("https://example.com/voice", "jambonz")


@pytest.mark.parametrize(
    ("variable", "secret"),
    [
        ("ARI__PASSWORD", lambda s: s.ari.password),
        ("CAPTURE__PASSWORD", lambda s: s.capture.password),
        ("HTTP__OPERATOR_TOKEN", lambda s: s.http.operator_token),
    ],
)
def test_a_secret_may_be_in_a_file_that_the_environment_names(
    config: Path, monkeypatch: pytest.MonkeyPatch, variable: str, secret: object
) -> None:
    assert callable(secret)
    settings = read(config, monkeypatch, **{f"{variable}_FILE": "{folder}/secret"})
    assert secret(settings).get_secret_value() == "hunter2-secret"


def test_the_list_of_applications_may_be_json(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = '[{{"name": "x", "dialect": "bxml", "url": "https://x.example/", '
    whole += '"auth_token_file": "{folder}/secret"}}]'
    (only,) = read(config, monkeypatch, APPLICATIONS=whole).applications
    assert only.auth_token.get_secret_value() == "hunter2-secret"


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        (
            {"APPLICATIONS__SUPORT__AUTH_TOKEN": "hunter2"},
            "none of [[applications]] with that name",
        ),
        ({"APPLICATIONS__SUPPORT": "hunter2"}, "write name and key as in"),
        ({"APPLICATIONS__SUPPORT__AUTH_TOKN": "hunter2"}, "applications.0.auth_tokn: is unknown"),
        ({"APPLICATIONS__SALES_2_DE__WEBHOOK_SECRET_FILE": "/etc/hostname"}, "not both"),
    ],
)
def test_a_variable_that_fits_nothing_is_told_without_its_value(
    config: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], told: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read(config, monkeypatch, **variables)
    assert told in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_two_applications_that_the_environment_cannot_tell_apart_are_told(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text(CONFIGURATION.replace('"Sales-2.de"', '"SUPPORT"'))
    with pytest.raises(ConfigurationError, match=r"2 of \[\[applications\]\] with that name"):
        read(config, monkeypatch, APPLICATIONS__SUPPORT__AUTH_TOKEN="hunter2")
