"""The page of results: made of what stands in it, so that a new run is added and an old one replaced."""

from pathlib import Path
from typing import Any

from commands.drill_report import PROMISES, page, write_report


def result(seed: int, **more: Any) -> dict[str, Any]:
    """What a drill gives, as far as the page shows it."""
    same = {"ledger": "sqlite", "processes": 1, "nodes": 1, "dossiers": 10, "kills": 3, "seconds": 60.0}
    made = {"faults": {"peer down": 2}, "kill_points": {"after call": 3}, "left_out": {}, "for_a_person": {}}
    return dict.fromkeys(PROMISES, 0) | same | made | {"seed": seed, "quiet": True, "moves_audited": 9} | more


def test_a_result_is_added_and_counted_with_the_others(tmp_path: Path) -> None:
    """Kills and faults of all runs together."""
    file = tmp_path / "reliability.md"
    write_report(file, result(1))
    write_report(file, result(2, for_a_person={"poison": 1}))
    text = file.read_text()
    assert text == page([result(1), result(2, for_a_person={"poison": 1})])
    assert "| after call | 6 |" in text
    assert "| peer down | 4 |" in text
    assert "| yes | 1 poison | 9 |  | 60 |" in text


def test_the_same_drill_again_takes_its_place(tmp_path: Path) -> None:
    """A seed stands once; what was violated stays visible until it was mended and run again."""
    file = tmp_path / "reliability.md"
    write_report(file, result(1, lost=2, quiet=False, first_delivery_after_broker_restart_s=3.14))
    assert "| NO | 0 | 9 | 3.1 | 60 |" in file.read_text()
    assert "| 2 | 0 | 0 | 0 | 0 | 0 | NO |" in file.read_text()
    write_report(file, result(1))
    assert file.read_text() == page([result(1)])
