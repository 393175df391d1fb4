"""A dossier in the simulated one-stop: created, worked on by its officials, to its end."""

import time
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.onestop_simulator.peers import (
    FORM,
    SMOOTH,
    STILL,
    TOKEN,
    Peer,
    Start,
    dossier,
    eventually,
    quiet,
    running,
    status,
)

pytestmark = pytest.mark.contract


def test_nobody_comes_in_without_a_living_token(start: Start) -> None:
    """Missing, unknown and expired tokens get 401 and wrong secrets no token (reference 7b, Keycloak)."""
    peer = start(*STILL, "--token-seconds", "0.4")
    assert peer.search()["content"] == []
    assert httpx.get(f"{peer.http.base_url}/pa/dossier/search", trust_env=False).status_code == 401
    wrong = peer.http.get("/pa/dossier/search", headers={"Authorization": "Bearer none"})
    assert (wrong.status_code, wrong.headers["www-authenticate"]) == (401, 'Bearer realm="digo"')
    time.sleep(0.5)
    assert peer.http.post("/pa/dossier", json=dossier("G22.99-261123-000001")).status_code == 401
    assert peer.http.post(TOKEN, data=FORM | {"client_secret": "x"}).status_code == 401
    assert (
        peer.http.post(TOKEN, data=FORM | {"grant_type": "magic"}).json()["error"] == "unsupported_grant_type"
    )
    basic = peer.http.post(TOKEN, data={"grant_type": "client_credentials"}, auth=("lien-thong", "mot-cua"))
    assert basic.json()["token_type"] == "Bearer"


def test_a_dossier_is_worked_to_its_end_with_history_and_paper(start: Start) -> None:
    """Accepted, in progress, finished, returned; whole seconds strictly rising; the paper can be fetched."""
    peer = start("--pace", "0.03", "--shares", SMOOTH)
    made = peer.create()
    assert made["code"].startswith("H12.06-")
    quiet(peer)
    held = peer.whole(made["id"])
    assert [task["status"]["id"] for task in held["tasks"]] == [2, 4, 9, 10]
    times = [datetime.fromisoformat(task["completedDate"]) for task in held["tasks"]]
    assert all(one < two for one, two in pairwise(times))
    assert all(moment.microsecond == 0 and moment.utcoffset() is not None for moment in times)
    dates = [held[n] for n in ("acceptedDate", "completedDate", "returnedDate", "appointmentDate")]
    assert dates == sorted(dates)
    assert peer.http.get(held["results"][0]["url"]).content.startswith(b"%PDF-")
    assert held["applicant"] == dossier("")["applicant"]
    assert held["files"] == dossier("")["files"]


def test_what_officials_do_does_not_depend_on_the_order_of_arrival(start: Start) -> None:
    """Two servers of one seed, given the same dossiers in opposite orders, bring each to the same history."""
    numbers = [f"G22.99-261123-{serial:06d}" for serial in range(30)]
    histories = []
    for order in (numbers, numbers[::-1]):
        peer = start("--pace", "0.01", "--shares", "refuse=0.2,supplement=0,payment=0.4,stop=0.3")
        made = {number: peer.create(number)["id"] for number in order}
        quiet(peer)
        histories.append({n: [t["status"]["id"] for t in peer.whole(i)["tasks"]] for n, i in made.items()})
    assert histories[0] == histories[1]
    assert {tuple(history) for history in histories[0].values()} >= {(3,), (2, 4, 8), (2, 4, 9, 10)}


def test_a_refused_dossier_says_why_and_has_the_dates_the_portal_asks_for(start: Start) -> None:
    """Status 3 ends it, with a reason, rejectedDate, acceptedDate and appointmentDate."""
    peer = start("--pace", "0.02", "--shares", "refuse=1")
    made = peer.create()
    eventually(lambda: status(peer.whole(made["id"])) == 3)
    held = peer.whole(made["id"])
    assert held["reason"]
    assert held["reason"] in held["tasks"][-1]["content"]
    assert all(held[name] for name in ("rejectedDate", "acceptedDate", "appointmentDate"))


def test_a_second_create_makes_a_second_dossier_and_is_counted(start: Start) -> None:
    """Create is not idempotent [I]: the one-stop itself counts what was made twice."""
    peer = start(*STILL)
    first, second = peer.create(), peer.create()
    assert first["id"] != second["id"]
    assert (peer.effects()["applied"], peer.effects()["duplicates"]) == (1, 1)
    assert peer.http.get("/_sim/state").json()["created_twice"] == ["G22.99-261123-000001"]
    entries = peer.http.get("/_sim/journal", params={"key": "G22.99-261123-000001"}).json()
    assert [entry["effect"] for entry in entries] == ["applied", "duplicate"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"nationCode": None}, "nationCode"),
        ({"nationCode": "G22-1"}, "nationCode"),
        ({"procedure": {"code": "khai sinh"}}, "procedure.code"),
        ({"procedure": "1.001193"}, "procedure"),
        ({"agency": {"code": "H12.6"}}, "agency.code"),
        ({"applicant": {"data": {"fullname": " "}}}, "applicant.data.fullname"),
        ({"applicant": {"data": {"fullname": "x" * 501}}}, "applicant.data.fullname"),
        ({"applicant": {"data": {"fullname": "A", "birthday": "2026-02-30"}}}, "applicant.data.birthday"),
        (
            {"applicant": {"data": {"fullname": "A", "identityKind": "1", "identityNumber": "123"}}},
            "applicant.data.identityNumber",
        ),
        ({"applicant": None}, "applicant.data.fullname"),
        ({"appliedDate": "2026-11-23T08:00:00"}, "appliedDate"),
        ({"appliedDate": "20261123080000"}, "appliedDate"),
        ({"applyMethod": {"id": "2"}}, "applyMethod.id"),
        ({"subject": "x" * 1001}, "subject"),
        ({"note": "a\x00b"}, "note"),
        ({"files": [{"id": "1", "name": "a.pdf", "url": "file:///etc/hosts"}]}, "files[0].url"),
        ({"files": {}}, "files"),
        ({"fees": [{"name": "Lệ phí", "amount": 1.5}]}, "fees[0].amount"),
        ({"tasks": []}, "tasks"),
    ],
)
def test_a_create_that_is_wrong_is_refused_with_the_field_named(
    still: Peer, changes: dict[str, Any], field: str
) -> None:
    """422 `{code, message, errors: [{field, message}]}`, counted as refused, and no dossier is made."""
    before = still.effects()
    answer = still.http.post("/pa/dossier", json=dossier("G22.99-261123-000001") | changes)
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json()["errors"]]
    after = still.effects()
    assert (after["refused"], after["dossiers"]) == (before["refused"] + 1, before["dossiers"])


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """One server for all that changes nothing."""
    with running(tmp_path_factory.mktemp("still"), *STILL) as peer:
        yield peer


def test_a_body_that_is_no_json_is_refused(still: Peer) -> None:
    """400 for broken JSON, 415 for what is not called JSON, 422 for a list."""
    broken = still.http.post("/pa/dossier", content=b'{"a":', headers={"Content-Type": "application/json"})
    named = still.http.post("/pa/dossier", content=b"{}", headers={"Content-Type": "text/plain"})
    assert (broken.status_code, named.status_code) == (400, 415)
    assert still.http.post("/pa/dossier", json=[]).status_code == 422


def test_the_catalogue_decides_which_codes_are_known(start: Start, tmp_path: Path) -> None:
    """Codes in force today pass, also with a province's suffix (reference 5); closed ones name successors."""
    (tmp_path / "procedures.csv").write_text(
        "code,name,agency,on_the_spot,result,days,fee,sector,from,until\n"
        "1.001193,Đăng ký khai sinh,H12.07,true,Giấy khai sinh,3,8000,G15-HT01,2020-01-01,\n"
        "1.000001,Bãi bỏ,H12.07,false,,3,0,G15-HT01,2020-01-01,2021-01-01\n",
        encoding="utf-8",
    )
    (tmp_path / "agencies.csv").write_text(
        "code,old_code,name,from,until,successor\n"
        "H12.07,000.00.07.H12,Sở Tư pháp tỉnh Cà Mau,2020-01-01,,\n"
        "H12.26,000.00.26.H12,Ủy ban nhân dân huyện Cũ,2020-01-01,2025-06-30,H12.07\n",
        encoding="utf-8",
    )
    peer = start("--pace", "0.02", "--shares", SMOOTH, "--tables", str(tmp_path))
    body = dossier("G22.99-261123-000001")
    for wrong in ({"procedure": {"code": "1.000001"}}, {"procedure": {"code": "1.999999"}}):
        assert (
            peer.http.post("/pa/dossier", json=body | wrong).json()["errors"][0]["field"] == "procedure.code"
        )
    closed = peer.http.post("/pa/dossier", json=body | {"agency": {"code": "H12.26"}})
    assert "H12.07" in closed.json()["errors"][0]["message"]
    suffixed = {"procedure": {"code": "1.001193.000.00.00.H12"}, "agency": {"name": "Sở Tư pháp tỉnh Cà Mau"}}
    made = peer.create(**suffixed)
    assert made["code"].startswith("H12.07-")
    quiet(peer)
    held = peer.whole(made["id"])
    assert held["procedure"]["translate"][0]["name"] == "Đăng ký khai sinh"
    assert held["results"][0]["name"] == "Giấy khai sinh"
    assert held["fees"][0]["amount"] == 8000
    assert held["onTheSpot"] is True
