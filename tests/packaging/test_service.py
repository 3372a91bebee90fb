"""The unit for systemd: what it says agrees with the program."""

import re
from pathlib import Path

import pytest

from stasis_refer.settings import Settings, load

UNIT = Path(__file__).parents[2] / "packaging" / "stasis_refer.service"
SETTINGS = [line for line in UNIT.read_text().splitlines() if re.match("[A-Z]", line)]


def values(name: str) -> list[str]:
    """Return what the unit sets a key to, each time it is there."""
    return [line.partition("=")[2] for line in SETTINGS if line.startswith(f"{name}=")]


def value(name: str) -> str:
    (only,) = values(name)
    return only


def test_it_is_told_of_the_start_and_waits_for_asterisk_without_end() -> None:
    assert (value("Type"), value("TimeoutStartSec")) == ("notify", "infinity")
    assert int(value("WatchdogSec")) > 0


def test_live_calls_may_finish_before_it_is_killed() -> None:
    assert int(value("TimeoutStopSec")) > Settings().drain_timeout


def test_its_secrets_are_files_and_the_program_finds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for credential in values("LoadCredential"):
        name, _, source = credential.partition(":")
        assert source == f"/etc/stasis_refer/secrets/{name}"
        (tmp_path / name).write_text(f"hunter2-{name}\n")
    for variable in values("Environment"):
        name, _, path = variable.partition("=")
        assert name.endswith("_FILE") or "hunter2" not in path
        monkeypatch.setenv(name, path.replace("%d", str(tmp_path)))
    settings = load(None)
    assert settings.capture is not None
    secrets = settings.ari.password, settings.capture.password, settings.http.operator_token
    assert [each.get_secret_value() for each in secrets] == [
        "hunter2-ari",
        "hunter2-hep",
        "hunter2-operator",
    ]
    assert str(settings.ledger_path).startswith(f"/var/lib/{value('StateDirectory')}/")


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("DynamicUser", "yes"),
        ("CapabilityBoundingSet", ""),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("MemoryDenyWriteExecute", "yes"),
        ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX"),
        ("UMask", "0077"),
    ],
)
def test_it_may_do_little_beside_its_work(key: str, wanted: str) -> None:
    assert value(key) == wanted
