"""What others write into a dossier: taken once, refused when it comes too late."""

import time

import pytest

from tests.contract.onestop_simulator.peers import STILL, Start, dossier, eventually, quiet, status

pytestmark = pytest.mark.contract


def test_an_update_is_taken_once_and_an_equal_one_is_an_echo(start: Start) -> None:
    """Replaced keys show; equal content is an echo and changes nothing; older asOf is out of order."""
    peer = start(*STILL)
    path = f"/pa/dossier/{peer.create(asOf='2026-11-23T08:00:00+07:00')['id']}"

    def put(note: str, as_of: str) -> None:
        assert peer.http.put(path, json={"note": note, "asOf": as_of}).status_code == 200

    put("mới", "2026-11-23T10:00:00+07:00")
    changed = peer.http.get(f"{path}/--online").json()["updatedDate"]
    put("mới", "2026-11-23T10:00:00+07:00")
    assert peer.http.get(f"{path}/--online").json()["updatedDate"] == changed
    put("cũ", "2026-11-23T09:00:00+07:00")
    assert peer.http.get(f"{path}/--online").json()["note"] == "cũ"
    counts = peer.effects()["by_operation"]["update"]
    assert (counts["applied"], counts["echoes"], counts["out_of_order"]) == (1, 1, 1)
    assert peer.http.put(path, json=dossier("G22.99-261123-000001")).status_code == 200
    assert peer.effects()["echoes"] == 2
    fixed = peer.http.put(path, json={"procedure": {"code": "1.000002"}, "code": "H12-1"})
    assert [error["field"] for error in fixed.json()["errors"]] == ["code", "procedure"]


def test_a_supplement_is_awaited_taken_once_and_lets_the_work_go_on(start: Start) -> None:
    """409 before it is asked for; taken; again it is a duplicate; afterwards the dossier is returned."""
    peer = start("--pace", "0.3", "--shares", "refuse=0,supplement=1,again=0,payment=0,stop=0")
    known = peer.create()["id"]
    path = f"/pa/dossier/{known}/supplements"
    early = peer.http.post(path, json={"id": "BS-0"})
    assert (early.status_code, early.json()["code"]) == (409, "NOT_WAITING_FOR_SUPPLEMENT")
    eventually(lambda: status(peer.whole(known)) == 5)
    asked = peer.whole(known)["supplements"][0]
    assert (asked["answered"], bool(asked["content"])) == (False, True)
    time.sleep(0.6)
    assert status(peer.whole(known)) == 5
    answer = {"id": asked["id"], "content": "Đã bổ sung", "receivedDate": "2026-11-24T08:00:00+07:00"}
    assert [peer.http.post(path, json=answer).status_code for _ in range(2)] == [200, 200]
    quiet(peer)
    held = peer.whole(known)
    assert [task["status"]["id"] for task in held["tasks"]] == [2, 4, 5, 4, 9, 10]
    assert held["supplements"][0]["answered"] is True
    assert held["appointmentDate"] > asked["appointmentBefore"]
    counts = peer.effects()["by_operation"]["supplement"]
    assert (counts["applied"], counts["duplicates"], counts["refused"]) == (1, 1, 1)


def test_a_withdrawal_ends_the_dossier_and_comes_too_late_for_an_ended_one(start: Start) -> None:
    """7 with the reason; again, under any id, a duplicate; 404 before the create, 409 after an end."""
    peer = start("--pace", "0.02", "--shares", "refuse=1")
    ask = {"id": "R1", "reason": "Nộp nhầm", "askedDate": "2026-11-23T09:00:00+07:00"}
    assert peer.http.post("/pa/dossier/0123/withdrawal", json=ask).status_code == 404
    refused = peer.create("G22.99-261123-000002")["id"]
    eventually(lambda: status(peer.whole(refused)) == 3)
    late = peer.http.post(f"/pa/dossier/{refused}/withdrawal", json=ask)
    assert (late.status_code, late.json()["code"]) == (409, "DOSSIER_ENDED")
    peer = start(*STILL)
    known = peer.create()["id"]
    for again in ("R1", "R1", "R2"):
        assert peer.http.post(f"/pa/dossier/{known}/withdrawal", json=ask | {"id": again}).status_code == 200
    held = peer.whole(known)
    assert (status(held), held["reason"], len(held["tasks"])) == (7, "Nộp nhầm", 1)
    counts = peer.effects()["by_operation"]["withdrawal"]
    assert (counts["applied"], counts["duplicates"]) == (1, 2)
    assert peer.http.put(f"/pa/dossier/{known}", json={"note": "muộn"}).status_code == 409


def test_a_payment_ends_the_waiting_and_a_result_from_elsewhere_is_kept(start: Start) -> None:
    """Status 6 goes on when paid; equal ids are duplicates; amounts are whole đồng."""
    peer = start("--pace", "0.5", "--shares", "refuse=0,supplement=0,payment=1,stop=0")
    known = peer.create()["id"]
    eventually(lambda: status(peer.whole(known)) == 6)
    path = f"/pa/dossier/{known}/fees/payments"
    assert peer.http.post(path, json={"id": "P1", "amount": "8000"}).status_code == 422
    paid = {"id": "P1", "amount": 8000, "paidDate": "2026-11-23T09:00:00+07:00"}
    assert [peer.http.post(path, json=paid).status_code for _ in range(2)] == [200, 200]
    held = peer.whole(known)
    assert (status(held), held["payments"]) == (4, [paid])
    result = {"id": "KQ1", "name": "Thẻ bảo hiểm y tế", "url": "http://127.0.0.1/the.pdf"}
    assert peer.http.post(f"/pa/dossier/{known}/results", json=result).status_code == 200
    assert peer.whole(known)["results"] == [result]
    assert (peer.effects()["duplicates"], peer.effects()["refused"]) == (1, 1)
