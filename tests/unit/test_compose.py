"""The compose file, as far as can be told without an engine: its parts are there and agree."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bus.installation import Installation
from commands.parts import read_settings
from tests.unit.monitoring.test_alerts import promtool

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
COMPOSE = DEPLOY / "compose"
WHOLE: dict[str, Any] = yaml.safe_load((COMPOSE / "compose.yml").read_text())
SERVICES: dict[str, Any] = WHOLE["services"]
RABBITS = ["rabbit1", "rabbit2", "rabbit3"]


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of secrets as the script makes it."""
    folder = tmp_path_factory.mktemp("compose") / "secrets"
    for _ in range(2):
        done = subprocess.run(  # noqa: S603  the script of this tree
            ["/bin/sh", str(COMPOSE / "secrets.sh"), str(folder)], capture_output=True, text=True, check=True
        )
        assert done.stdout == ""
    return folder


@pytest.fixture(scope="module")
def settings(secrets: Path) -> Installation:
    """The settings of the bus with those secrets."""
    file = secrets.parent / "settings.toml"
    text = (COMPOSE / "settings.toml").read_text().replace("/run/secrets", str(secrets))
    file.write_text(text.replace("/var/lib/lienthong", str(secrets.parent)))
    return read_settings(file)


def binds(service: dict[str, Any]) -> dict[str, Path]:
    """What of the tree a service sees, by the path there."""
    named = [volume.split(":") for volume in service.get("volumes", ())]
    return {parts[1]: COMPOSE / parts[0] for parts in named if parts[0].startswith(".")}


def settings_of(name: str) -> dict[str, Any]:
    """A YAML file beside the compose file."""
    read: dict[str, Any] = yaml.safe_load((COMPOSE / name).read_text())
    return read


def test_everything_that_is_mounted_is_there() -> None:
    """Files of the tree, named volumes, networks, and what one service waits for."""
    for name, service in SERVICES.items():
        assert all(path.exists() for path in binds(service).values()), name
        kept = [volume.split(":")[0] for volume in service.get("volumes", ())]
        assert {volume for volume in kept if not volume.startswith(".")} <= set(WHOLE["volumes"]), name
        assert set(service["networks"]) <= set(WHOLE["networks"]), name
        assert set(service.get("depends_on", ())) <= set(SERVICES), name
    used = {volume.split(":")[0] for each in SERVICES.values() for volume in each.get("volumes", ())}
    assert set(WHOLE["volumes"]) <= used


def test_the_script_makes_each_secret_that_a_service_is_given(secrets: Path) -> None:
    """None is missing, none is left over, no two are the same, and a second run changes nothing."""
    declared = {Path(each["file"]).name for each in WHOLE["secrets"].values()}
    given = {
        each["source"] if isinstance(each, dict) else each
        for service in SERVICES.values()
        for each in service.get("secrets", ())
    }
    made = {file.name: file.read_text() for file in secrets.iterdir()}
    assert set(made) == declared == given
    assert len(set(made.values())) == len(made)
    assert made["broker_conf"] == f"default_pass = {made['broker_password']}\n"
    assert secrets.stat().st_mode & 0o077 == 0


def test_no_secret_stands_in_an_environment() -> None:
    """What `docker inspect` shows to everybody who may ask the engine."""
    for name, service in SERVICES.items():
        words = [key for key in service.get("environment", {}) if re.search("PASS|SECRET|KEY|TOKEN", key)]
        assert all(word.endswith("FILE") for word in words), name


def test_the_bus_finds_its_secrets_its_ledger_and_its_brokers(settings: Installation) -> None:
    """The settings read without a fault; the hosts they name are services."""
    text = (COMPOSE / "settings.toml").read_text()
    assert set(re.findall(r"file:/run/secrets/(\w+)", text)) == set(SERVICES["bus"]["secrets"])
    assert "${" not in text
    assert "@postgres/" in settings.ledger.url
    assert re.findall(r"rabbit\d", str(settings.broker.url)) == RABBITS
    assert SERVICES["postgres"]["environment"]["POSTGRES_USER"] in str(settings.ledger.url)
    assert any(volume.endswith(":/var/lib/lienthong") for volume in SERVICES["bus"]["volumes"])


def test_the_ports_are_those_of_the_settings(settings: Installation) -> None:
    """What is published, what is asked for health, and what Prometheus reads."""
    doors = {name: getattr(settings.listen, name).address for name in ("intake", "console", "metrics")}
    ports = {name: str(address).rpartition(":")[2] for name, address in doors.items()}
    published = {port.rpartition(":")[2] for port in SERVICES["bus"]["ports"]}
    assert published == {ports["intake"], ports["console"]}
    assert f":{ports['metrics']}/health/live" in SERVICES["bus"]["healthcheck"]["test"][-1]
    jobs = {job["job_name"]: job["static_configs"][0]["targets"] for job in scrapes()}
    assert jobs == {
        "lienthong": [f"bus:{ports['metrics']}"],
        "rabbitmq": [f"{rabbit}:15692" for rabbit in RABBITS],
    }
    assert "prometheus.tcp.port = 15692" in (COMPOSE / "rabbitmq.conf").read_text()


def test_nothing_is_published_beyond_this_host() -> None:
    """Who opens a door to a network says so."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def scrapes() -> list[dict[str, Any]]:
    """The jobs of Prometheus here."""
    found: list[dict[str, Any]] = settings_of("prometheus.yml")["scrape_configs"]
    return found


def test_the_jobs_are_those_that_rules_and_dashboards_name() -> None:
    """The same as in the settings for a host without containers."""
    other = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    assert [job["job_name"] for job in scrapes()] == [job["job_name"] for job in other["scrape_configs"]]
    rules = (DEPLOY / "prometheus" / "lienthong.rules.yml").read_text()
    assert set(re.findall(r'job="(\w+)"', rules)) <= {job["job_name"] for job in scrapes()}


def test_prometheus_takes_its_settings_and_finds_the_rules(tmp_path: Path) -> None:
    """As they lie beside each other in its container."""
    for inside, path in binds(SERVICES["prometheus"]).items():
        shutil.copy(path, tmp_path / Path(inside).name)
    done = promtool("check", "config", str(tmp_path / "prometheus.yml"))
    assert done.returncode == 0, done.stdout + done.stderr
    manager = settings_of("prometheus.yml")["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    assert [target.partition(":")[0] for target in manager] == ["alertmanager"]


def test_every_alert_goes_to_somebody() -> None:
    """The receivers are there; the switch and what waits for the morning have routes of their own."""
    told = settings_of("alertmanager.yml")
    names = {receiver["name"] for receiver in told["receivers"]}
    routes = told["route"]["routes"]
    assert {told["route"]["receiver"], *(route["receiver"] for route in routes)} == names
    rules = yaml.safe_load((DEPLOY / "prometheus" / "lienthong.rules.yml").read_text())["groups"]
    used = {rule["labels"]["severity"] for group in rules for rule in group["rules"] if "alert" in rule}
    assert used - {"page"} == {re.findall(r'"(\w+)"', route["matchers"][0])[0] for route in routes}
    hours = {interval["name"] for interval in told["time_intervals"]}
    assert {name for route in routes for name in route.get("active_time_intervals", ())} == hours
    files = {Path(hook["url_file"]).name for each in told["receivers"] for hook in each["webhook_configs"]}
    assert files <= set(SERVICES["alertmanager"]["secrets"])


def test_grafana_finds_prometheus_and_the_dashboards() -> None:
    """The folder of the provider is the one that is mounted; the home dashboard lies in it."""
    source = settings_of("grafana/datasources/prometheus.yml")["datasources"][0]
    assert source["url"] == "http://prometheus:9090"
    path = settings_of("grafana/dashboards/lienthong.yml")["providers"][0]["options"]["path"]
    folder = binds(SERVICES["grafana"])[path]
    home = Path(SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert home.parent == Path(path)
    assert json.loads((folder / home.name).read_text())["uid"] == "lienthong-overview"


def test_the_brokers_know_each_other_and_wait_as_long_as_the_bus_thinks(settings: Installation) -> None:
    """A node is `rabbit@` its host's name; the consumer timeout is the settings'."""
    conf = (COMPOSE / "rabbitmq.conf").read_text()
    assert re.findall(r"nodes\.\d = rabbit@(\w+)", conf) == RABBITS
    assert [name for name in SERVICES if name.startswith("rabbit")] == RABBITS
    assert [SERVICES[name]["hostname"] for name in RABBITS] == RABBITS
    assert f"consumer_timeout = {int(float(settings.broker.consumer_timeout) * 1000)}" in conf
    assert all("/etc/rabbitmq/enabled_plugins" in binds(SERVICES[name]) for name in RABBITS)


def test_the_engine_stops_the_bus_later_than_it_stops_itself(settings: Installation) -> None:
    """Otherwise a call under way would be killed before its outcome is written."""
    assert int(SERVICES["bus"]["stop_grace_period"].rstrip("s")) > float(settings.installation.stop_within)


def test_the_image_is_made_of_what_is_there() -> None:
    """The build's context is the tree; the secrets stay outside of it."""
    build = SERVICES["bus"]["build"]
    context = (COMPOSE / build["context"]).resolve()
    assert (context / "run.py").is_file()
    recipe = (context / build["dockerfile"]).read_text()
    assert "install run" in recipe
    ignored = (context / (build["dockerfile"] + ".dockerignore")).read_text().split()
    assert "deploy/compose/secrets" in ignored
