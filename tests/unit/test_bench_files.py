"""`bench files`: attachments in and out again, several at once, in memory that does not grow with them."""

from bench.files import run


def test_memory_does_not_grow_with_the_size_of_attachments() -> None:
    """Six times as much in each of four at once, and less than 10 MB more of the process."""
    small, large = run(megabytes=2, at_once=4), run(megabytes=12, at_once=4)
    assert large["bytes_each"] > 11_000_000
    assert large["peak_mb"] - small["peak_mb"] < 10
    assert large["peak_mb"] < large["expected_peak_mb"]
