"""The containers: what docker-compose.yml mounts and names is there, and each may do little."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from stasis_refer.settings import Settings, load

ROOT = Path(__file__).parents[2]
CONTAINER = ROOT / "asterisk" / "container"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ours = pytest.mark.parametrize("name", SERVICES)
built = pytest.mark.parametrize("folder", [ROOT, ROOT / "asterisk"])


@ours
def test_a_service_may_do_little(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"[1-9][0-9]*:[0-9]+", service["user"])
    assert not {"privileged", "cap_add", "devices", "network_mode", "pid"} & service.keys()


@ours
def test_what_is_mounted_is_there_and_only_volumes_are_written(name: str) -> None:
    for mount in SERVICES[name]["volumes"]:
        source = mount.partition(":")[0]
        if source.startswith("./"):
            assert (ROOT / source).exists(), mount
            assert mount.endswith(":ro"), mount
        else:
            assert source in COMPOSE["volumes"], mount


@ours
def test_secrets_are_files_and_in_no_environment(name: str) -> None:
    service = SERVICES[name]
    assert set(service.get("secrets", ())) <= COMPOSE["secrets"].keys()
    for variable, value in service.get("environment", {}).items():
        if re.search("PASSWORD|TOKEN|SECRET", variable):
            assert variable.endswith("_FILE"), variable
            assert Path(value).name in service["secrets"]


@ours
def test_a_service_tells_whether_it_is_well(name: str) -> None:
    folder = {"stasis_refer": ROOT, "asterisk": ROOT / "asterisk"}.get(name)
    if folder:
        assert "HEALTHCHECK" in (folder / "Dockerfile").read_text()
    else:
        assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


def test_neither_ari_nor_hep_nor_metrics_are_published() -> None:
    published = [port for each in SERVICES.values() for port in each.get("ports", ())]
    inside = {port.rpartition(":")[2] for port in published}
    assert inside == {"5060/udp", "10000-10099/udp", "8080", "3000"}
    assert all(port.startswith("127.0.0.1:") for port in published if "udp" not in port)
    assert COMPOSE["networks"]["control"]["internal"] is True


def test_the_secrets_are_those_of_the_configuration_and_never_in_an_image() -> None:
    text = (ROOT / "packaging" / "stasis_refer.toml").read_text()
    named = set(re.findall(r'_file = "/run/secrets/(\w+)"', text))
    assert named == set(SERVICES["stasis_refer"]["secrets"])
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"secrets/{name}"}
    assert "secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    assert "*" in (ROOT / ".dockerignore").read_text().splitlines()


def settings(tmp_path: Path) -> Settings:
    text = (ROOT / "packaging" / "stasis_refer.toml").read_text()
    for name in COMPOSE["secrets"]:
        (tmp_path / name).write_text(f"hunter2-{name}")
    (tmp_path / "c.toml").write_text(text.replace("/run/secrets", str(tmp_path)))
    return load(tmp_path / "c.toml")


def test_addresses_and_ports_agree(tmp_path: Path) -> None:
    configured = settings(tmp_path)
    address = SERVICES["stasis_refer"]["networks"]["control"]["ipv4_address"]
    assert configured.capture is not None
    assert configured.capture.listen == f"{address}:9060"
    assert f"capture_address = {address}:9060" in (CONTAINER / "hep.conf").read_text()
    asterisk = SERVICES["asterisk"]["networks"]["control"]["ipv4_address"]
    assert configured.capture.sources == (asterisk,)
    assert configured.ari.url == "http://asterisk:8088"
    assert "bindport = 8088" in (CONTAINER / "http.conf").read_text()
    rtp = re.findall(r"rtp(?:start|end) = (\d+)", (CONTAINER / "rtp.conf").read_text())
    assert f"{'-'.join(rtp)}:{'-'.join(rtp)}/udp" in SERVICES["asterisk"]["ports"]


def test_it_stops_later_than_calls_may_last() -> None:
    grace = int(SERVICES["stasis_refer"]["stop_grace_period"].removesuffix("s"))
    assert grace > Settings().drain_timeout


def test_prometheus_is_told_the_same_as_beside_a_program_on_the_host() -> None:
    here = yaml.safe_load((ROOT / "packaging" / "prometheus.yml").read_text())
    there = yaml.safe_load((ROOT / "grafana" / "prometheus" / "prometheus.yml").read_text())
    (target,) = here["scrape_configs"][0].pop("static_configs")
    there["scrape_configs"][0].pop("static_configs")
    assert here == there
    assert target == {"targets": ["stasis_refer:8080"]}


@built
def test_an_image_is_pinned_and_run_by_an_ordinary_user(folder: Path) -> None:
    text = (folder / "Dockerfile").read_text()
    assert set(re.findall("(?m)^FROM (\\S+)", text)) <= {"debian:12-slim", "debian:sid-slim"}
    user = re.findall("(?m)^USER (.+)$", text)[-1]
    assert user == SERVICES["stasis_refer" if folder == ROOT else "asterisk"]["user"]
    assert "ADD " not in text


@built
def test_what_is_copied_into_an_image_is_there(folder: Path) -> None:
    text = (folder / "Dockerfile").read_text().replace("\\\n", " ")
    for copied in re.findall("(?m)^COPY (?!--from)(.+)$", text):
        *sources, _ = [word for word in copied.split() if not word.startswith("--")]
        for source in sources:
            assert list(folder.glob(source)), source


def test_the_program_s_health_is_asked_with_python() -> None:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    command = json.loads(re.findall(r"(?s)HEALTHCHECK.*?CMD (\[.*?\])", text)[0])
    assert command[0] == "python"
    compile(command[2], "healthcheck", "exec")


@pytest.mark.parametrize(
    ("secret", "written"),
    [
        ("hunter2'\"$(x)%s\\\n", "password = hunter2'\"$(x)%s\\\n"),
        ("hunter2", "password = hunter2\n"),
        ("hunter2;x", None),
        ("", None),
    ],
)
def test_asterisk_s_passwords_are_put_where_it_includes_them(
    tmp_path: Path, secret: str, written: str | None
) -> None:
    for name in ("secrets", "run"):
        (tmp_path / name).mkdir()
    for name in ("ari_password", "hep_password"):
        (tmp_path / "secrets" / name).write_text(secret)
    script = (CONTAINER / "entrypoint").read_text()
    script = script.replace("/run/secrets", f"{tmp_path}/secrets")
    script = script.replace("/run/asterisk", f"{tmp_path}/run").replace(
        "exec asterisk", "exec true"
    )
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=False)  # noqa: S603
    file = tmp_path / "run" / "ari_password.conf"
    assert (done.returncode == 0) is (written is not None)
    assert "hunter2" not in done.stdout + done.stderr
    if written:
        assert file.read_text() == written
        assert file.stat().st_mode & 0o077 == 0
    for name in ("ari", "hep"):
        assert (
            f'#include "/run/asterisk/{name}_password.conf"'
            in (CONTAINER / f"{name}.conf").read_text()
        )
