"""Running a demo as its users do, and what of its result breaks a promise."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def run(folder: Path, amqp_url: str, *arguments: str) -> dict[str, Any]:
    """Run a demo in a folder of its own, at the broker that is given; its one JSON object."""
    environment = {name: value for name, value in os.environ.items() if name != "LIENTHONG_AMQP_URL"}
    if amqp_url:
        environment["LIENTHONG_AMQP_URL"] = amqp_url
    done = subprocess.run(  # noqa: S603  our own command
        [sys.executable, str(ROOT / "run.py"), "demo", "--exit", "--json", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=380,
        check=False,
    )
    assert done.stdout.count("\n") == 1, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    result["exit"], result["stderr"] = done.returncode, done.stderr
    return result


def wrong(result: dict[str, Any]) -> dict[str, Any]:
    """What breaks a promise, by name; empty where all hold."""
    doubled = {name: counted["duplicates"] for name, counted in result["effects"].items()}
    promises = {name: result[name] for name in ("out_of_order", "echoes", "unaccounted", "exit")}
    states = ("waiting", "ready", "sending", "retrying", "unknown", "held", "dead")
    open_now = {name: result["states"][name] for name in states}
    files = {"attachments": result["attachments"]["wrong"]}
    return {name: count for name, count in {**doubled, **promises, **open_now, **files}.items() if count}


def counted(folder: Path, query: str) -> dict[str, int]:
    """What stands in the ledger that a demo leaves behind."""
    connection = sqlite3.connect(folder / ".lienthong" / "demo" / "ledger.db")
    try:
        return dict(connection.execute(query).fetchall())
    finally:
        connection.close()
