"""`bench kills` in short: the bus is really killed between an effect and its settle."""

from pathlib import Path

import pytest

from bench.kills import WRITES, field, measured

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]
TIMES = 5


def test_a_bus_killed_between_effect_and_answer_has_one_effect_at_each_peer(
    tmp_path: Path, amqp_url: str
) -> None:
    """Five times at the tax office and at the insurance authority, which recognise no repeat.

    Among them a round in which both act only after they have said "not there" to another process.
    """
    with field(tmp_path, amqp_url) as there:
        figures = measured(there, TIMES, patient=True)
    assert all(figures["between"][name] >= TIMES for name in WRITES)
    assert figures["late"] == len(WRITES)
    planned = 2 * (figures["kills"] + figures["late"] // len(WRITES))
    assert figures["effects"] == planned
    assert (figures["duplicates"], figures["lost"]) == (0, 0)
    assert figures["account"] == {"delivered": planned, "unaccounted": 0}
