"""A flow with legs, cut off at every step it takes: each effect once, and the flow's proper end.

Fan-in, a leg for each value of a list, a supplement round, a peer that is asked, and an undo. Steps: before
and after each commit, call, question and publish, and before the source is answered.
"""

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from bus.ledger import read, schema
from bus.ledger.store import Store
from tests.integration.pipeline.conftest import emptied
from tests.integration.pipeline.dying_legs import STORIES, Ended, Job
from tests.integration.pipeline.road import ROOT

pytestmark = pytest.mark.integration

Live = Callable[[Job], Ended]
EFFECTS = {
    "through": {"request_card", "add_supplement", "set_ready", "obligation_met"},
    "withdrawn": {"request_card", "cancel_card"},
}
LEGS = {
    "through": dict.fromkeys(
        ("birth.certificate", "birth.card", "birth.close", "land.payment[A]", "land.payment[B]", "land.met"),
        "done",
    ),
    "withdrawn": {
        "birth.certificate": "done",
        **dict.fromkeys(
            ("birth.card", "birth.close", "land.payment[A]", "land.payment[B]", "land.met"), "undone"
        ),
    },
}
KILLED = -9


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    """Run a bus in a process of its own until it dies or all is done; gives how it ended."""
    command = [sys.executable, "-m", "tests.integration.pipeline.dying_legs"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603  ours

        def run(job: Job) -> Ended:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(msgspec.json.encode(job) + b"\n")
            process.stdin.flush()
            return msgspec.json.decode(process.stdout.readline(), type=Ended)

        yield run
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def empty(ledger_url: str, tmp_path: Path) -> Callable[[Path], str]:
    """An empty ledger for a folder, on either database."""
    if not ledger_url.startswith("sqlite"):
        return lambda _: emptied(ledger_url)
    Store(ledger_url).close()

    def copied(folder: Path) -> str:
        shutil.copy(tmp_path / "ledger.db", folder / "ledger.db")
        return f"sqlite:///{folder / 'ledger.db'}"

    return copied


@pytest.mark.parametrize("story", STORIES)
def test_cut_off_at_any_step_a_flow_ends_properly_and_each_effect_is_there_once(
    live: Live, empty: Callable[[Path], str], ledger_url: str, tmp_path: Path, story: str
) -> None:
    """Killed at its first step, its sixth, and so on until a life is long enough; then begun again.

    Tasks are at work beside each other, so that another run meets other steps; EVERY_STEP=1 takes each, in
    a minute. A commit means the same on PostgreSQL and costs more: fewer there.
    """
    stride = 1 if os.environ.get("EVERY_STEP") else 5 if ledger_url.startswith("sqlite") else 19
    steps = []
    for dies_at in range(1, 400, stride):
        folder = tmp_path / f"{dies_at}"
        folder.mkdir()
        url = empty(folder)
        ended = live(Job(url, str(folder), story, dies_at))
        if ended.code == KILLED:
            steps.append(ended.step)
            ended = live(Job(url, str(folder), story, 0))
        assert ended.code == 0, (dies_at, steps)
        assert_whole(url, folder, story, f"{dies_at}: {steps[-1:]}")
        if ended.step == "":
            break
    assert len(steps) > 25 / stride


def assert_whole(url: str, folder: Path, story: str, where: str) -> None:
    """What peers did, how the legs ended, and that all is accounted for."""
    assert Counter((folder / "effects").read_text().split()) == Counter(EFFECTS[story]), where
    store = Store(url, serve=False)
    with store.read() as tx:
        leg = schema.leg.c
        assert {row[0]: row[1] for row in tx.execute(select(leg.route, leg.state))} == LEGS[story], where
        assert read.account(tx).unaccounted == 0, where
    store.close()
