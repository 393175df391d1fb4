"""kill -9 of the bus between a document's fetching and its acknowledging: kept once, acknowledged at last.

Real processes: a broker, two simulated axes, `serve`. Two lives end as at a power cut: one with what it
fetched and did not keep, one with what it kept and did not acknowledge. Over both profiles at once.
"""

import os
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from bus.ledger import schema
from bus.ledger.ledger import read_only
from commands.demo_settings import split_broker
from commands.demo_world import Simulator, start_simulator
from commands.kill_points import VARIABLE
from deploy.local.folder import free_ports
from deploy.local.guard import Guarded, guarded_popen
from tests.acceptance.province import ROOT, wait_for

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]
SETTINGS = """\
[installation]
name = "truc"
title = "Thử trục liên thông văn bản"
agency = "H12"
environment = "rehearsal"
data = "."
free_disk = "20 MB"
[ledger]
url = "sqlite:///ledger.db"
[broker]
url = "{broker}"
password = "file:password"
prefix = "truc-{port}"
[listen.intake]
address = "127.0.0.1:{port}"
[files]
public_url = "http://127.0.0.1:{port}/files"
link_keys = {{ truc = "file:links" }}
[connector.ioffice]
type = "ioffice"
serves = ["H12.06"]
mode = "live"
endpoint = "{vxp}"
system_id = "00.00.H12"
secret = "file:secret"
poll_every = "0.2 seconds"
batch = 2
[connector.edoc]
type = "ioffice"
serves = ["H12.07"]
mode = "live"
profile = "soap"
endpoint = "{soap}/edoc"
system_id = "H12.07"
secret = "file:secret"
poll_every = "0.2 seconds"
batch = 2
"""


def installation(folder: Path, broker: str, vxp: Simulator, soap: Simulator) -> Path:
    """Write settings for two connectors to two axes."""
    url, password = split_broker(broker)
    for name, value in {"password": password, "secret": "bi-mat-truc", "links": "0" * 64}.items():
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(value)
    (port,) = free_ports(1)
    path = folder / "settings.toml"
    path.write_text(SETTINGS.format(broker=url, port=port, vxp=vxp.url, soap=soap.url), encoding="utf-8")
    return path


def serve(settings: Path, point: str = "") -> Guarded:
    """Start the bus, with or without a point at which it ends itself."""
    env = {**os.environ, VARIABLE: point} if point else dict(os.environ)
    command = [sys.executable, str(ROOT / "run.py"), "serve", "--settings", str(settings)]
    with (settings.parent / "bus.log").open("ab") as log:
        return guarded_popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=log, grace=20)


def kept(folder: Path) -> list[tuple[str, str]]:
    """Key and state of every message."""

    def rows(tx: Connection) -> list[tuple[str, str]]:
        query = select(schema.message.c.key, schema.message.c.state)
        return [(str(key), str(state)) for key, state in tx.execute(query)]

    return read_only(f"sqlite:///{folder / 'ledger.db'}", rows)


def test_a_bus_that_is_killed_between_fetching_and_acknowledging_keeps_each_document_once(
    tmp_path: Path, amqp_url: str
) -> None:
    """Five documents at each axis, two lives cut short: ten kept, ten acknowledged, none twice."""
    with ExitStack() as stack:
        vxp = start_simulator(stack, "ioffice", tmp_path / "vxp", ["--units", "H12.06"])
        soap = start_simulator(
            stack, "ioffice", tmp_path / "soap", ["--units", "H12.07", "--system", "H12.07"]
        )
        for peer, to in ((vxp, "H12.06"), (soap, "H12.07")):
            peer.post("/_sim/documents", {"to": to, "count": 5})
        settings = installation(tmp_path, amqp_url, vxp, soap)

        def packets() -> Counter[str]:
            counted = [Counter(peer.get("/_sim/state")["packets"]) for peer in (vxp, soap)]
            return counted[0] + counted[1]

        for point, is_kept in (("before page:1", False), ("after page:2", True)):
            process = serve(settings, point)
            stack.callback(process.stop)
            assert process.wait(90) == -9, point
            assert bool(kept(tmp_path)) is is_kept
            assert packets()["edoc done"] < max(1, len(kept(tmp_path))), "kept and not yet acknowledged"
        process = serve(settings)
        stack.callback(process.stop)
        wait_for(lambda: set(packets()) == {"edoc done"}, 90, "all is acknowledged")
        assert process.stop() == 0
        messages = kept(tmp_path)
        assert len(messages) == len({key for key, _ in messages}) == 10
        assert {state for _, state in messages} == {"unmatched"}
        for peer in (vxp, soap):
            assert peer.effects()["refused"] == 0
        assert (tmp_path / "bus.log").read_text().count("Traceback") == 0
