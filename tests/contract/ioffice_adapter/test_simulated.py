"""The axis's adapter against the simulator."""

from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from adapters.ioffice.adapter import TYPE
from bus.errors import OutcomeUnknownError, PermanentError
from bus.files import FileStore
from mappings.dossier import Agency
from mappings.engine import Compiled
from mappings.official import DocumentStatus
from tests.contract.ioffice_adapter.axes import DOCUMENT, Reader, adapter, call, gathered, simulator, tree_of

pytestmark = pytest.mark.contract


def test_a_document_sent_to_a_simulated_agency_comes_back_as_steps_and_an_answer(
    tmp_path: Path, files: FileStore, sheets: dict[str, Compiled]
) -> None:
    """01, 03, 05, the answer with ResponseFor, 06; then 13 is answered by 15. Each effect once."""
    request = tree_of(DOCUMENT, files)
    with simulator(
        tmp_path / "sim", "--pace", "0.05", "--reject", "0", "--give-back", "1", "--units", "H12.06"
    ) as (url, control):
        one = adapter(url, files, secret="bi-mat-truc")
        assert all(layer.ok for layer in one.probe())
        one.operations["send_document"].call(call(request))
        statuses, documents = Reader(one, "statuses"), Reader(one)
        told = gathered(statuses, 4)
        states = [sheets["status"].read(item.tree, source="ioffice").message for item in told]
        assert [each.status for each in states] == ["arrived", "accepted", "in_progress", "finished"]
        (answer,) = gathered(documents, 1)
        message = sheets["document"].read(answer.tree, source="ioffice").message
        assert message.responds_to[0].document_id == states[0].document_id
        one.operations["send_status"].call(call(asked_back(states[0], sheets["status"])))
        (back,) = gathered(statuses, 1)
        assert sheets["status"].read(back.tree, source="ioffice").message.status == "agreed"
        statuses.drain()
        with pytest.raises(PermanentError):
            one.operations["send_document"].call(call(request))
        effects = httpx.get(f"{control}/_sim/effects").json()["by_operation"]
        assert effects["sendEdoc"] | effects["updateStatus"] == {
            "applied": 6, "duplicates": 0, "refused": 0, "echoes": 0, "out_of_order": 0,
        }  # fmt: skip
        assert effects["sendEdoc"]["refused"] == 1
        one.close()


def asked_back(told: DocumentStatus, sheet: Compiled) -> Any:
    """A status 13: from the document's sender to the agency that has it (reference 3)."""
    changed = msgspec.structs.replace(
        told,
        sender=Agency(code="H12.06", name="Sở Nông nghiệp và Môi trường"),
        about=Agency(code=told.sender.code),
        status="ask_back",
        text="Gửi nhầm tệp",
        staff=None,
        axis_id=None,
    )
    return sheet.write(changed, source="ioffice").tree


def test_a_lost_answer_at_the_simulator_is_one_effect(tmp_path: Path, files: FileStore) -> None:
    """The outcome is unknown, the look-up finds it, and a resend meets the document that is there."""
    request = tree_of(DOCUMENT, files)
    with simulator(tmp_path / "sim", "--units", "H12.06", "--pace", "60") as (url, control):
        one = adapter(url, files, secret="bi-mat-truc")
        httpx.post(
            f"{control}/_sim/switch",
            json={"mode": "lose_answer", "operation": "sendEdoc", "seconds": 0, "times": 1},
        )
        operation = one.operations["send_document"]
        with pytest.raises(OutcomeUnknownError):
            operation.call(call(request))
        assert operation.lookup is not None
        assert operation.lookup(call(request, attempt=2)).outcome == "done"
        assert "earlier attempt" in operation.call(call(request, attempt=2)).note
        effects = httpx.get(f"{control}/_sim/effects").json()
        assert effects["by_operation"]["sendEdoc"]["applied"] == 1
        one.close()


def test_a_type_says_what_its_connector_offers() -> None:
    """Operations are known without building one."""
    assert TYPE.operations == (
        "send_document", "send_dossier", "update_dossier", "replace_dossier", "revoke_dossier", "send_status",
        "ask_back", "answer_ask_back",
    )  # fmt: skip
