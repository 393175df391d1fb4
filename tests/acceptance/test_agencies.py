"""The agencies' door of a running installation between both simulated peers, as an agency sees it.

And the guide for agencies: its very commands, in both languages the same.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.agency.notices import signature
from commands.control import send
from commands.demo_world import ROOT
from mappings.rules_time import ICT
from tests.acceptance.agency_world import (
    CALLS_KEY,
    EDUCATION,
    LAND,
    World,
    agency_world,
    dossier,
    eventually,
    hash_of,
    is_open,
    is_restarted,
)

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(180)]

MARK = "-- next block --"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, amqp_url: str) -> Iterator[World]:
    """One installation for all tests of this module; each uses numbers of its own."""
    with agency_world(tmp_path_factory.mktemp("agencies"), amqp_url) as one:
        yield one


def test_what_an_agency_hands_in_is_worked_on_and_it_can_ask_what_became_of_it(world: World) -> None:
    """Handed in, created at the one-stop, told to the portal; the agency sees state, holder and steps."""
    with world.client(EDUCATION) as agency:
        receipt = agency.post("/dossiers", json=dossier(1))
        assert receipt.status_code == 202, receipt.text
        told = receipt.json()
        assert (told["number"], told["repeated"]) == ("H12.09-260415-0001", False)

        def accepted() -> dict[str, Any] | None:
            found = agency.get(f"/dossiers/{told['receipt']}")
            assert found.status_code == 200, found.text
            body: dict[str, Any] = found.json()
            return body if body["steps"] and "onestop" in body["numbers"] else None

        stands = eventually(accepted)
        assert stands["holder"]["code"] == "H12.09"
        assert stands["status_text"] != ""
        assert stands["numbers"]["agency.H12.09"] == "H12.09-260415-0001"
        assert agency.post("/dossiers", json=dossier(1)).json() == {**told, "repeated": True}
        other = agency.get(f"/dossiers/{stands['numbers']['onestop']}")
        assert (other.status_code, other.json()["receipt"]) == (200, None)
        assert other.json()["numbers"] == stands["numbers"]


def test_the_agency_is_called_back_with_signed_notices_of_its_dossiers_and_of_no_others(world: World) -> None:
    """From the ledger, with an id: the number and the state, nothing of a citizen."""
    with world.client(EDUCATION) as agency:
        assert agency.post("/dossiers", json=dossier(2)).status_code == 202

        def called() -> list[tuple[dict[str, str], bytes]]:
            return [call for call in world.listener.calls if b'"number":"H12.09-260415-0002"' in call[1]]

        headers, body = eventually(called)[0]
        assert headers["x-lienthong-signature"] == signature(
            CALLS_KEY, headers["x-lienthong-timestamp"], body
        )
        told = json.loads(body)
        assert told["id"] == headers["x-lienthong-id"]
        assert told["numbers"]["agency.H12.09"] == told["number"]
        assert "Tuyết".encode() not in body


def test_a_running_installation_calls_again_when_it_is_asked(world: World) -> None:
    """Over its control socket, as the command asks it; here nothing was given up."""
    request = {"do": "call again", "agency": EDUCATION, "who": "trực ban", "reason": "đã mở lại"}
    assert send(world.folder / "control.sock", request) == {"ok": True, "notices": 0}


def test_every_problem_is_named_at_the_senders_own_path_and_nothing_is_kept(world: World) -> None:
    """Shape, number, procedure, files and what the one-stop cannot take: one answer, with value and fix."""
    wrong = dossier(20, subject="x" * 1001, fees=[{"name": "Lệ phí", "amount": "15000"}])
    del wrong["owner"]["name"]
    with world.client(EDUCATION) as agency:
        shape = agency.post("/dossiers", json={**wrong, "chanel": "counter", "procedure": "9.999999"})
        assert shape.status_code == 422
        assert shape.headers["content-type"] == "application/problem+json"
        told = {one["path"]: one for one in shape.json()["problems"]}
        assert set(told) == {"chanel", "fees[0].amount", "procedure", "subject", "owner.name"}
        assert (told["fees[0].amount"]["value"], told["chanel"]["fix"]) == ("15000", "Có phải là channel?")
        wrong["fees"] = []
        document = {"id": "1", "name": "Đơn", "file": _file("0" * 64)}
        other = {**wrong, "code": "H12.06-260415-0001", "procedure": "9.999999", "documents": [document]}
        content = agency.post("/dossiers", json=other)
        told = {one["path"]: one for one in content.json()["problems"]}
        assert set(told) == {"code", "procedure", "documents[0].file.hash", "subject", "owner.name"}
        assert all(one["what"] and one["fix"] for one in told.values())
        assert agency.get("/dossiers/H12.09-260415-0020").status_code == 404


def test_checking_says_the_same_as_handing_in_and_keeps_nothing(world: World) -> None:
    """A fine dossier is told to be fine and is still unknown; a wrong one has the same problems."""
    with world.client(EDUCATION) as agency:
        fine = agency.post("/dossiers/checks", json=dossier(21))
        told = {"number": "H12.09-260415-0021", "fine": True, "receipt": None}
        assert (fine.status_code, fine.json()) == (200, told)
        assert agency.get("/dossiers/H12.09-260415-0021").status_code == 404
        wrong = dossier(21, procedure="9.999999")
        checked, refused = (agency.post(path, json=wrong) for path in ("/dossiers/checks", "/dossiers"))
        assert (checked.status_code, checked.json()) == (422, refused.json())


def test_one_key_is_one_dossier_and_other_content_under_it_is_a_conflict(world: World) -> None:
    """The first stands; a number that is taken names the receipt to replace."""
    key = {"Idempotency-Key": "lan-1"}
    with world.client(EDUCATION) as agency:
        first = agency.post("/dossiers", json=dossier(22), headers=key).json()
        again = agency.post("/dossiers", json=dossier(22), headers=key)
        assert (again.status_code, again.json()) == (202, {**first, "repeated": True})
        reused = agency.post("/dossiers", json=dossier(22, subject="Khác"), headers=key)
        assert (reused.status_code, reused.json()["type"]) == (409, "urn:lienthong:key-reused")
        other = agency.post("/dossiers", json=dossier(23), headers=key)
        assert (other.status_code, other.json()["type"]) == (409, "urn:lienthong:key-reused")
        assert agency.post("/dossiers/checks", json=dossier(22)).json()["receipt"] == first["receipt"]
        taken = agency.post("/dossiers", json=dossier(22), headers={"Idempotency-Key": "lan-2"})
        assert taken.status_code == 409
        assert first["receipt"] in taken.json()["detail"]


def test_nobody_sees_or_does_what_was_not_given_to_them(world: World) -> None:
    """No key, a wrong key, a right that is missing, a group that is not theirs, a dossier of others."""
    with world.client(EDUCATION) as agency, world.client(LAND) as other:
        receipt = agency.post("/dossiers", json=dossier(24)).json()["receipt"]
        bare = httpx.Client(base_url=agency.base_url)
        for headers in ({}, {"Authorization": "Bearer " + "0" * 64}, {"Authorization": "Basic eA=="}):
            refused = bare.get(f"/dossiers/{receipt}", headers=headers)
            assert (refused.status_code, refused.headers["www-authenticate"][:6]) == (401, "Bearer")
        bare.close()
        unseen = other.get(f"/dossiers/{receipt}")
        unknown = other.get("/dossiers/TN-000999999-98")
        assert (unseen.status_code, unseen.json()) == (404, unknown.json())
        time.sleep(1)
        assert other.post(f"/dossiers/{receipt}/withdrawal", json={}).status_code == 403
        theirs = {**dossier(25), "code": "H12.06-260415-0025", "procedure": "9.100001"}
        refused = other.post("/dossiers", json=theirs)
        assert (refused.status_code, refused.json()["problems"][0]["path"]) == (403, "procedure")


def test_an_agency_that_calls_too_often_is_told_when_to_come_again(world: World) -> None:
    """The rate of its settings: 429 with Retry-After, and the others are served meanwhile."""
    with world.client(EDUCATION) as agency, world.client(LAND) as other:
        answers = [other.get("/dossiers/TN-000999999-98") for _ in range(6)]
        busy = [answer for answer in answers if answer.status_code == 429]
        assert busy
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in busy)
        assert agency.get("/dossiers", params={"day": "2026-11-25"}).status_code == 200


def test_a_file_is_uploaded_first_by_its_hash_and_goes_with_the_dossier(world: World) -> None:
    """Other bytes than the address says are refused; the one-stop gets a link to the very bytes."""
    content = "Đơn đề nghị cấp bản sao".encode() * 5000
    with world.client(EDUCATION) as agency:
        wrong = agency.put(f"/files/{hash_of(b'')}", content=content)
        assert wrong.status_code == 422
        stored = agency.put(f"/files/{hash_of(content)}", content=content, params={"name": "Đơn.txt"})
        assert stored.status_code == 200, stored.text
        assert (stored.json()["size"], stored.json()["name"]) == (len(content), "Đơn.txt")
        document = {"id": "don", "name": "Đơn đề nghị", "file": stored.json()}
        handed = agency.post("/dossiers", json=dossier(26, documents=[document]))
        assert handed.status_code == 202, handed.text

        def there() -> str | None:
            held = world.at_onestop("H12.09-260415-0026")
            return str(held["files"][0]["url"]) if held else None

        assert httpx.get(eventually(there)).content == content


def test_a_day_is_compared_by_the_hash_of_the_bytes_as_they_came(world: World) -> None:
    """What was handed in, replaced and withdrawn stands there in order, each with its own hash."""
    raw = json.dumps(dossier(27), ensure_ascii=False, indent=1).encode()
    kind = {"Content-Type": "application/json"}
    with world.client(EDUCATION) as agency:
        receipt = agency.post("/dossiers", content=raw, headers=kind).json()["receipt"]
        new = json.dumps(dossier(27, subject="Cấp hai bản sao")).encode()
        key = {"Idempotency-Key": "thay-27"}
        replaced = agency.put(f"/dossiers/{receipt}", content=new, headers={**kind, **key})
        assert replaced.status_code == 202, replaced.text
        withdrawn = agency.post(f"/dossiers/{receipt}/withdrawal", json={"reason": "Nộp nhầm"})
        assert withdrawn.status_code == 202, withdrawn.text
        again = agency.post(f"/dossiers/{receipt}/withdrawal", json={"reason": "Nộp nhầm"})
        assert again.json() == {**withdrawn.json(), "repeated": True}
        day = datetime.now(ICT).date().isoformat()
        items = agency.get("/dossiers", params={"day": day}).json()["items"]
        mine = [(one["what"], one["sha256"]) for one in items if one["number"] == "H12.09-260415-0027"]
        assert mine[:2] == [("hand_in", hash_of(raw)), ("replace", hash_of(new))]
        assert mine[2][0] == "withdraw"
        assert agency.get("/dossiers", params={"day": "2020-01-01"}).json()["items"] == []
        assert agency.get(f"/dossiers/{receipt}").json()["status"] == "withdrawn"


def test_what_replaces_a_dossier_reaches_the_one_stop(world: World) -> None:
    """The subject is the new one there too; a replacement without a key of its own is refused."""
    new = dossier(28, subject="Cấp hai bản sao")
    with world.client(EDUCATION) as agency:
        assert agency.post("/dossiers", json=dossier(28)).status_code == 202
        where = "/dossiers/H12.09-260415-0028"
        assert agency.put(where, json=new).status_code == 400
        assert agency.put(where, json=new, headers={"Idempotency-Key": "thay-28"}).status_code == 202
        number = "H12.09-260415-0028"
        eventually(lambda: (world.at_onestop(number) or {}).get("subject") == "Cấp hai bản sao")


def test_no_identifier_of_a_citizen_and_no_key_reaches_the_log(world: World) -> None:
    """Neither names nor numbers, phones or keys that went through the door before."""
    said = world.log()
    for secret in ("096190004711", "0912345678", "Ánh Tuyết", *world.keys.values()):
        assert secret not in said


def blocks(name: str) -> list[str]:
    """The fenced commands of a guide."""
    return re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / name).read_text(encoding="utf-8"), re.DOTALL)


def test_both_languages_have_the_same_commands() -> None:
    """So that running one of them is running both."""
    assert blocks("agencies.md") == blocks("agencies.vi.md")
    assert len(blocks("agencies.md")) == 10


def test_the_commands_of_the_guide_do_what_it_says(world: World, tmp_path: Path) -> None:
    """From the file to the withdrawal and the comparison of the day, by curl in a shell."""
    (tmp_path / "khoa-cua-co-quan").write_text(world.keys[EDUCATION])
    written = [
        block.replace("https://lienthong.camau.example", world.address) for block in blocks("agencies.md")
    ]
    script = f"printf '\\n%s\\n' '{MARK}'\n".join(["set -eu\n", *written])
    run = subprocess.run(  # noqa: S603
        ["/bin/bash", "-c", script],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    said = [part.strip() for part in run.stdout.split(MARK)[1:]]
    assert len(said) == len(written)
    assert set(json.loads((tmp_path / "openapi.json").read_text())["paths"])
    assert json.loads(said[1])["hash"] == hash_of((tmp_path / "don.txt").read_bytes())
    assert json.loads(said[2])["fine"] is True
    assert {one["path"] for one in json.loads(said[3])["problems"]} == {"channel", "procedure"}
    receipt, again = said[4].splitlines()
    assert json.loads(again) == {"receipt": receipt, "number": "H12.09-261125-0101", "repeated": True}
    assert json.loads(said[5])["receipt"] == receipt
    assert json.loads(said[6])["repeated"] is False
    assert json.loads(said[7])["repeated"] is False
    page, *hashes = said[8].splitlines()
    _compared(json.loads(page), [line.split()[0] for line in hashes])
    _packaged(*map(json.loads, said[9].splitlines()))
    with world.client(EDUCATION) as agency:
        day = datetime.now(ICT).date().isoformat()
        held = agency.get("/dossiers", params={"day": day}).json()["items"]
    (package,) = (one for one in held if one["number"] == "H12.09-261125-0102")
    assert package["sha256"] == hash_of((tmp_path / "goi.edxml").read_bytes())


def _compared(page: dict[str, Any], hashes: list[str]) -> None:
    """Both sides have the same bytes."""
    mine = [one for one in page["items"] if one["number"] == "H12.09-261125-0101"]
    assert [one["what"] for one in mine] == ["hand_in", "replace", "withdraw"]
    assert [one["sha256"] for one in mine][:2] == hashes


def _packaged(fine: dict[str, Any], refused: dict[str, Any], taken: dict[str, Any]) -> None:
    """A package is checked, refused at its own elements, and taken."""
    assert fine == {"number": "H12.09-261125-0102", "fine": True, "receipt": None}
    assert {one["path"] for one in refused["problems"]} == {
        "MessageHeader/PromulgationInfo/PromulgationDate",
        "MessageHeader/ApplicationType",
    }
    assert (taken["number"], taken["repeated"]) == ("H12.09-261125-0102", False)


def _file(digest: str) -> dict[str, Any]:
    return {"hash": digest, "size": 1, "media_type": "application/pdf", "name": "đơn.pdf"}


def test_the_links_of_the_page_lead_from_a_file_to_the_dossiers_withdrawal(world: World) -> None:
    """Each call's answer has, where the page says, what the next one asks for; nothing else is known here."""
    with world.client(EDUCATION) as agency:
        paths = agency.get("/openapi.json").json()["paths"]
        calls = {
            one["operationId"]: (method, path, one)
            for path, all_ in paths.items()
            for method, one in all_.items()
        }

        def goes_on(name: str, answer: Any, to: str, **more: Any) -> Any:
            (told,) = (each for each in calls[name][2]["responses"].values() if "links" in each)
            link = told["links"][to]
            method, path, _ = calls[link["operationId"]]
            for key, where in link.get("parameters", {}).items():
                path = path.replace(f"{{{key}}}", _pointed(where, answer))
            made = agency.request(method, f"{world.address}{path}", **_filled(link, answer), **more)
            assert made.is_success, made.text
            return made.json()

        content = "đơn theo liên kết".encode()
        stored = agency.put(f"/files/{hash_of(content)}", content=content).json()
        receipt = goes_on("upload", stored, "hand_in")
        key = {"Idempotency-Key": "lien-ket"}
        assert goes_on("hand_in", receipt, "follow")["number"] == receipt["number"]
        replaced = goes_on(
            "hand_in", receipt, "replace", json=dossier(1) | {"code": receipt["number"]}, headers=key
        )
        assert goes_on("replace", replaced, "follow")["number"] == receipt["number"]
        withdrawn = goes_on("replace", replaced, "withdraw", json={})
        assert goes_on("withdraw", withdrawn, "follow")["number"] == receipt["number"]


def _pointed(expression: str, answer: Any) -> Any:
    """What an expression of a link names in an answer (OpenAPI 3.1, runtime expressions)."""
    found = answer
    for step in expression.removeprefix("$response.body").removeprefix("#/").split("/"):
        found = found[step] if step else found
    return found


def _filled(link: dict[str, Any], answer: Any) -> dict[str, Any]:
    """The body that a link gives, with what the answer puts into it."""

    def filled(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: filled(each) for name, each in part.items()}
        if isinstance(part, list):
            return [filled(each) for each in part]
        return _pointed(part, answer) if isinstance(part, str) and part.startswith("$") else part

    return {"json": filled(link["requestBody"])} if "requestBody" in link else {}


def test_what_was_accepted_survives_the_death_of_the_process_between_202_and_delivery(world: World) -> None:
    """The one-stop is dead, the bus is killed after its 202; started again, all of it arrives, once."""
    numbers = [f"H12.09-260415-{serial:04d}" for serial in range(40, 46)]
    world.onestop.post("/_sim/switch", {"mode": "dead"})
    with world.client(EDUCATION) as agency:
        receipts = [agency.post("/dossiers", json=dossier(serial)).json() for serial in range(40, 46)]
        os.kill(int((world.folder / "bus.pid").read_text()), signal.SIGKILL)
        eventually(lambda: not is_open(world))
        world.onestop.post("/_sim/switch", {"mode": "off"})
        eventually(lambda: is_restarted(world))
        again = [agency.post("/dossiers", json=dossier(serial)).json() for serial in range(40, 46)]
        assert again == [{**receipt, "repeated": True} for receipt in receipts]
        eventually(lambda: all(world.at_onestop(number) for number in numbers))
        assert world.onestop.effects()["duplicates"] == 0
        for receipt in receipts:
            assert agency.get(f"/dossiers/{receipt['receipt']}").json()["number"] == receipt["number"]


def test_whatever_is_sent_the_answer_is_one_that_the_page_describes(world: World, tmp_path: Path) -> None:
    """Schemathesis on the running door: no server error, no answer but those described, no open operation.

    One check is left out: what fits the page may still be refused, for a page cannot say whose number it is.
    """
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        *("run", f"{world.address}/agencies/v1/openapi.json", "--no-color"),
        *("--header", f"Authorization: Bearer {world.keys[EDUCATION]}"),
        *("--checks", "all", "--exclude-checks", "positive_data_acceptance"),
        *("--phases", "examples,fuzzing", "--max-examples", "8", "--seed", "7"),
    ]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=170, check=False)  # noqa: S603
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-1000:]
    assert "Operations:       7 selected" in run.stdout
    said = world.log()
    assert "a call of an agency failed" not in said
    assert "Traceback" not in said
