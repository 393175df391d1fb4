"""Both connectors against node's `soap` on the shipped WSDLs: the sloppy one of three (reference 2.3)."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bus.errors import OutcomeUnknownError, TransientError
from bus.settings import Secret
from deploy.local.errors import ServerUnavailableError
from deploy.local.folder import free_ports
from deploy.local.node import find_node
from tests.contract import tax_world
from tests.contract.insurance_world import adapter as insurance
from tests.contract.insurance_world import written
from tests.contract.tax_world import PASSWORD, ROOT, call, signer_file, slip

pytestmark = pytest.mark.contract
SCRIPT = Path(__file__).with_name("node_peer.js")


@dataclass
class Node:
    """A node server and its notes."""

    root: str
    folder: Path

    def notes(self, name: str) -> list[str]:
        """What it wrote down."""
        path = self.folder / name
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


@contextmanager
def serving(kind: str, folder: Path) -> Iterator[Node]:
    """Run the server of a peer; skip at home where there is none, fail where CI=true."""
    try:
        node, modules = find_node()
    except ServerUnavailableError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    (port,) = free_ports(1)
    wsdl = ROOT / "adapters" / kind / "schemas" / f"{kind}.wsdl"
    command = [node, str(SCRIPT), kind, str(port), str(wsdl), str(folder), PASSWORD]
    env = {**os.environ, "NODE_PATH": str(modules)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=log, text=True)  # noqa: S603
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n", (folder / "log").read_text()
            yield Node(f"http://127.0.0.1:{port}", folder)
        finally:
            process.terminate()
            process.wait(10)
            process.stdout.close()


def signing(folder: Path) -> dict[str, Any]:
    """Settings of a connector that signs."""
    return {"signer": signer_file(folder), "signer_password": Secret("khoa")}


@pytest.fixture
def gip(tmp_path: Path) -> Iterator[Node]:
    """A gateway that ends with the test."""
    with serving("tax", tmp_path) as one:
        yield one


@pytest.fixture
def bhxh(tmp_path: Path) -> Iterator[Node]:
    """An insurance service that ends with the test."""
    with serving("insurance", tmp_path) as one:
        yield one


def test_token_frame_and_signature_are_right_to_node(gip: Node) -> None:
    """Node recomputes digest, canonical form and RSA with its own libraries; names come back whole."""
    tax = tax_world.adapter(f"{gip.root}/T2B/GIP", **signing(gip.folder))
    filing = tax.operations["file_slip"]
    assert filing.lookup is not None
    assert filing.lookup(call(slip())).outcome == "not there"
    assert "Đặng Thị Mỹ" in filing.call(call(slip())).raw.decode()
    assert filing.lookup(call(slip())).outcome == "done"
    tax.close()
    assert gip.notes("filed") == ["000.00.32.H12-261120-0001|PC-1"]
    assert gip.notes("complaints") == []


@pytest.mark.parametrize(
    "number",
    ["HONG", "MOT_HAI", "RONG"],
    ids=["uncaught error", "fault of 1.2's shape in a 1.1 envelope", "nil without its prefix declared"],
)
def test_what_node_says_badly_after_an_effect_is_unknown_and_asked_about(gip: Node, number: str) -> None:
    """Three of the server's habits (reference 2.3); none is taken for success or for a refusal of nothing."""
    tax = tax_world.adapter(f"{gip.root}/T2B/GIP", **signing(gip.folder))
    filing = tax.operations["file_slip"]
    assert filing.lookup is not None
    with pytest.raises(OutcomeUnknownError):
        filing.call(call(slip(number)))
    assert filing.lookup(call(slip(number))).outcome == "done"
    tax.close()
    assert len(gip.notes("filed")) == 1


@pytest.mark.parametrize("kind", ["tax", "insurance"])
def test_a_wrong_password_is_told_before_anything_is_done(kind: str, tmp_path: Path) -> None:
    """HTTP 401 with a fault inside: the gate did not let the call in."""
    with serving(kind, tmp_path) as node:
        path, make, operation = {
            "tax": ("/T2B/GIP", tax_world.adapter, "file_slip"),
            "insurance": ("/HoSoService", insurance, "request_card"),
        }[kind]
        one = make(f"{node.root}{path}", password=Secret("sai"))
        with pytest.raises(TransientError, match="401"):
            one.operations[operation].call(call(slip() if kind == "tax" else written("card_request")))
        one.close()
        assert node.notes("filed") == []


def test_file_form_and_enveloped_signature_are_right_to_node(bhxh: Node) -> None:
    """Node reads the child's name out of the form; the file is found by our number."""
    one = insurance(f"{bhxh.root}/HoSoService", **signing(bhxh.folder))
    filing, request = one.operations["request_card"], written("card_request")
    assert filing.lookup is not None
    assert filing.lookup(call(request)).outcome == "not there"
    filing.call(call(request))
    assert filing.lookup(call(request)).outcome == "done"
    one.close()
    assert bhxh.notes("names") == ["Trần Ngọc Ánh"]
    assert bhxh.notes("complaints") == []


def test_node_complains_where_there_is_something_to_complain_of(gip: Node) -> None:
    """The judge judges: an unsigned message is written down, though it is answered."""
    tax = tax_world.adapter(f"{gip.root}/T2B/GIP")
    tax.operations["file_slip"].call(call(slip()))
    tax.close()
    assert gip.notes("complaints") == ["no signature"]
