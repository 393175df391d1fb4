"""`bench soap`: its figures are there, and judging every answer costs little beside bare zeep."""

from bench.soap import run


def test_the_figures_are_there_and_a_call_keeps_up_with_bare_zeep() -> None:
    """The goal is 0.8, on a quiet machine; beside other tests a second of measuring swings by a quarter."""
    figures = run(1.0)
    peers = {"lienthong", "zeep", "hand_built"}
    assert {f"{name}_per_s" for name in peers} <= figures.keys()
    assert all(value > 0 for value in figures.values())
    assert figures["ratio_to_zeep"] >= 0.6
