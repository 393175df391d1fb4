"""`bench edxml`: the package is of its size, and the figures are there."""

from bench.edxml import SIZE, package, run


def test_the_package_is_ten_kilobytes() -> None:
    """As the issue measures."""
    assert abs(len(package()) - SIZE) < 1500


def test_the_figures_are_there() -> None:
    """Each part, the whole, and its share of bare lxml."""
    figures = run(0.2)
    parts = ("whole", "read", "map_in", "map_out", "write", "lxml")
    assert all(figures[f"{name}_per_s"] > 0 for name in parts)
    assert 0 < figures["ratio_to_lxml"] < 1
