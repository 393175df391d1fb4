"""The simulated one-stop against an independent client: plain httpx, written from reference 7b."""

import hashlib
import hmac
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.contract

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "/auth/realms/digo/protocol/openid-connect/token"
FORM = {"grant_type": "client_credentials", "client_id": "lien-thong", "client_secret": "mot-cua"}
SMOOTH = "refuse=0,supplement=0,again=0,payment=0,stop=0"
STILL = ("--pace", "3600")
ENDS = {3, 7, 8, 10}


@dataclass(frozen=True)
class Peer:
    """A running simulator, and a client that has logged in."""

    http: httpx.Client
    process: subprocess.Popen[str]

    def create(self, number: str = "G22.99-261123-000001", /, **changes: Any) -> dict[str, Any]:
        """Create a dossier; a wrong answer fails the test."""
        answer = self.http.post("/pa/dossier", json=dossier(number) | changes)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def whole(self, known: str) -> dict[str, Any]:
        """Return the whole dossier."""
        answer = self.http.get(f"/pa/dossier/{known}/--online")
        assert answer.status_code == 200, answer.text
        held: dict[str, Any] = answer.json()
        return held

    def search(self, **query: Any) -> dict[str, Any]:
        """Return a slice; underscores in names stand for hyphens."""
        answer = self.http.get(
            "/pa/dossier/search", params={k.replace("_", "-"): v for k, v in query.items()}
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def effects(self) -> dict[str, Any]:
        """Return what the one-stop counted."""
        counts: dict[str, Any] = self.http.get("/_sim/effects").json()
        return counts

    def log_in(self) -> None:
        """Get a token and use it from now on."""
        token = self.http.post(TOKEN, data=FORM).json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"


def dossier(number: str) -> dict[str, Any]:
    """Return a dossier as the province hands it in; an invented person."""
    return {
        "nationCode": number,
        "procedure": {"code": "1.001193"},
        "agency": {"code": "H12.06", "name": "Sở Nông nghiệp và Môi trường"},
        "applicant": {
            "data": {
                "fullname": "Nguyễn Thị Út",
                "identityKind": "1",
                "identityNumber": "096080001234",
                "birthday": "1980",
            }
        },
        "subject": "Đăng ký khai sinh",
        "files": [{"id": "1", "name": 'Tờ khai "mới".pdf', "url": "http://127.0.0.1/to-khai.pdf"}],
        "applyMethod": {"id": 2},
        "appliedDate": "2026-11-23T08:00:00+07:00",
    }


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Peer]:
    """Run the simulator as its own process and end it by its id."""
    command = [sys.executable, "-m", "adapters.onestop.simulator", "--data", str(folder), "--seed", "7"]
    with subprocess.Popen(  # noqa: S603 -- our own interpreter and module
        [*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        with httpx.Client(base_url=url, trust_env=False) as client:
            peer = Peer(client, process)
            peer.log_in()
            try:
                yield peer
            finally:
                process.terminate()
                process.wait(10)


Start = Callable[..., Peer]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start simulators with options, each over its own folder."""
    started: list[Any] = []

    def run(*options: str) -> Peer:
        started.append(running(tmp_path / str(len(started)), *options))
        peer: Peer = started[-1].__enter__()
        return peer

    yield run
    for one in started:
        one.__exit__(None, None, None)


def eventually(found: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Return the first truth that `found` gives within so many seconds."""
    until = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < until, "did not come in time"
        time.sleep(0.03)
    return value


def quiet(peer: Peer) -> None:
    """Wait until every dossier is at an end."""
    eventually(lambda: peer.effects()["open"] == 0)


def status(held: dict[str, Any]) -> int:
    """Return the code of the present status."""
    return int(held["statusCurrentTask"]["id"])


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


def test_the_search_pages_filters_and_is_strict(start: Start) -> None:
    """Slices of reference 7b: `last` on the last page alone; every wrong parameter is named with 400."""
    peer = start(*STILL, "--late", "0")
    made = [peer.create(f"G22.99-261123-{serial:06d}") for serial in range(5)]
    pages = [peer.search(page=n, size=2, spec="slice", sort="updatedDate,asc") for n in range(3)]
    assert [page["last"] for page in pages] == [False, False, True]
    assert [row["id"] for page in pages for row in page["content"]] == [one["id"] for one in made]
    row = peer.search(nation_code="G22.99-261123-000003")["content"][0]
    assert (row["code"], row["procedure"]["translate"][0]["name"]) == (made[3]["code"], "1.001193")
    assert row["applicant"]["data"]["fullname"] == "Nguyễn Thị Út"
    assert [r["id"] for r in peer.search(code=made[1]["code"])["content"]] == [made[1]["id"]]
    assert len(peer.search(updated_from=made[2]["updatedDate"])["content"]) >= 3
    assert peer.search(updated_from="2099-01-01T00:00:00+07:00")["empty"] is True
    assert peer.search(dossier_status="2,3")["content"] == []
    wrong = {"size": "0", "sort": "name,asc", "dossier-status": "12", "updated-from": "today", "pag": "1"}
    answer = peer.http.get("/pa/dossier/search", params=wrong)
    assert answer.status_code == 400
    assert {error["field"] for error in answer.json()["errors"]} == set(wrong)


def test_some_changes_reach_the_search_late_but_all_do(start: Start) -> None:
    """Behind a cursor at the newest row seen, older rows still turn up; in the given time all are there."""
    peer = start(*STILL, "--late", "2")
    made = {peer.create(f"G22.99-261123-{serial:06d}")["id"] for serial in range(40)}
    first = peer.search(size=200)["content"]
    assert len(first) < len(made)
    newest = max(row["updatedDate"] for row in first)
    time.sleep(2.1)
    rows = peer.search(size=200)["content"]
    assert {row["id"] for row in rows} == made
    seen = {row["id"] for row in first}
    assert any(row["updatedDate"] < newest for row in rows if row["id"] not in seen)


class Ear(BaseHTTPRequestHandler):
    """Takes announcements; refuses the first one."""

    heard: list[tuple[bytes, str]]

    def do_POST(self) -> None:
        """Take one."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append((body, self.headers["X-Signature"]))
        self.send_response(503 if len(self.heard) == 1 else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay silent."""


def test_changes_are_announced_signed_and_repeated_until_taken(start: Start) -> None:
    """Each change is POSTed with an HMAC of its bytes; one that was refused comes again."""
    heard: list[tuple[bytes, str]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("OneEar", (Ear,), {"heard": heard}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    peer = start("--pace", "0.03", "--shares", SMOOTH)
    url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    assert peer.http.post("/_sim/webhook", json={"url": url, "secret": "bí mật"}).status_code == 200
    made = peer.create()
    eventually(lambda: len(heard) >= 6)
    server.shutdown()
    server.server_close()
    for body, signature in heard:
        assert signature == "sha256=" + hmac.new("bí mật".encode(), body, hashlib.sha256).hexdigest()
        assert {**json.loads(body), "updatedDate": ""} == {
            "event": "dossier.changed",
            "id": made["id"],
            "code": made["code"],
            "nationCode": made["nationCode"],
            "updatedDate": "",
        }
    assert len({body for body, _ in heard}) == 5
    assert heard[0][0] in [body for body, _ in heard[1:]]


def test_people_at_the_counter_need_no_portal(start: Start) -> None:
    """Counter dossiers have no national number, bring supplements themselves, count as nobody's effect."""
    peer = start("--pace", "0.01", "--shares", "refuse=0,supplement=1,payment=0,stop=0")
    body = {key: value for key, value in dossier("").items() if key not in ("nationCode", "applyMethod")}
    answer = peer.http.post("/_sim/counter", json={"dossiers": [body, body]})
    assert (answer.status_code, len(answer.json()["dossiers"])) == (201, 2)
    quiet(peer)
    held = peer.whole(answer.json()["dossiers"][0]["id"])
    assert (held["nationCode"], held["applyMethod"]["name"]) == (None, "Trực tiếp")
    assert held["supplements"][0]["answered"] is True
    assert peer.effects()["applied"] == 0
    wrong = peer.http.post("/_sim/counter", json={"dossiers": [body, {}]})
    assert wrong.json()["errors"][0]["field"] == "dossiers[1].procedure.code"


def test_killed_and_started_again_it_goes_on_where_it_was(tmp_path: Path) -> None:
    """After kill -9 the dossiers, the counts and the serials are there, and the officials go on working."""
    with running(tmp_path, *STILL, "--shares", SMOOTH) as peer:
        made = peer.create()
        peer.process.kill()
    with running(tmp_path, "--pace", "0.02", "--shares", SMOOTH) as peer:
        assert peer.effects()["applied"] == 1
        quiet(peer)
        assert status(peer.whole(made["id"])) in ENDS
        second = peer.create("G22.99-261123-000002")
        assert second["code"] == made["code"][:-1] + "2"
        assert peer.search(nation_code=made["nationCode"])["content"][0]["id"] == made["id"]


def test_an_answer_can_be_lost_after_acting_and_the_search_tells(start: Start) -> None:
    """With `lose_answer` the dossier exists though the caller never heard; sessions can be ended."""
    peer = start(*STILL, "--late", "0")
    peer.http.post(
        "/_sim/switch", json={"mode": "lose_answer", "operation": "create", "seconds": 0, "times": 1}
    )
    with pytest.raises(httpx.TransportError):
        peer.http.post("/pa/dossier", json=dossier("G22.99-261123-000001"))
    assert len(peer.search(nation_code="G22.99-261123-000001")["content"]) == 1
    peer.http.post("/_sim/switch", json={"mode": "expire_sessions"})
    assert peer.http.get("/pa/dossier/search").status_code == 401


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--shares", "refusal=1", "refuse"),
        ("--shares", "stop=2", "from 0 to 1"),
        ("--tables", ".", "agencies.csv"),
    ],
)
def test_a_wrong_option_is_named_and_nothing_starts(
    tmp_path: Path, option: str, value: str, said: str
) -> None:
    """Exit 2, one sentence that says what would be right, no traceback."""
    command = [sys.executable, "-m", "adapters.onestop.simulator", "--data", str(tmp_path / "data")]
    ended = subprocess.run(  # noqa: S603 -- our own interpreter and module
        [*command, option, value], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
