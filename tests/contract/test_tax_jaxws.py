"""The tax connector against JAX-WS, the kind of server that the real gateway is (reference 1.2d, 2.2).

Connections are kept alive; `nodelay` on the JDK's server, or Nagle's algorithm costs every call 40 ms (2.7).
"""

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bus.errors import OutcomeUnknownError, TransientError
from bus.peer_settings import Timeout
from bus.ports import Adapter
from bus.settings import Seconds, Secret
from deploy.local.errors import ServerUnavailableError
from deploy.local.folder import free_ports
from deploy.local.java import find_jaxws
from tests.contract.tax_world import DOSSIER, PASSWORD, adapter, call, signer_file, slip

pytestmark = pytest.mark.contract
SOURCE = Path(__file__).with_name("Gip.java")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A JAX-WS server for the module: its address and its folder of notes."""
    try:
        java, javac, path = find_jaxws()
    except ServerUnavailableError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("jaxws")
    subprocess.run([javac, "-proc:none", "-cp", path, "-d", str(folder), str(SOURCE)], check=True)  # noqa: S603
    (port,) = free_ports(1)
    options = ["-Xmx96m", "-Dsun.net.httpserver.nodelay=true", "-cp", f"{folder}:{path}"]
    command = [java, *options, "Gip", str(port), str(folder), PASSWORD]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)  # noqa: S603
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n", (folder / "log").read_text()
            yield f"http://127.0.0.1:{port}/T2B/GIP", folder
        finally:
            process.terminate()
            process.wait(10)
            process.stdout.close()


def signing(folder: Path) -> dict[str, Any]:
    """Settings of a connector that signs, and waits as long as a JVM takes to begin on a busy machine."""
    slow = Timeout(connect=Seconds(3), answer=Seconds(30))
    return {"signer": signer_file(folder), "signer_password": Secret("khoa"), "timeout": slow}


@pytest.fixture
def tax(gateway: tuple[str, Path], tmp_path: Path) -> Iterator[Adapter]:
    """A connector that signs."""
    one = adapter(gateway[0], **signing(tmp_path))
    yield one
    one.close()


def notes(gateway: tuple[str, Path], name: str) -> list[str]:
    """What the server wrote down."""
    path = gateway[1] / name
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def test_token_and_signature_are_right_to_the_jdk(gateway: tuple[str, Path], tax: Adapter) -> None:
    """The JDK verifies what xmlsec signed; mustUnderstand is understood; names come back whole."""
    answer = tax.operations["file_slip"].call(call(slip("PC-JDK"), seconds=40))
    assert "Đặng Thị Mỹ" in answer.raw.decode()
    assert notes(gateway, "complaints") == []
    lookup = tax.operations["file_slip"].lookup
    assert lookup is not None
    # this server looks a slip up by dossier and number, whatever stands in the row
    assert lookup(call(slip("PC-JDK"))).outcome == "done"
    assert lookup(call(slip("PC-KHAC"))).outcome == "not there"


def test_a_sha1_signature_is_right_to_the_jdk(gateway: tuple[str, Path], tmp_path: Path) -> None:
    """Where a peer demands the broken method (reference 1.2d, the other of the two known clients)."""
    one = adapter(gateway[0], **signing(tmp_path), signature="rsa-sha1")
    one.operations["file_slip"].call(call(slip("PC-SHA1"), seconds=40))
    one.close()
    assert f"{DOSSIER}|PC-SHA1" in notes(gateway, "slips")
    assert notes(gateway, "complaints") == []


def test_a_wrong_password_is_a_fault_before_anything_is_done(gateway: tuple[str, Path]) -> None:
    """The fault of a handler: prefixes and attributes of its own, a code of WS-Security."""
    one = adapter(gateway[0], password=Secret("sai"))
    with pytest.raises(TransientError, match="FailedAuthentication"):
        one.operations["file_slip"].call(call(slip("PC-SAI")))
    one.close()
    assert f"{DOSSIER}|PC-SAI" not in notes(gateway, "slips")


def test_an_exception_after_the_effect_is_unknown_and_asked_about(tax: Adapter) -> None:
    """JAX-WS tells it as S:Server with the exception's text, as it tells business errors: not guessed."""
    broken = slip("HONG")
    with pytest.raises(OutcomeUnknownError, match="uncaught"):
        tax.operations["file_slip"].call(call(broken))
    lookup = tax.operations["file_slip"].lookup
    assert lookup is not None
    assert lookup(call(broken)).outcome == "done"


def test_sixty_slips_of_eight_threads_are_sixty(gateway: tuple[str, Path], tax: Adapter) -> None:
    """Over connections that are kept alive, each slip once."""

    def file(count: int) -> None:
        request_id = f"0e3bd0a0-0000-4000-8000-{count:012}"
        tax.operations["file_slip"].call(call(slip(f"PC-J{count}"), request_id=request_id))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(file, range(60)))
    filed = [each for each in notes(gateway, "slips") if "|PC-J" in each and "JDK" not in each]
    assert len(filed) == len(set(filed)) == 60
    assert notes(gateway, "complaints") == []
