"""`bench map`: what it compares is the same work, and the sheet keeps its promised share of hand-written."""

from bench.map import SOURCE, TREE, bench_sheet, run
from bench.map_by_hand import read, write


def test_hand_written_and_sheet_do_the_same_work() -> None:
    """Equal results both ways, with twenty fields, two lists, and a field that nobody named."""
    sheet, tree = bench_sheet(), TREE | {"TruongLa": {"a": 1}}
    message = sheet.read(tree, source=SOURCE).message
    assert message == read(tree, SOURCE)
    assert sheet.write(message, source=SOURCE).tree == write(message, SOURCE) == tree
    assert len(TREE) == 22


def test_the_figures_are_there_and_the_sheet_is_within_twice_the_time() -> None:
    """At least half of hand-written in both directions, in one run with rounds that take turns."""
    figures = run(0.5)
    peers = {"sheet", "hand_written", "jsonata", "glom", "xslt", "sheet_write", "hand_written_write"}
    assert {f"{name}_per_s" for name in peers} <= figures.keys()
    assert all(value > 0 for value in figures.values())
    assert figures["ratio_to_hand_written"] >= 0.5
