import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from stasis_refer.application_settings import ApplicationSettings
from stasis_refer.section import Section, is_open
from stasis_refer.settings import Settings, load

READABLE = Path("/etc/hostname")
"""A file that every user of a machine can read."""

SUPPORT = '[[applications]]\nname = "support"\ndialect = "twiml"\nurl = "https://example.com/"\n'


def sections() -> Iterator[type[BaseModel]]:
    yield ApplicationSettings
    for each in Settings.model_fields.values():
        if isinstance(each.default, Section):
            yield type(each.default)
    yield Settings.model_fields["capture"].annotation.__args__[0]  # type: ignore[union-attr]


def test_whatever_is_called_a_secret_is_kept_as_one() -> None:
    found = set()
    for section in sections():
        assert issubclass(section, Section)
        named = {name for name in section.model_fields if re.search("password|secret|token", name)}
        assert named == set(section.secrets()), section
        found |= named
    assert found == {"password", "operator_token", "auth_token", "webhook_secret"}


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o640, 0o600, 0o400])
def test_a_file_in_a_folder_that_others_cannot_enter_is_not_open(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "secret"
    file.write_text("hunter2")
    file.chmod(mode)
    tmp_path.chmod(0o700)
    assert not is_open(file)


def test_a_file_that_others_can_read_is_open() -> None:
    assert is_open(READABLE)
    assert not is_open(Path("/etc/shadow"))
    assert not is_open(Path("/run/secrets/hostname"))  # a container's: nobody else is in there
    assert not is_open(Path("/nowhere"))


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("[ari]\npassword_file = '{file}'", "ari.password_file"),
        ("[capture]\npassword_file = '{file}'", "capture.password_file"),
        (SUPPORT + "auth_token_file = '{file}'", "applications.0.auth_token_file"),
    ],
)
def test_a_secret_that_others_can_read_is_remarked_on(
    tmp_path: Path, text: str, remark: str
) -> None:
    config = tmp_path / "stasis_refer.toml"
    config.write_text(text.format(file=READABLE))
    remarks = list(load(config).remarks())
    assert f"{remark}: other users of this machine can read {READABLE}: chmod 600 it" in remarks


@pytest.fixture
def public() -> Iterator[Path]:
    """Return a folder that every user of the machine can enter."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.mark.parametrize(
    ("mode", "text", "remarked"),
    [
        (0o644, "[ari]\npassword = 'hunter2'", True),
        (0o644, SUPPORT + "auth_token = 'hunter2'", True),
        (0o600, "[ari]\npassword = 'hunter2'", False),
        (0o640, "[ari]\npassword = 'hunter2'", False),
        (0o644, "[ari]\npassword = ''", False),
        (0o644, "[ari]\nusername = 'hunter2'", False),
        (0o644, f"[ari]\npassword_file = '{READABLE}'", False),
    ],
)
def test_secrets_in_a_configuration_that_others_can_read_are_remarked_on(
    public: Path, mode: int, text: str, *, remarked: bool
) -> None:
    config = public / "stasis_refer.toml"
    config.write_text(text)
    config.chmod(mode)
    assert any("the secrets in it" in each for each in load(config).remarks()) is remarked
