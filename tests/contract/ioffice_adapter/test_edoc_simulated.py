"""The eDoc profile against the simulator: what the other profile does there, it does too."""

from pathlib import Path

import httpx
import pytest

from bus.errors import OutcomeUnknownError
from bus.files import FileStore
from mappings.engine import Compiled
from tests.contract.ioffice_adapter.axes import (
    DOCUMENT,
    Reader,
    adapter,
    call,
    gathered,
    simulator,
    tree_of,
)
from tests.contract.ioffice_adapter.test_simulated import asked_back

pytestmark = pytest.mark.contract


def test_a_document_sent_over_soap_comes_back_as_steps_and_an_answer_with_its_file(
    tmp_path: Path, files: FileStore, sheets: dict[str, Compiled]
) -> None:
    """01, 03, 05, the answer with ResponseFor, 06; 13 is answered by 15. Each effect once, none refused."""
    request = tree_of(DOCUMENT, files)
    options = ("--pace", "0.05", "--reject", "0", "--give-back", "1", "--units", "H12.06")
    with simulator(tmp_path / "sim", *options, "--system", "H12.06") as (url, control):
        one = adapter(f"{url}/edoc", files, secret="bi-mat-truc", system_id="H12.06", profile="soap")
        assert all(layer.ok for layer in one.probe()), list(one.probe())
        one.operations["send_document"].call(call(request))
        statuses, documents = Reader(one, "statuses"), Reader(one)
        told = gathered(statuses, 4)
        states = [sheets["status"].read(item.tree, source="ioffice").message for item in told]
        assert [each.status for each in states] == ["arrived", "accepted", "in_progress", "finished"]
        (answer,) = gathered(documents, 1)
        message = sheets["document"].read(answer.tree, source="ioffice").message
        assert message.responds_to[0].document_id == states[0].document_id
        with files.open(message.files[0].file.hash) as kept:
            assert kept.read().startswith(b"%PDF-1.4")
        one.operations["send_status"].call(call(asked_back(states[0], sheets["status"])))
        (back,) = gathered(statuses, 1)
        assert sheets["status"].read(back.tree, source="ioffice").message.status == "agreed"
        documents.drain()
        effects = httpx.get(f"{control}/_sim/effects").json()
        assert {name: each["applied"] for name, each in effects["by_operation"].items()} == {
            "ConfirmReceived": 1, "SendDocument": 1, "UpdateTraces": 1,
        }  # fmt: skip
        assert effects["refused"] + effects["duplicates"] == 0
        one.close()


def test_a_status_twice_is_one_effect_and_a_lost_answer_is_unknown(
    tmp_path: Path, files: FileStore, sheets: dict[str, Compiled]
) -> None:
    """The service refuses what it has: on a resend that is our own."""
    options = ("--pace", "60", "--units", "H12.06", "--system", "H12.06")
    with simulator(tmp_path / "sim", *options) as (url, control):
        one = adapter(f"{url}/edoc", files, secret="bi-mat-truc", system_id="H12.06", profile="soap")
        lost = {"mode": "lose_answer", "operation": "SendDocument", "seconds": 0, "times": 1}
        httpx.post(f"{control}/_sim/switch", json=lost)
        operation = one.operations["send_document"]
        with pytest.raises(OutcomeUnknownError):
            operation.call(call(tree_of(DOCUMENT, files)))
        assert "earlier attempt" in operation.call(call(tree_of(DOCUMENT, files), attempt=2)).note
        effects = httpx.get(f"{control}/_sim/effects").json()
        assert effects["by_operation"]["SendDocument"]["applied"] == 1
        one.close()
