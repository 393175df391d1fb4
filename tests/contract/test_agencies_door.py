"""The agencies' door where something of ours is away: nothing is half accepted, and it says when."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.testing import TestClient

from adapters.agency.calls import PREFIX, application
from adapters.agency.door import Door
from adapters.agency.gatekeeper import Gatekeeper
from bus.agency_settings import AgencySettings
from bus.errors import LedgerUnavailableError, UnavailableError
from bus.files import FileStore
from bus.settings import Secret
from tests.acceptance.agency_world import dossier, hash_of
from tests.contract.agency_desk import Desk, province

KEY = "k" * 32


@pytest.fixture
def desk() -> Desk:
    """A desk without error."""
    return Desk()


@pytest.fixture
def client(desk: Desk, tmp_path: Path) -> Iterator[TestClient[Any]]:
    """The door over that desk, for one agency."""
    agency = AgencySettings(
        name="Sở",
        code="H12.09",
        key=Secret(KEY),
        may=("dossier.hand_in", "dossier.follow"),
        procedures=("education",),
    )
    store = FileStore(tmp_path, limit=1000)
    store.prepare()
    door = Door(desk, Gatekeeper([agency]), province(), store, 4000)
    with TestClient(application(door), base_url="http://door.example", raise_server_exceptions=False) as one:
        one.headers["Authorization"] = f"Bearer {KEY}"
        yield one


def told(answer: httpx.Response, status: int) -> dict[str, Any]:
    """A problem of this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    return body


@pytest.mark.parametrize(
    "error",
    [UnavailableError("The disk is nearly full.", retry_after=60.0), LedgerUnavailableError("away")],
)
def test_while_nothing_can_be_kept_nothing_is_accepted(
    client: TestClient[Any], desk: Desk, error: Exception, tmp_path: Path
) -> None:
    """503 with Retry-After for dossiers and files alike; afterwards the same call is taken."""
    desk.error = error
    content = b"x"
    for answer in (
        client.post(f"{PREFIX}/dossiers", json=dossier(1)),
        client.put(f"{PREFIX}/files/{hash_of(content)}", content=content),
    ):
        assert told(answer, 503)["type"] == "urn:lienthong:unavailable"
        assert int(answer.headers["retry-after"]) >= 1
    assert desk.kept == 0
    assert not list(FileStore(tmp_path, limit=1).hashes())
    desk.error = None
    assert client.post(f"{PREFIX}/dossiers", json=dossier(1)).status_code == 202


def test_what_is_too_large_is_refused_before_it_is_kept(client: TestClient[Any], tmp_path: Path) -> None:
    """A message over its limit is 413; a file over the store's leaves nothing behind."""
    told(client.post(f"{PREFIX}/dossiers", json=dossier(1, note="x" * 5000)), 413)
    told(client.put(f"{PREFIX}/files/{hash_of(b'x' * 2000)}", content=b"x" * 2000), 422)
    assert not list(FileStore(tmp_path, limit=1).hashes())


def test_a_fault_of_ours_is_told_without_a_traceback_and_without_what_it_held(
    client: TestClient[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """500 with a sentence; neither the answer nor the log has the text of the error."""
    answer = client.get(f"{PREFIX}/dossiers", params={"day": "2026-11-25"})
    assert told(answer, 500)["type"] == "urn:lienthong:internal"
    said = capsys.readouterr()
    assert "096190004711" not in answer.text + said.out + said.err


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/none", 404), ("PATCH", "/dossiers", 405), ("GET", "/dossiers?day=x", 400)],
)
def test_a_call_that_there_is_not_is_a_problem_too(
    client: TestClient[Any], method: str, path: str, status: int
) -> None:
    """Every refusal has one form."""
    body = told(client.request(method, f"{PREFIX}{path}"), status)
    assert (body["status"], bool(body["detail"])) == (status, True)
