"""The demo as its users run it: real broker, real HTTP, a ledger on disk, effects counted by the peers."""

from pathlib import Path

import pytest

from tests.acceptance.demonstration import counted, run, wrong

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(400)]


def test_every_dossier_arrives_once_and_in_order(tmp_path: Path, amqp_url: str) -> None:
    """All forty awkward facts; nothing doubled, echoed, out of order or unaccounted.

    Citizens withdraw in time and too late. The broker that runs already is used, and no other is started.
    """
    result = run(tmp_path, amqp_url, "--dossiers", "130", "--seed", "7")
    assert wrong(result) == {}, result
    assert (result["dossiers"], result["taken_in"]) == (136, 136)
    assert (result["awkward_covered"], result["awkward_missing"]) == (40, [])
    assert result["effects"]["national_portal"]["applied"] >= 650
    assert result["attachments"]["fetched"] >= 85
    assert (result["bus_starts"], result["messages"]) == (1, {"kept": result["kept"]})
    withdrawals = counted(
        tmp_path,
        "SELECT state, count(*) FROM delivery WHERE route = 'every_dossier.withdraw_in' GROUP BY state",
    )
    assert {"delivered", "refused"} <= set(withdrawals), withdrawals
    told = "SELECT kind, count(*) FROM message WHERE kind = 'onestop.withdrawn' GROUP BY kind"
    assert counted(tmp_path, told)["onestop.withdrawn"] == withdrawals["delivered"]
    assert not (tmp_path / ".lienthong" / "rabbitmq").exists()


def test_where_no_broker_is_named_one_is_started_and_ended(tmp_path: Path, amqp_url: str) -> None:
    """The broker that runs beside is left alone; `amqp_url` only says that this machine has RabbitMQ."""
    result = run(tmp_path, "", "--dossiers", "5", "--seed", "3")
    assert wrong(result) == {}, result
    assert (tmp_path / ".lienthong" / "rabbitmq").exists()
    assert not _alive(str(tmp_path))


def _alive(text: str) -> list[str]:
    """The processes that have a text in their command line."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if text in line:
            found.append(line)
    return found
