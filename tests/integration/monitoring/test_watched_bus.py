"""A running `serve` as Prometheus and whoever looks after it see it: figures true, health three questions."""

import json
import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from deploy.local.errors import ServerUnavailableError
from deploy.local.folder import free_ports
from deploy.local.promtool import find_promtool
from monitoring.metrics.catalogue import ALL
from tests.acceptance.province import province, wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(150)]


def ask(port: int, path: str) -> tuple[int, str]:
    """What the metrics door answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def value(exposition: str, series: str) -> float:
    """The value of a series; -1 where there is none."""
    found = [line.rpartition(" ")[2] for line in exposition.splitlines() if line.startswith(f"{series} ")]
    return float(found[0]) if found else -1.0


def test_a_bus_is_watched_and_a_peer_that_is_away_is_no_reason_to_restart_it(
    tmp_path: Path, amqp_url: str
) -> None:
    """Every metric is told; the heartbeat comes through; the portal away is degraded, live and ready."""
    port = free_ports(1)[0]
    with province(tmp_path, amqp_url) as there:
        with there.settings.open("a", encoding="utf-8") as settings:
            settings.write(f'\n[listen.metrics]\naddress = "127.0.0.1:{port}"\n')
        there.start("serve")
        wait_for(lambda: there.said("serving"), 30, "the bus")
        there.submit(6, seed=7)
        assert there.rests(60)
        wait_for(lambda: value(ask(port, "/metrics")[1], "lienthong_unaccounted") == 0, 30, "the account")
        seen = ask(port, "/metrics")[1]
        told = {line.split()[2] for line in seen.splitlines() if line.startswith("# TYPE lienthong_")}
        assert told == {metric.name for metric in ALL}
        assert value(seen, 'lienthong_heartbeat_timestamp_seconds{connector="onestop"}') > 0
        assert value(seen, "lienthong_dead_letters_heartbeat_timestamp_seconds") > 0
        assert value(seen, "lienthong_elected") == 1
        kept = there.account().messages["kept"]
        said = [
            line
            for line in seen.splitlines()
            if line.startswith("lienthong_messages_kept_total{") and 'outcome="kept"' in line
        ]
        assert sum(float(line.rpartition(" ")[2]) for line in said) == kept
        assert judged(seen) == ""
        there.portal.post("/_sim/switch", {"mode": "dead"})
        there.submit(2, seed=7, after=6)

        def degraded() -> bool:
            return "peer national_portal" in ask(port, "/health")[1]

        wait_for(degraded, 40, "the breaker")
        assert ask(port, "/health/live")[0] == 200
        status, body = ask(port, "/health/ready")
        assert (status, json.loads(body)["status"]) == (200, "ok")
        assert ask(port, "/nothing")[0] == 404


def judged(exposition: str) -> str:
    """What promtool says of it."""
    try:
        command = [find_promtool(), "check", "metrics"]
    except ServerUnavailableError:
        assert os.environ.get("CI") != "true"
        return ""
    done = subprocess.run(command, input=exposition.encode(), capture_output=True, check=False)  # noqa: S603  found above
    return (done.stdout + done.stderr).decode()
