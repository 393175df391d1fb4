"""`bench soak`: what samples of memory come to."""

from bench.soak import figures


def test_flat_memory_is_one_and_a_leak_is_seen() -> None:
    """The beginning does not count: caches and threads come to be then."""
    flat = figures([50.0, 90.0, *[100.0, 102.0, 98.0] * 20])
    assert flat["ratio_memory"] == 1.0
    leaks = figures([100.0 + step for step in range(100)])
    assert leaks["ratio_memory"] > 1.4
    assert (leaks["rss_mb_peak"], leaks["rss_mb_warm"]) == (199.0, 127.5)


def test_a_single_sample_is_something() -> None:
    """However short it was."""
    assert figures([80.0])["ratio_memory"] == 1.0
