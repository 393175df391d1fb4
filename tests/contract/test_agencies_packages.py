"""Dossiers that are handed in as edXML packages: read, judged and refused with the sender's own paths."""

import base64
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.testing import TestClient
from lxml import etree

from adapters.agency.calls import PREFIX, application
from adapters.agency.door import Door
from adapters.agency.gatekeeper import Gatekeeper
from adapters.ioffice.edxml.outline import put_together
from bus.agency_settings import AgencySettings
from bus.errors import UnavailableError
from bus.files import FileStore
from bus.settings import Rate, Secret
from commands.agency_packages import SHEET, EdxmlPackages
from commands.parts import TABLES
from mappings.dossier import Dossier
from mappings.engine import Compiled, compile_sheet
from mappings.sheet import load_sheets
from mappings.tables import load
from tests.acceptance.agency_world import hash_of
from tests.contract.agency_desk import Desk, province
from tests.contract.agency_packages import NUMBER, package

KEY = "k" * 32
MOST = 60_000
TOGETHER = 15_000
PDF = b"%PDF-1.7 \xc4\x90\xc6\xa1n"
HEADER = "MessageHeader"
EMPTY = "<Attachment><ContentId>cid:2</ContentId></Attachment>"
XML = {"Content-Type": "application/xml"}


@pytest.fixture(scope="module")
def sheet() -> Compiled:
    """The shipped sheet."""
    return compile_sheet(load_sheets()[SHEET], load([TABLES]))


@pytest.fixture
def desk() -> Desk:
    """A desk that remembers."""
    return Desk()


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    """A store with a limit of 20,000 bytes."""
    made = FileStore(tmp_path, limit=20_000)
    made.prepare()
    return made


@pytest.fixture
def client(desk: Desk, store: FileStore, sheet: Compiled) -> Iterator[TestClient[Any]]:
    """The door over that desk and store, for the education department."""
    agency = AgencySettings(
        name="Sở",
        code="H12.09",
        key=Secret(KEY),
        may=("dossier.hand_in",),
        procedures=("education",),
        rate=Rate("1000 per second"),
    )
    packages = EdxmlPackages(sheet, store, MOST)
    door = Door(desk, Gatekeeper([agency]), province(), store, MOST, packages, together=TOGETHER)
    with TestClient(application(door), base_url="http://door.example", raise_server_exceptions=False) as one:
        one.headers["Authorization"] = f"Bearer {KEY}"
        yield one


def handed(client: TestClient[Any], raw: bytes, where: str = "/dossiers") -> httpx.Response:
    """The answer to a package."""
    return client.post(f"{PREFIX}{where}", content=raw, headers=XML)


def problems(client: TestClient[Any], raw: bytes, status: int = 422) -> dict[str, dict[str, Any]]:
    """What is wrong, by path; handing in and checking say the same."""
    answers = [handed(client, raw, where) for where in ("/dossiers", "/dossiers/checks")]
    assert [answer.status_code for answer in answers] == [status, status], answers[0].text
    assert answers[0].json() == answers[1].json()
    found = {one["path"]: one for one in answers[0].json()["problems"]}
    assert all(one["what"] and one["fix"] for one in found.values())
    return found


def test_a_package_is_kept_as_the_dossier_it_tells_with_its_file_in_the_store(
    client: TestClient[Any], desk: Desk, store: FileStore
) -> None:
    """Number, procedure, applicant, subject, day, attachment; kept is what it says, the whole a file."""
    raw = package(PDF)
    answer = handed(client, raw)
    assert (answer.status_code, answer.json()["number"]) == (202, NUMBER), answer.text
    incoming, dossier = desk.taken[0]
    assert isinstance(dossier, Dossier)
    assert incoming.media_type == "application/xml"
    assert f'package="{hash_of(raw)}"'.encode() in incoming.raw
    assert base64.b64encode(PDF) not in incoming.raw
    assert hash_of(PDF).encode() in incoming.raw
    assert (dossier.code, dossier.procedure) == (NUMBER, "9.100083")
    assert dossier.subject == "Cấp bản sao văn bằng, chứng chỉ từ sổ gốc"
    assert dossier.owner is not None
    assert dossier.owner.name == "Nguyễn Thị Ánh Tuyết"
    assert str(dossier.submitted_at) == "2026-11-25 00:00:00+07:00"
    assert [(one.id, one.name, one.file and one.file.hash) for one in dossier.documents] == [
        ("don", "Đơn.pdf", hash_of(PDF))
    ]
    for content in (PDF, raw):
        with store.open(hash_of(content)) as stored:
            assert stored.read() == content


def test_a_package_takes_the_room_of_its_files_once_and_its_bytes_are_still_there(
    client: TestClient[Any], desk: Desk, store: FileStore
) -> None:
    """On disk are the file and little more; with the outline that the message names they give the package."""
    scan = b"%PDF-1.7 " + bytes(range(256)) * 50
    raw = package(scan)
    assert handed(client, raw).status_code == 202
    on_disk = sum(each.stat().st_size for each in store.folder.rglob("*") if each.is_file())
    assert len(scan) < on_disk < len(scan) + 3000 < len(raw)
    tree = etree.fromstring(desk.taken[0][0].raw)
    assert tree.get("package") == hash_of(raw)
    with store.open(tree.get("outline") or "") as outline:
        assert b"".join(put_together(outline, store.open)) == raw


def test_a_package_with_more_files_than_a_dossier_may_have_is_refused_at_its_attachment(
    client: TestClient[Any], desk: Desk
) -> None:
    """The attachment that is too much, by its place in the package."""
    told = problems(client, package(b"%PDF-1.7 " + b"x" * TOGETHER))
    assert {path: one["rule"] for path, one in told.items()} == {
        "AttachmentEncoded/Attachment/0": "dossier limit"
    }
    assert not desk.taken


def test_checking_a_package_keeps_nothing_and_no_file_either(
    client: TestClient[Any], desk: Desk, store: FileStore
) -> None:
    """Fine, and the store is as empty as before."""
    answer = handed(client, package(PDF), "/dossiers/checks")
    assert (answer.status_code, answer.json()) == (200, {"number": NUMBER, "fine": True, "receipt": None})
    assert not desk.taken
    assert not list(store.hashes())


def test_two_packages_that_say_the_same_are_one_content_and_other_words_are_another(
    client: TestClient[Any], desk: Desk
) -> None:
    """What counts as content is what a package says, not how its bytes were laid out."""
    for raw in (package(PDF), package(PDF).replace(b"\n", b"\n  "), package(b"%PDF-1.7 other")):
        assert handed(client, raw).status_code == 202
    told = [incoming.fingerprint["content"] for incoming, _ in desk.taken if incoming.fingerprint]
    assert told[0] == told[1] != told[2]


def test_what_the_judge_finds_is_named_at_the_elements_of_the_package(client: TestClient[Any]) -> None:
    """Number, procedure and agency of others: at ReferenceCodes, Subject and From, with their values."""
    other = "H12.06-260415-0001"
    wrong = package(organ="H12.06", number=other, code=other, subject=f"9.999999/Đỗ/{other}")
    found = problems(client, wrong)
    assert {path: one.get("value") for path, one in found.items()} == {
        f"{HEADER}/OtherInfo/ReferenceCodes": other,
        f"{HEADER}/Subject": "9.999999",
        f"{HEADER}/From": "H12.06",
    }


def test_a_package_that_contradicts_itself_is_told_every_place(client: TestClient[Any]) -> None:
    """Three numbers, no one-stop dossier and no new one: all at once."""
    found = problems(
        client,
        package(
            code="H12.09-260415-0302",
            subject="9.100083/Đỗ/H12.09-260415-0303",
            application="VBDT",
            kind="1",
        ),
    )
    assert set(found) == {
        f"{HEADER}/Code/CodeNumber",
        f"{HEADER}/Subject",
        f"{HEADER}/ApplicationType",
        "TraceHeaderList/Bussiness/BussinessDocType",
    }


def test_form_sheet_and_content_are_told_in_one_answer(client: TestClient[Any]) -> None:
    """A day of a wrong form, no base64, another's number, a subject of one part, no new dossier."""
    other = "H12.06-260415-0001"
    wrong = package(
        day="25/11/2026", encoded="@@@@", number=other, code=other, subject="Cấp bản sao", kind="1"
    )
    assert set(problems(client, wrong)) == {
        f"{HEADER}/PromulgationInfo/PromulgationDate",
        "AttachmentEncoded/Attachment/ContentTransferEncoded",
        f"{HEADER}/Subject",
        "TraceHeaderList/Bussiness/BussinessDocType",
        f"{HEADER}/OtherInfo/ReferenceCodes",
    }


def test_a_procedure_of_others_is_forbidden_at_the_senders_own_path(client: TestClient[Any]) -> None:
    """403 as for JSON, and the element is named."""
    found = problems(client, package(subject=f"9.100001/Đỗ/{NUMBER}"), 403)
    assert set(found) == {f"{HEADER}/Subject"}


def _bomb() -> str:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("to.pdf", b"\0" * 30_000_000)
    return base64.b64encode(made.getvalue()).decode()


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"", ""),
        (b"\x00\xff", ""),
        (package()[:900], ""),
        (package(root="Envelope"), "Envelope"),
        (package(start="<!DOCTYPE edXML [<!ENTITY a 'b'>]>"), ""),
        (package(day="25/11/2026"), f"{HEADER}/PromulgationInfo/PromulgationDate"),
        (package(day="2026/02/30"), f"{HEADER}/PromulgationInfo/PromulgationDate"),
        (package(encoded="@@@@"), "AttachmentEncoded/Attachment/ContentTransferEncoded"),
        (package(encoded=_bomb()), "AttachmentEncoded/Attachment/ContentTransferEncoded"),
        (package(b"x" * 20_001), "AttachmentEncoded/Attachment/ContentTransferEncoded"),
        (package(more=EMPTY), "AttachmentEncoded/Attachment/1"),
        (package(subject="Cấp bản sao"), f"{HEADER}/Subject"),
        (package(number=""), f"{HEADER}/OtherInfo/ReferenceCodes"),
    ],
    ids=[
        "nothing", "no XML", "cut off", "another root", "with a DTD", "a day backwards", "a day there is not",
        "no base64", "a bomb", "too large a file", "an attachment without content", "a subject of one",
        "no number",
    ],
)  # fmt: skip
def test_a_malformed_package_is_refused_with_its_place_and_nothing_is_kept(
    client: TestClient[Any], desk: Desk, raw: bytes, path: str
) -> None:
    """422, never a fault of ours; the place is an element of the package."""
    found = problems(client, raw)
    assert any(each.startswith(path) for each in found), found
    assert not desk.taken


def test_a_package_over_the_limit_is_413(client: TestClient[Any]) -> None:
    """Refused by its length, before it is read."""
    assert handed(client, package(b"x" * MOST)).status_code == 413


def test_while_the_disk_is_nearly_full_no_file_of_a_package_is_stored(
    client: TestClient[Any], desk: Desk, store: FileStore
) -> None:
    """503 with Retry-After, nothing half accepted."""
    desk.error = UnavailableError("The disk is nearly full.", retry_after=60.0)
    answer = handed(client, package(PDF))
    assert (answer.status_code, int(answer.headers["retry-after"])) == (503, 60)
    assert not list(store.hashes())


def test_a_door_without_a_codec_takes_no_packages(desk: Desk, store: FileStore) -> None:
    """415, which says what is taken."""
    agency = AgencySettings(name="Sở", code="H12.09", key=Secret(KEY), may=("dossier.hand_in",))
    door = Door(desk, Gatekeeper([agency]), province(), store, MOST)
    with TestClient(application(door), base_url="http://door.example") as one:
        one.headers["Authorization"] = f"Bearer {KEY}"
        assert handed(one, package()).status_code == 415
