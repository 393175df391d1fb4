"""The laws of the simulated insurance office, whatever is asked of it and in whatever order."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters._kit.simulator import Workshop
from adapters.insurance.simulator_office import (
    ASKED,
    COMPLETE,
    DONE,
    REFUSED,
    TAKEN,
    WITHDRAWN,
    Conduct,
    Office,
)

HEIGHTS = {TAKEN: 0, ASKED: 1, COMPLETE: 2, DONE: 3, WITHDRAWN: 3, REFUSED: 3}
STEP = st.sampled_from(["take", "wait", "answer", "answer another", "withdraw", "look"])
SHARE = st.sampled_from([0.0, 1.0])


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(STEP, max_size=25), ask=SHARE, refuse=SHARE, form=st.sampled_from(["TK1-TS", "D03-TS"]))
def test_a_file_s_state_only_climbs_and_its_end_is_its_end(
    steps: list[str], ask: float, refuse: float, form: str
) -> None:
    """Handed in again, answered twice, withdrawn late; a card is issued once and only where it is done."""
    now = [0.0]
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder), 3)
        there = Office(workshop, Conduct(3, 10.0, ask, refuse), lambda: now[0])
        seen: dict[str, tuple[str, object]] = {}
        for count, step in enumerate(["take", *steps]):
            match step:
                case "take":
                    there.take("D", f"G{count // 2}", form, ("Lê Thị Út", "2026", "96001"))
                case "wait":
                    now[0] += 10.0
                case "answer":
                    there.answer("D", there.of("D")[0].question)
                case "answer another":
                    assert there.answer("D", "BS") == "unknown"
                case "withdraw":
                    there.withdraw("D")
            for file in there.all():
                before, card = seen.get(file.number, (TAKEN, None))
                assert HEIGHTS[file.state] >= HEIGHTS[before]
                assert HEIGHTS[before] < 3 or file.state == before
                assert card in (None, file.card)
                assert (file.card is not None) == (file.state == DONE and form == "TK1-TS")
                seen[file.number] = (file.state, file.card)
        counted = there.counts()
        assert counted["files"] == len(seen) == sum(counted["states"].values())
        workshop.journal.close()
        there._shelf.close()
