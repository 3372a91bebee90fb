"""What Prometheus and Grafana are given to start with: the names and paths in it agree."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from grafana.frame import PAGE
from stasis_refer.sections import Http
from tests.grafana.test_rules import RULES

FOLDER = Path(__file__).parents[2] / "grafana"
PROMETHEUS = FOLDER / "prometheus" / "prometheus.yml"
JOB = "stasis_refer"


def read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text())
    return found


COMPOSE = read(FOLDER / "docker-compose.yml")
SERVICES = COMPOSE["services"]
MOUNTS = {
    service: dict(volume.removesuffix(":ro").split(":") for volume in each["volumes"])
    for service, each in SERVICES.items()
}

_PRIVILEGES = (
    *("image", "user", "read_only", "cap_drop", "security_opt", "pids_limit", "restart"),
    *("tmpfs", "secrets", "healthcheck"),
)


def _settings(service: str) -> set[str]:
    return {f"{name}={value}" for name, value in SERVICES[service].get("environment", {}).items()}


def test_promtool_has_nothing_to_say_about_the_configuration() -> None:
    command = ["promtool", "check", "config", str(PROMETHEUS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(RULES)} rule files found" in done.stdout


def test_the_program_is_scraped_where_it_listens_by_the_name_that_the_rules_use() -> None:
    (job,) = read(PROMETHEUS)["scrape_configs"]
    assert job["job_name"] == JOB
    assert job["static_configs"] == [{"targets": [Http().listen]}]
    used = {name for file in RULES for name in re.findall(r'job="(\w+)"', file.read_text())}
    assert used == {JOB}


def test_grafana_asks_prometheus_as_often_as_there_is_something_new() -> None:
    (source,) = read(FOLDER / "provisioning/datasources/prometheus.yml")["datasources"]
    interval = read(PROMETHEUS)["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == interval


def test_a_dot_in_a_graph_leads_to_its_transfer_on_the_page() -> None:
    (source,) = read(FOLDER / "provisioning/datasources/prometheus.yml")["datasources"]
    (link,) = source["jsonData"]["exemplarTraceIdDestinations"]
    # Grafana takes `$` in these files for a variable of its environment, but not `$$`.
    assert (link["name"], link["url"]) == ("transfer_id", f"{PAGE}/transfers/$${{__value.raw}}")
    assert "--enable-feature=exemplar-storage" in SERVICES["prometheus"]["command"]


def test_grafana_finds_the_dashboards_where_they_are_mounted() -> None:
    (provider,) = read(FOLDER / "provisioning/dashboards/stasis_refer.yml")["providers"]
    assert MOUNTS["grafana"]["./dashboards"] == provider["options"]["path"]


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_mounted_is_there_and_cannot_be_written(service: str) -> None:
    for volume in SERVICES[service]["volumes"]:
        source = volume.partition(":")[0]
        if source.startswith("./"):
            assert (FOLDER / source).exists(), volume
            assert volume.endswith(":ro"), volume
        else:
            assert source in COMPOSE["volumes"]


@pytest.mark.parametrize("service", SERVICES)
def test_images_are_pinned(service: str) -> None:
    assert re.search(r":v?[0-9]+\.[0-9]+\.[0-9]+$", SERVICES[service]["image"])


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_may_do_as_little_as_beside_the_program_in_a_container(service: str) -> None:
    beside = read(FOLDER.parent / "docker-compose.yml")["services"][service]
    for key in _PRIVILEGES:
        assert SERVICES[service].get(key) == beside.get(key), key
    assert not {"privileged", "cap_add", "devices", "pid"} & SERVICES[service].keys()


@pytest.mark.parametrize("service", SERVICES)
def test_it_listens_on_loopback_alone(service: str) -> None:
    told = {*SERVICES[service].get("command", ()), *_settings(service)}
    assert told & {"--web.listen-address=127.0.0.1:9090", "GF_SERVER_HTTP_ADDR=127.0.0.1"}


def test_the_password_of_grafana_is_a_file() -> None:
    assert COMPOSE["secrets"] == {"grafana_password": {"file": "../secrets/grafana_password"}}
    assert SERVICES["grafana"]["secrets"] == ["grafana_password"]
    password = {each for each in _settings("grafana") if "PASSWORD" in each}
    assert password == {"GF_SECURITY_ADMIN_PASSWORD__FILE=/run/secrets/grafana_password"}


def test_a_path_in_the_command_of_prometheus_is_mounted() -> None:
    mounted = MOUNTS["prometheus"].values()
    paths = (part.partition("=")[2] for part in SERVICES["prometheus"]["command"])
    for path in paths:
        if path.startswith("/"):
            assert path in mounted, path
