"""What the simulated one-stop tells: by its search, by announcements, after it was killed."""

import hashlib
import hmac
import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.contract.onestop_simulator.peers import (
    ROOT,
    SMOOTH,
    STILL,
    Start,
    dossier,
    eventually,
    quiet,
    running,
    status,
)

pytestmark = pytest.mark.contract

ENDS = {3, 7, 8, 10}


def test_the_search_pages_filters_and_is_strict(start: Start) -> None:
    """Slices of reference 7b: `last` on the last page alone; every wrong parameter is named with 400."""
    peer = start(*STILL, "--late", "0")
    made = [peer.create(f"G22.99-261123-{serial:06d}") for serial in range(5)]
    pages = [peer.search(page=n, size=2, spec="slice", sort="updatedDate,asc") for n in range(3)]
    assert [page["last"] for page in pages] == [False, False, True]
    in_order = sorted(made, key=lambda one: (one["updatedDate"], one["id"]))  # two may share a millisecond
    assert [row["id"] for page in pages for row in page["content"]] == [one["id"] for one in in_order]
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
