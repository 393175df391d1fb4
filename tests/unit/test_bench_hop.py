"""`bench hop`: its figures, its messages and its prefilled ledger are what it says they are."""

from datetime import datetime
from pathlib import Path

import pytest

from bench import hop
from bench.hop_child import PEER, Report, peak_rss_mb
from bench.hop_lienthong import planner, routes
from bench.hop_message import KIND, compiled_sheet, decode, dossiers, work
from bench.hop_prefill import prefill
from bus.ledger.ledger import Ledger
from bus.ledger.records import Keep
from bus.ledger.store import Store

NOW = datetime(2026, 3, 2, 9, 0).astimezone()


def _measured(per_s: float, peak: float = 40.0) -> hop.Measured:
    return hop.Measured(per_s, 100, Report(100, peak))


def test_the_figures_are_medians_over_rounds_and_the_ratios_are_shares_of_medians() -> None:
    """One slow or fast round moves nothing; the peak is the whole hop's highest."""
    rounds = [
        {"raw_pika": _measured(raw), "faststream": _measured(100.0), "lienthong": _measured(ours, peak)}
        for raw, ours, peak in ((1000.0, 600.0, 90.0), (4000.0, 10.0, 120.0), (1200.0, 650.0, 80.0))
    ]
    found = hop.figures(("raw_pika", "faststream", "lienthong"), rounds)
    assert (found["raw_pika_per_s"], found["lienthong_per_s"]) == (1200.0, 600.0)
    assert (found["ratio_to_raw"], found["ratio_to_faststream"]) == (0.5, 6.0)
    assert found["peak_rss_mb"] == 120.0
    assert found["messages"] == 900
    assert found["rounds"][1] == {"raw_pika": 4000.0, "faststream": 100.0, "lienthong": 10.0}
    assert "prefilled" not in found


def test_a_prefilled_ledger_is_compared_with_an_empty_one_of_the_same_run() -> None:
    """The share is of the whole hop's own rate."""
    names = ("raw_pika", "faststream", "lienthong", "prefilled")
    rounds = [
        {name: _measured(rate) for name, rate in zip(names, (1000.0, 100.0, 500.0, 450.0), strict=True)}
    ]
    found = hop.figures(names, rounds, prefilled=1000)
    assert (found["prefilled"], found["prefilled_per_s"], found["ratio_of_prefilled"]) == (1000, 450.0, 0.9)


def test_every_message_is_another_dossier_and_goes_both_ways() -> None:
    """The mapping work is done on real content: number, owner and procedure come out as they went in."""
    sheet, messages = compiled_sheet(), list(dossiers(120, seed=3))
    assert len({message.key for message in messages}) == 120
    assert all(1000 < len(message.body) < 4000 for message in messages)
    for message in messages:
        before, after = decode(message.body), decode(work(sheet, message.body, NOW, NOW.date()))
        assert {key: after[key] for key in ("MaHoSo", "ChuHoSo", "MaTTHC", "DinhDanhCHS")} == {
            key: before[key] for key in ("MaHoSo", "ChuHoSo", "MaTTHC", "DinhDanhCHS")
        }


def test_two_rounds_share_no_dossier() -> None:
    """A ledger that serves several rounds keeps every message anew."""
    one, other = ({message.key for message in dossiers(50, seed)} for seed in (1, 2))
    assert not one & other


def test_the_routes_send_every_dossier_on_once() -> None:
    """One delivery a message: what comes out can be counted against what went in."""
    legs = [leg for flow in routes().flows for leg in flow.legs]
    assert [(leg.on, leg.connector, leg.operation) for leg in legs] == [((KIND,), PEER, "put")]


async def test_a_prefilled_ledger_is_one_that_the_ledger_itself_goes_on_with(tmp_path: Path) -> None:
    """Every row of so many delivered messages is there, and the next message gets the next number."""
    file, plans = tmp_path / "ledger.db", planner()
    prefill(file, 1200, plans)
    ledger = Ledger(Store(f"sqlite:///{file}"), plans.plan, plans.merge)
    try:
        message = next(dossiers(1, seed=9))
        body = compiled_sheet().read(decode(message.body), source="hop_in", as_of=NOW).message
        codes = {"hop_in": message.key}
        kept = await ledger.keep(
            Keep("hop_in", KIND, message.key, b"1", message.body, body, codes, NOW.timestamp(), "")
        )
        assert (kept.message, kept.outcome, len(kept.ready)) == (1201, "kept", 1)
        with ledger.store.read() as tx:
            counts = [
                tx.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()  # noqa: S608  names of ours
                for table in ("dossier", "dossier_state", "identity", "message", "payload", "delivery")
            ]
            assert counts == [1201] * 6
    finally:
        ledger.close()


def test_the_peak_of_memory_is_this_process_s_own() -> None:
    """It is at least what the interpreter takes and no more than the machine has."""
    assert 5 < peak_rss_mb() < 100_000


@pytest.mark.integration
@pytest.mark.parametrize("name", ["raw_pika", "faststream", "lienthong"])
def test_each_variant_brings_all_messages_through(name: str, amqp_url: str, tmp_path: Path) -> None:
    """A measurement in small: everything laid out arrives, and the variant stops by itself."""
    bench = hop.Bench(amqp_url, tmp_path, seconds=20.0, prefilled=0)
    measured = hop.measure(bench, name, 1, tuple(dossiers(60, seed=1)))
    assert (measured.messages, measured.report.done) == (60, 60)
