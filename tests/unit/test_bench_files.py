"""`bench files`: attachments in and out again, several at once, in memory that does not grow with them."""

import multiprocessing
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

from bench.files import run


def _alone(megabytes: int) -> Mapping[str, Any]:
    """The figures of a process of its own: one that ran other tests before has their memory too."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(partial(run, megabytes=megabytes, at_once=4)).result()


def test_memory_does_not_grow_with_the_size_of_attachments() -> None:
    """Six times as much in each of four at once, and less than 10 MB more of the process."""
    small, large = _alone(2), _alone(12)
    assert large["bytes_each"] > 11_000_000
    assert large["peak_mb"] - small["peak_mb"] < 10
    assert large["peak_mb"] < large["expected_peak_mb"]
