"""Files at the agencies' door: who may name one, what is said of it, and where a result's is to be had."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from litestar.testing import TestClient

from adapters._kit.downloads import Downloads
from adapters.agency.calls import PREFIX, application
from adapters.agency.door import Door
from adapters.agency.gatekeeper import Gatekeeper
from adapters.agency.receipt import receipt_of
from bus.agency_settings import AgencySettings
from bus.desk import HandedIn, Standing
from bus.files import Decision, FileStore
from bus.links import LinkKey, Links, parts_of
from bus.settings import Rate, Secret
from mappings.dossier import Document, Dossier, File, Result
from mappings.rules_time import ICT
from tests.acceptance.agency_world import PROCEDURE, dossier, hash_of
from tests.contract.agency_desk import Desk, province

EDUCATION, LAND = "H12.09", "H12.06"
TOGETHER = 30_000
PDF = b"%PDF-1.7 quyet dinh"
NOW = datetime.now(ICT).replace(microsecond=0)
LINKS = Links("https://lienthong.example/files", (LinkKey("k1", b"k" * 32),), 365 * 86_400.0)


@pytest.fixture
def desk() -> Desk:
    """A desk that remembers."""
    return Desk()


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    """An empty store."""
    made = FileStore(tmp_path, limit=20_000)
    made.prepare()
    return made


@pytest.fixture
def client(desk: Desk, store: FileStore) -> Iterator[TestClient[Any]]:
    """The door over that desk and store, for two agencies; by itself the education department asks."""
    agencies = [
        AgencySettings(
            name=code,
            code=code,
            key=Secret(code + "k" * 32),
            may=("dossier.hand_in", "dossier.replace", "dossier.follow"),
            procedures=("education",),
            rate=Rate("1000 per second"),
        )
        for code in (EDUCATION, LAND)
    ]
    door = Door(desk, Gatekeeper(agencies), province(), store, 60_000, links=LINKS, together=TOGETHER)
    with TestClient(application(door), base_url="http://door.example", raise_server_exceptions=False) as one:
        one.headers["Authorization"] = f"Bearer {EDUCATION}{'k' * 32}"
        yield one


def as_(agency: str) -> dict[str, str]:
    """The header by which an agency proves itself."""
    return {"Authorization": f"Bearer {agency}{'k' * 32}"}


def uploaded(client: TestClient[Any], content: bytes = PDF, agency: str = EDUCATION) -> dict[str, Any]:
    """A file that an agency has uploaded, as the door tells it."""
    where = f"{PREFIX}/files/{hash_of(content)}"
    answer = client.put(where, content=content, params={"name": "qd.pdf"}, headers=as_(agency))
    told: dict[str, Any] = answer.json()
    return told


def problems(answer: httpx.Response) -> dict[str, dict[str, Any]]:
    """What is wrong, by path."""
    assert answer.status_code == 422, answer.text
    return {one["path"]: one for one in answer.json()["problems"]}


def standing(desk: Desk, number: str, agency: str, whole: Dossier) -> str:
    """Have a dossier that an agency handed in; its receipt."""
    message = len(desk.dossiers) + 1
    source = f"agency.{agency}"
    handed = HandedIn(message, source, "agency.dossier", "kept", message, number, NOW, "0" * 64)
    whole = msgspec.structs.replace(whole, procedure=PROCEDURE)
    stands = Standing(
        message,
        {source: number},
        whole,
        withdrawn=False,
        began=NOW,
        heard=NOW,
        asked=NOW,
        legs=(),
        errands=(),
    )
    desk.dossiers[message] = (handed, stands)
    return receipt_of(message)


def everywhere(file: dict[str, Any]) -> dict[str, Any]:
    """A dossier that names one file wherever a dossier may have one."""
    return dossier(
        1,
        documents=[{"id": "1", "name": "Đơn", "file": file}],
        insurance={
            "participant": {"name": "x"},
            "form_files": [{"id": "1", "name": "Tờ khai", "file": file}],
        },
    )


def test_a_file_may_be_named_by_the_agency_that_uploaded_it_and_by_nobody_who_knows_its_hash(
    client: TestClient[Any], desk: Desk
) -> None:
    """Wherever it stands; one that another has and one that nobody has are answered alike."""
    theirs = uploaded(client, agency=LAND)
    told = problems(client.post(f"{PREFIX}/dossiers", json=everywhere(theirs)))
    paths = {
        "documents[0].file.hash",
        "insurance.form_files[0].file.hash",
    }
    assert paths <= set(told)
    nobodys = {**theirs, "hash": "0" * 64}
    missing = problems(client.post(f"{PREFIX}/dossiers", json=everywhere(nobodys)))
    assert {path: {**one, "value": ""} for path, one in told.items()} == {
        path: {**one, "value": ""} for path, one in missing.items()
    }
    assert not desk.taken
    document = {"id": "1", "name": "Đơn", "file": uploaded(client)}
    assert client.post(f"{PREFIX}/dossiers", json=dossier(1, documents=[document])).status_code == 202


def test_what_is_said_of_a_file_is_what_the_door_said(client: TestClient[Any]) -> None:
    """Another size, a type that a browser would run, a name with folders: each at its own path."""
    file = uploaded(client, b"<html><script>alert(1)</script></html>")
    assert file["media_type"] == "application/octet-stream"
    lies = {**file, "media_type": "text/html"}, {**file, "size": 1}, {**file, "name": "../../etc/passwd"}
    documents = [{"id": str(at), "name": "x", "file": one} for at, one in enumerate(lies)]
    told = problems(client.post(f"{PREFIX}/dossiers/checks", json=dossier(1, documents=documents)))
    assert set(told) == {
        "documents[0].file.media_type",
        "documents[1].file.size",
        "documents[2].file.name",
    }


def test_an_address_is_judged_wherever_a_document_stands(client: TestClient[Any]) -> None:
    """As the page describes it: of the dossier, and of what an insurance file brings."""
    bad = {"id": "1", "name": "x", "url": "javascript:alert(1)"}
    told = dossier(1, documents=[bad])
    told["insurance"] = {"participant": {"name": "x"}, "form_files": [bad]}
    assert set(problems(client.post(f"{PREFIX}/dossiers/checks", json=told))) == {
        "documents[0].url",
        "insurance.form_files[0].url",
    }


def test_files_of_the_dossier_itself_and_of_related_ones_that_one_sees_may_be_named_again(
    client: TestClient[Any], desk: Desk, store: FileStore
) -> None:
    """Replaced or related and seen: yes; related and another's: no, as if there were none."""
    kept = store.put([PDF])
    file = File(hash=kept.hash, size=kept.size, media_type=kept.media_type, name="qd.pdf")
    whole = Dossier(documents=(Document(id="1", name="Đơn", file=file),))
    receipt = standing(desk, "H12.09-260415-0007", EDUCATION, whole)
    standing(desk, "H12.06-260415-0007", LAND, whole)
    document = {"id": "1", "name": "Đơn", "file": msgspec.to_builtins(file)}
    same = {**dossier(7), "documents": [document]}
    answer = client.put(f"{PREFIX}/dossiers/{receipt}", json=same, headers={"Idempotency-Key": "x"})
    assert answer.status_code == 202, answer.text
    related = dossier(8, documents=[document], related=["H12.09-260415-0007"])
    assert client.post(f"{PREFIX}/dossiers", json=related).status_code == 202
    for others in (["H12.06-260415-0007"], []):
        refused = dossier(9, documents=[document], related=others)
        assert set(problems(client.post(f"{PREFIX}/dossiers", json=refused))) == {"documents[0].file.hash"}


def test_all_files_of_a_dossier_are_weighed_together_with_those_it_has(
    client: TestClient[Any], desk: Desk, store: FileStore
) -> None:
    """Handed in, checked or replaced: the file that is too much is named; the same content counts once."""
    first, second = (uploaded(client, bytes([65 + at]) * 15_001) for at in range(2))
    both = [{"id": str(at), "name": "Đơn", "file": one} for at, one in enumerate((first, first, second))]
    for where in ("/dossiers", "/dossiers/checks"):
        told = problems(client.post(f"{PREFIX}{where}", json=dossier(7, documents=both)))
        assert {path: (one["value"], one["rule"]) for path, one in told.items()} == {
            "documents[2].file": ("15001", "dossier limit")
        }
    kept = store.put([b"A" * 15_001])
    file = File(hash=kept.hash, size=kept.size, media_type=kept.media_type, name="a.txt")
    whole = Dossier(documents=(Document(id="0", name="Đơn", file=file),))
    receipt = standing(desk, "H12.09-260415-0007", EDUCATION, whole)
    for documents, status in ((both[2:], 422), (both[:2], 202)):
        again = {**dossier(7), "documents": documents}
        answer = client.put(f"{PREFIX}/dossiers/{receipt}", json=again, headers={"Idempotency-Key": "x"})
        assert answer.status_code == status, answer.text


def test_a_result_without_a_file_with_us_lies_at_the_one_stop_and_its_address_is_nobodys(
    client: TestClient[Any], desk: Desk
) -> None:
    """The one-stop's own address is of the inner network: an agency is told where the paper is instead."""
    inner = "http://10.1.2.3:8080/tep/qd.pdf?token=x"
    results = (Result(name="Quyết định", url=inner), Result(id="2", name="Giấy"))
    receipt = standing(desk, "H12.09-260415-0007", EDUCATION, Dossier(results=results))
    answer = client.get(f"{PREFIX}/dossiers/{receipt}")
    elsewhere, nowhere = (one["file"] for one in answer.json()["results"])
    assert (elsewhere["lies_at"], elsewhere["url"], nowhere) == ("onestop", None, None)
    assert "một cửa" in elsewhere["text"]
    assert "10.1.2.3" not in answer.text


async def test_a_result_is_told_with_a_link_that_opens_it_until_its_day_and_not_once_it_is_withdrawn(
    client: TestClient[Any], desk: Desk, store: FileStore
) -> None:
    """To who may see the dossier; another agency gets 404 and no link."""
    kept = store.put([PDF])
    file = File(hash=kept.hash, size=kept.size, media_type=kept.media_type, name="Quyết định.pdf")
    results = (Result(name="Quyết định", file=file), Result(id="2", name="Cũ", file=file, revoked=True))
    receipt = standing(desk, "H12.09-260415-0007", EDUCATION, Dossier(results=results))
    (told,) = client.get(f"{PREFIX}/dossiers/{receipt}").json()["results"]
    link = told["file"]
    assert (link["sha256"], link["size"], link["name"]) == (kept.hash, len(PDF), "Quyết định.pdf")
    assert datetime.fromisoformat(link["until"]).date() > (NOW + timedelta(days=180)).date()
    assert client.get(f"{PREFIX}/dossiers/{receipt}", headers=as_(LAND)).status_code == 404
    server = httpx.ASGITransport(app=Downloads(store, LINKS))
    async with httpx.AsyncClient(transport=server) as citizen:
        assert (await citizen.get(link["url"])).content == PDF
    digest, mark = parts_of(link["url"]) or ("", "")
    store.decide(Decision("withdrawn", digest, "trực ban", "nhầm", NOW, mark))
    (withdrawn,) = client.get(f"{PREFIX}/dossiers/{receipt}").json()["results"]
    assert (withdrawn["name"], withdrawn["file"]) == ("Quyết định", None)
