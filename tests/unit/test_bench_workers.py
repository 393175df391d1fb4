"""`bench workers` and `bench neighbours`: their figures are what they say they are."""

from bench import neighbours, workers


def test_processes_are_compared_with_one_of_the_same_run() -> None:
    """Medians over the rounds; one slow round moves nothing."""
    rounds = [
        {"sqlite": (rate * 4, 0.0004), "1": (rate * 2, 0.0005), "2": (rate * 3, 0.0006), "4": (rate, 0.0007)}
        for rate in (100.0, 1.0, 110.0)
    ]
    found = workers.figures(rounds)
    assert found["per_s"] == {"sqlite": 400.0, "1": 200.0, "2": 300.0, "4": 100.0}
    assert found["ratio_to_one"] == {"1": 1.0, "2": 1.5, "4": 0.5}
    assert found["ratio_of_one_to_sqlite"] == 0.5
    assert found["cpu_ms_per_message"]["4"] == 0.7


def test_neighbours_are_compared_with_the_same_round_s_without_a_stuck_one() -> None:
    """A round that was slow as a whole moves nothing: the ratio is a round's own."""
    rounds = [
        {"alone": [pace] * 100, "unknown": [1.1 * pace] * 100, "hanging": [1.05 * pace] * 100}
        for pace in (0.01, 0.5, 0.011)
    ]
    found = neighbours.figures(rounds)
    assert found["ratio_p99"] == {"unknown": 1.1, "hanging": 1.05}
    assert found["p99_ms"]["alone"] == 11.0
    assert found["neighbours"] == 900
