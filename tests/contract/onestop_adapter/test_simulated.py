"""The adapter against the simulator: each effect and each step once and in order."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.onestop.settings import Announcements
from bus.errors import (
    OutcomeUnknownError,
)
from bus.ports import Adapter, Incoming
from bus.settings import Secret
from tests.contract.onestop_adapter.onestops import CREATE, ROOT, Reader, adapter, call
from tests.contract.strict_onestop import FORM, TOKEN

pytestmark = pytest.mark.contract


@contextmanager
def simulator(folder: Path, *options: str) -> Iterator[str]:
    """The simulated one-stop in its own process; gives its address."""
    command = [sys.executable, "-m", "adapters.onestop.simulator", "--data", str(folder), "--seed", "7"]
    with subprocess.Popen(  # noqa: S603 - our own simulator
        [*command, *options], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        try:
            yield str(url)
        finally:
            process.terminate()


def simulated(url: str) -> Adapter:
    """A connector to the simulator at `url`."""
    return adapter(url, secret="mot-cua", webhook=Announcements(secret=Secret("k")))


def test_the_simulator_sees_each_effect_once_through_lost_answers_and_dead_tokens(tmp_path: Path) -> None:
    """Creates with tokens expiring and answers lost after acting: one dossier each."""
    with simulator(tmp_path, "--pace", "3600", "--late", "0") as url, httpx.Client(base_url=url) as desk:
        one = simulated(url)
        create = one.operations["create_dossier"]
        assert create.lookup is not None
        for number in range(4):
            body = CREATE | {"nationCode": f"G22.99-260415-{number:06d}"}
            desk.post("/_sim/switch", json={"mode": "expire_sessions", "operation": "create"})
            create.call(call(body))
            lost = {"mode": "lose_answer", "operation": "create", "times": 1, "seconds": 0}
            desk.post("/_sim/switch", json=lost)
            other = body | {"nationCode": f"G22.99-260416-{number:06d}"}
            with pytest.raises(OutcomeUnknownError):
                create.call(call(other))
            assert create.lookup(call(other)).outcome == "done"
        effects = desk.get("/_sim/effects").json()
        one.close()
    assert (effects["applied"], effects["duplicates"], effects["refused"]) == (8, 0, 0)


def test_every_step_of_working_officials_is_told_once_and_in_order(tmp_path: Path) -> None:
    """Twenty dossiers worked at full speed while rows turn up late: the events are the histories."""
    with (
        simulator(tmp_path, "--pace", "0.05", "--late", "0.3", "--shares", "supplement=0") as url,
        httpx.Client(base_url=url) as desk,
    ):
        one = simulated(url)
        for number in range(20):
            body = CREATE | {"nationCode": f"G22.99-260415-{number:06d}"}
            one.operations["create_dossier"].call(call(body))
        reader, items = Reader(one), list[Incoming]()
        quiet = time.monotonic() + 20
        while time.monotonic() < quiet:
            items += reader.drain()
            if desk.get("/_sim/effects").json()["open"] == 0 and quiet - time.monotonic() > 1.5:
                quiet = time.monotonic() + 1
        whole = {known: one_whole(desk, known) for known in reader.memory}
        one.close()
    assert len(whole) == 20
    assert len({item.key for item in items}) == len(items)
    for record in whole.values():
        steps = [item.tree["id"] for item in items if item.kind == "onestop.step" and about(item, record)]
        assert steps == [task["id"] for task in record["tasks"]]
        dossiers = [item.tree for item in items if item.kind == "onestop.dossier" and about(item, record)]
        assert dossiers[-1]["statusCurrentTask"] == record["statusCurrentTask"]


def about(item: Incoming, record: dict[str, Any]) -> bool:
    """Whether a message is about a dossier."""
    return bool(item.tree["code"] == record["code"])


def one_whole(desk: httpx.Client, known: str) -> dict[str, Any]:
    """A dossier as the simulator shows it."""
    form = FORM | {"client_secret": "mot-cua"}
    token = desk.post(TOKEN, data=form).json()["access_token"]
    answer = desk.get(f"/pa/dossier/{known}/--online", headers={"Authorization": f"Bearer {token}"})
    record: dict[str, Any] = answer.json()
    return record
