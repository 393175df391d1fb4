"""What the simulated officials do with dossiers that need other authorities, seen from outside."""

import csv
from pathlib import Path
from typing import Any

import pytest

from tests.contract.onestop_simulator.peers import (
    ROOT,
    SMOOTH,
    Peer,
    Start,
    eventually,
    quiet,
    running,
    status,
)

pytestmark = pytest.mark.contract
TABLES = ROOT / "deploy" / "tables"
OPTIONS = ("--pace", "0.02", "--shares", SMOOTH, "--tables", str(TABLES), "--flows", "all")
LAND = {"nguoiSuDung": [{"hoTen": "Nguyễn Thị Út"}, {"hoTen": "Lê Tư"}], "thuaDat": [{"soThua": "12"}]}
NOTICES = [{"number": "TB-1", "remaining": 500}, {"number": "TB-2", "remaining": 1500}]
OWED = {"state": "CON_NO", "payers": [{"total": 2000, "notices": NOTICES}]}


@pytest.fixture
def peer(start: Start) -> Peer:
    """Officials who know every flow and hurry."""
    return start(*OPTIONS)


def made(peer: Peer, procedure: str, **changes: Any) -> str:
    """A dossier of a procedure; its id."""
    return str(peer.create(procedure={"code": procedure}, **changes)["id"])


def reached(peer: Peer, known: str, wanted: int) -> dict[str, Any]:
    """The dossier once it stands at a status."""
    held: dict[str, Any] = eventually(
        lambda: (now := peer.whole(known)) and status(now) == wanted and now, seconds=5
    )
    return held


def put(peer: Peer, known: str, path: str, body: dict[str, Any], *, method: str = "POST") -> int:
    """Write into a dossier; the status of the answer."""
    return peer.http.request(method, f"/pa/dossier/{known}/{path}", json=body).status_code


def paid(number: str, amount: int) -> dict[str, Any]:
    """A payment of a notice."""
    when = "2026-11-23T10:00:00+07:00"
    return {
        "id": f"CT-{number}", "noticeNumber": number, "amount": amount, "paidDate": when, "state": "DA_NOP",
    }  # fmt: skip


def test_land_waits_for_what_is_owed_and_until_all_of_it_is_paid(peer: Peer) -> None:
    """Slip, obligation, payment_due, every notice paid, met, certificate; one notice short is refused."""
    known = made(peer, "9.100109", eForm={"data": {"datDai": LAND}})
    held = eventually(lambda: (now := peer.whole(known)) and now["slips"] and now)
    assert held["slips"][0]["datDai"] == LAND
    assert put(peer, known, "financial-obligation", OWED, method="PUT") == 200
    assert put(peer, known, "financial-obligation", OWED, method="PUT") == 200
    assert status(reached(peer, known, 6)) == 6
    payments = [paid("TB-1", 500), paid("TB-2", 1500)]
    assert put(peer, known, "fees/payments", payments[0]) == 200
    assert put(peer, known, "financial-obligation/met", {"payments": payments[:1]}) == 409
    assert status(peer.whole(known)) == 6
    waits = {one["dossier"]: one["waits"] for one in peer.http.get("/_sim/open").json()}
    assert waits[peer.whole(known)["code"]].endswith("another authority, for met")
    assert put(peer, known, "fees/payments", payments[1]) == 200
    assert put(peer, known, "financial-obligation/met", {"payments": payments}) == 200
    held = reached(peer, known, 10)
    assert held["code"] not in [one["dossier"] for one in peer.http.get("/_sim/open").json()]
    assert [one["kind"] for one in held["results"]] == ["GCN_QSDD"]
    counts = peer.effects()["by_operation"]
    assert (counts["obligation"]["applied"], counts["obligation"]["echoes"]) == (1, 1)


def test_a_refusal_of_the_tax_office_stops_a_land_dossier(peer: Peer) -> None:
    """It comes as a step, which stands in the history under the one-stop's own clock."""
    known = made(peer, "9.100109", eForm={"data": {"datDai": LAND}})
    eventually(lambda: peer.whole(known)["slips"])
    step = {
        "id": "refusal-1",
        "status": {"id": 8},
        "assignee": {"fullname": "Cơ quan thuế"},
        "content": "Không thuộc thẩm quyền",
        "completedDate": "2026-11-23T10:00:00+07:00",
    }
    assert put(peer, known, "tasks", step) == 200
    held = reached(peer, known, 8)
    times = [task["completedDate"] for task in held["tasks"]]
    assert times == sorted(times)
    assert "refusal-1" in [task["id"] for task in held["tasks"]]


def test_a_wrong_obligation_is_refused_with_all_its_problems(peer: Peer) -> None:
    """A total that is no sum, a state that is none, money that is no whole đồng."""
    known = made(peer, "9.100109")
    wrong = {
        "state": "?",
        "payers": [
            {"total": 1, "notices": NOTICES},
            {"total": "5", "notices": [{"number": "", "remaining": 1.5}]},
        ],
    }
    answer = peer.http.put(f"/pa/dossier/{known}/financial-obligation", json=wrong)
    fields = [one["field"] for one in answer.json()["errors"]]
    assert answer.status_code == 422
    assert fields == [
        "state", "payers[0].total", "payers[1].total", "payers[1].notices[0].number",
        "payers[1].notices[0].remaining",
    ]  # fmt: skip


def test_a_birth_is_registered_first_and_ends_when_the_card_is_there(peer: Peer) -> None:
    """Certificate with the child's personal number, residence, the card of another authority, ready."""
    form = {
        "data": {"khaiSinh": {"nksHoTen": "Danh Thị Bé", "nksNgaySinh": "02/04/2026", "nksGioiTinh": "2"}}
    }
    known = made(peer, "2.000986", eForm=form)
    held = eventually(lambda: (now := peer.whole(known)) and len(now["results"]) == 2 and now)
    assert [one["kind"] for one in held["results"]] == ["GIAY_KHAI_SINH", "THONG_BAO_CU_TRU"]
    assert held["eForm"]["data"]["khaiSinh"]["soDinhDanh"].startswith("096326")
    card = {"id": "card-1", "name": "Thẻ bảo hiểm y tế", "kind": "THE_BHYT"}
    assert put(peer, known, "results", card) == 200
    assert status(peer.whole(known)) == 4
    assert put(peer, known, "ready", {"results": [card]}) == 200
    assert len(reached(peer, known, 10)["results"]) == 3


def test_another_authority_s_question_interrupts_and_the_citizen_s_answer_resumes(peer: Peer) -> None:
    """The request stands in the list under its own number; then the dossier waits where it waited before."""
    known = made(peer, "2.001023")
    eventually(lambda: peer.whole(known)["results"])
    asked = {"id": "BS000042", "content": "Bổ sung giấy chứng sinh"}
    assert put(peer, known, "supplement-requests", asked) == 200
    held = reached(peer, known, 5)
    assert [(one["id"], one["answered"]) for one in held["supplements"]] == [("BS000042", False)]
    assert put(peer, known, "supplements", {"id": "BS000042"}) == 200
    held = reached(peer, known, 4)
    assert held["supplements"][0]["answered"] is True
    assert put(peer, known, "ready", {}) == 200
    reached(peer, known, 10)


def test_on_the_spot_an_insurance_file_is_done_when_its_result_is_there(peer: Peer) -> None:
    """Four steps: received, appraised, approved, returned."""
    known = made(peer, "9.100001", onTheSpot=True)
    reached(peer, known, 4)
    result = {"id": "00001/2026/09601", "name": "Kết quả giải quyết", "kind": "QUYET_DINH"}
    assert put(peer, known, "results", result) == 200
    held = reached(peer, known, 10)
    assert [task["status"]["id"] for task in held["tasks"]] == [2, 4, 9, 10]


def agencies(*, old: bool) -> list[dict[str, str]]:
    """Communes of today, or those of before 1 July 2025."""
    with (TABLES / "agencies.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["level"] == "commune"]
    return [
        {"code": row["code"], "name": row["name"]}
        for row in rows
        if bool(row["until"]) is old and row["code"].startswith("H12.")
    ]


def test_taken_in_elsewhere_goes_to_whom_it_concerns_and_comes_back(peer: Peer) -> None:
    """It waits for the hand-over, and with its result for the return."""
    taken, works = agencies(old=False)[:2]
    known = made(peer, "1.001193", agency=works, intakeAgency=taken)
    reached(peer, known, 2)
    assert put(peer, known, "transfers", {"fromAgency": taken, "toAgency": works}) == 200
    held = eventually(lambda: (now := peer.whole(known)) and now["results"] and now)
    assert held["transfers"][0]["toAgency"] == works
    assert status(held) == 9
    result = held["results"][0]
    assert put(peer, known, "results/returns", {"id": result["id"], "name": result["name"]}) == 200
    reached(peer, known, 10)


@pytest.mark.parametrize(("applied", "levels"), [("2025-05-05", 2), ("2025-07-05", 1)])
def test_levels_are_those_of_the_tree_on_the_day_of_submission(
    start: Start, applied: str, levels: int
) -> None:
    """Commune, district, province until 30 June 2025; commune and province since 1 July."""
    peer = start(*OPTIONS[:-1], "levels")
    works = agencies(old=levels == 2)[0]
    answer = peer.http.post(
        "/pa/dossier",
        json={
            "nationCode": "G22.99-250505-000001",
            "procedure": {"code": "1.001193"},
            "agency": {"name": works["name"]},
            "applicant": {"data": {"fullname": "Lê Văn Tư"}},
            "appliedDate": f"{applied}T08:00:00+07:00",
        },
    )
    assert answer.status_code == 201, answer.text
    quiet(peer)
    held = peer.whole(answer.json()["id"])
    assert len(held["transfers"]) == levels
    assert held["transfers"][-1]["toAgency"]["code"] == "H12"
    assert held["currentAgency"]["code"] == "H12"


def test_a_dossier_of_an_agency_that_was_closed_meanwhile_is_its_heirs(start: Start) -> None:
    """Named as of its day, worked on by who has the work now, and handed up the tree of today."""
    peer = start(*OPTIONS[:-1], "levels")
    with (TABLES / "agencies.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["code"]: row for row in csv.DictReader(file)}
    closed = next(row for row in rows.values() if row["level"] == "commune" and row["successor"])
    heir = rows[closed["successor"]]
    known = made(peer, "1.001193", agency={"name": closed["name"]}, appliedDate="2025-05-05T08:00:00+07:00")
    quiet(peer)
    held = peer.whole(known)
    assert (held["agency"]["code"], held["agency"]["name"]) == (heir["code"], heir["name"])
    assert held["code"].startswith(f"{heir['code']}-")
    assert [each["toAgency"]["code"] for each in held["transfers"]] == ["H12"]


@pytest.mark.parametrize("word", [2, 3])
def test_who_hands_a_dossier_up_over_the_axis_waits_for_the_word_of_the_agency_above(
    start: Start, word: int
) -> None:
    """Taken over, or not: the officials go on, and who took the dossier in is known."""
    peer = start(*OPTIONS[:-1], "levels,axis")
    known = made(peer, "1.001193", agency={"code": agencies(old=False)[0]["code"]})
    held = eventually(lambda: (now := peer.whole(known)) and now["transfers"] and now)
    assert held["intakeAgency"] == held["agency"]
    waits = {one["dossier"]: one["waits"] for one in peer.http.get("/_sim/open").json()}
    assert waits[held["code"]].endswith("another authority, for taken")
    step = {
        "id": "document-1",
        "status": {"id": word},
        "assignee": {"fullname": "Văn phòng"},
        "content": "Đã tiếp nhận văn bản",
        "completedDate": "2026-11-23T10:00:00+07:00",
    }
    assert put(peer, known, "tasks", step) == 200
    reached(peer, known, 10)


def test_a_result_that_is_taken_back_stays_marked(peer: Peer) -> None:
    """One that nobody has is refused."""
    known = made(peer, "1.001193")
    held = reached(peer, known, 10)
    result = held["results"][0]["id"]
    assert put(peer, known, "results/revocations", {"id": "khong-co"}) == 409
    assert put(peer, known, "results/revocations", {"id": result, "reason": "Cấp sai"}) == 200
    assert peer.whole(known)["results"][0]["revoked"] is True


def test_what_comes_twice_is_acknowledged_and_counted(peer: Peer) -> None:
    """The other side's mistake is seen by somebody who is not that side."""
    known = made(peer, "2.001023")
    eventually(lambda: peer.whole(known)["results"])
    card = {"id": "card-1", "name": "Thẻ", "kind": "THE_BHYT"}
    assert [put(peer, known, "results", card) for _ in range(2)] == [200, 200]
    assert peer.effects()["duplicates"] == 1
    assert len([one for one in peer.whole(known)["results"] if one["id"] == "card-1"]) == 1


def test_after_a_restart_a_dossier_waits_for_what_it_waited_for(tmp_path: Path) -> None:
    """Killed in the middle of a flow: gates and what was written are on disk."""
    with running(tmp_path, *OPTIONS) as first:
        known = made(first, "9.100109", eForm={"data": {"datDai": LAND}})
        eventually(lambda: first.whole(known)["slips"])
        first.process.kill()
        first.process.wait(10)
    with running(tmp_path, *OPTIONS) as second:
        assert put(second, known, "financial-obligation", OWED, method="PUT") == 200
        body = {"payments": [paid("TB-1", 500), paid("TB-2", 1500)]}
        assert put(second, known, "financial-obligation/met", body) == 200
        reached(second, known, 10)
