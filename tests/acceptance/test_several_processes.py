"""One installation as several processes on one PostgreSQL, some of them killed: the account stays whole."""

from pathlib import Path

import pytest

from tests.acceptance.province import kill, province, wait_for

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(180)]

BOTH = ("national_portal", "onestop")


def test_workers_that_are_killed_lose_double_and_reorder_nothing(
    tmp_path: Path, amqp_url: str, postgres_url: str
) -> None:
    """A `serve` and two `worker`s, one of them killed several times in the middle of its calls."""
    with province(tmp_path, amqp_url, ledger_url=postgres_url, seed=5) as there:
        there.start("serve")
        there.start("worker", *BOTH)
        victim = there.start("worker", *BOTH)
        wait_for(lambda: there.said("serving") == 3, 30, "three processes at work")
        for peer in (there.portal, there.onestop):
            peer.post("/_sim/switch", {"mode": "slow", "seconds": 0.4, "probability": 0.2})
        for turn in range(3):
            there.submit(10, seed=5, after=10 * turn)
            wait_for(lambda: there.calls_of(victim), 20, "a call of the worker to be killed")  # noqa: B023  now
            kill(victim)
            victim = there.start("worker", *BOTH)
            wait_for(lambda: there.said("serving") == 4 + turn, 30, "the worker started again")  # noqa: B023  now
        assert there.rests(120), there.account()
        assert there.broken_promises() == {}
        assert there.onestop.effects()["dossiers"] == 30, "each taken in once, under its own number"
        assert [process.poll() for process in there.processes].count(-9) == 3
        assert all(process.stop() == 0 for process in there.processes if process.poll() is None)
        assert there.said("Traceback") == 0
