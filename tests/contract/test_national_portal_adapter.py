"""The portal's adapter against a portal written from the reference alone, then against the simulator."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from adapters.national_portal.adapter import TYPE
from adapters.national_portal.settings import Catalogue, Inbound, PortalSettings, Search
from bus.errors import DeliveryError, OutcomeUnknownError, PermanentError, TransientError
from bus.installation import Timeout
from bus.ports import Adapter, Call, Deadline, HttpRequest, Incoming, Poll
from bus.settings import Seconds, Secret, Url
from tests.contract.strict_portal import ACCOUNT, BASE, StrictPortal, server

pytestmark = pytest.mark.contract

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "adapters" / "national_portal" / "samples"
REQUEST_ID = "0e3bd0a0-0000-4000-8000-000000000001"
NUMBER = "G22.99-260415-000001"
Connect = Callable[..., Adapter]


def sample(name: str, **changes: Any) -> dict[str, Any]:
    """A shipped sample with changes."""
    return msgspec.json.decode((SAMPLES / f"{name}.json").read_bytes(), type=dict[str, Any]) | changes


RECORD = sample("record.in_progress")
ROW = sample("progress.in_progress")


def call(
    request: Any, *, attempt: int = 1, seconds: float = 5, codes: Mapping[str, str] | None = None
) -> Call:
    """One attempt at an operation."""
    return Call(request, REQUEST_ID, attempt, Deadline(time.monotonic() + seconds), codes or {})


@pytest.fixture
def portal() -> Iterator[StrictPortal]:
    """A portal that ends with the test, and had nothing to complain of."""
    one = StrictPortal()
    yield one
    assert one.complaints == []


@pytest.fixture
def connect(portal: StrictPortal) -> Iterator[Connect]:
    """Make connectors to the portal."""
    http = server(portal)
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    made: list[Adapter] = []

    def build(**settings: Any) -> Adapter:
        made.append(adapter(f"http://127.0.0.1:{http.server_address[1]}{BASE}", **settings))
        return made[-1]

    yield build
    for one in made:
        one.close()
    http.shutdown()
    http.server_close()


def adapter(url: str, *, password: str = ACCOUNT["password"], **settings: Any) -> Adapter:
    """A connector to the portal at `url`."""
    timeout = settings.pop("timeout", Timeout(connect=Seconds(1), answer=Seconds(1)))
    own = {
        "type": "national_portal",
        "adapter_url": Url(url),
        "madonvi": "000.00.00.H12",
        "username": ACCOUNT["username"],
        "password": Secret(password),
        "timeout": timeout,
    }
    return TYPE.build("national_portal", PortalSettings(**own, **settings))


def poll_of(one: Adapter, name: str) -> Poll:
    """A poll by its name."""
    return next(poll for poll in one.polls if poll.name == name)


def drained(poll: Poll, memory: dict[str, bytes], cursor: str = "") -> tuple[list[Incoming], str]:
    """Poll until nothing is left; what a page brings and remembers commits together."""
    items: list[Incoming] = []

    def recall(names: list[str]) -> dict[str, bytes]:
        return {name: memory[name] for name in names if name in memory}

    for _ in range(100):
        page = poll.fetch(cursor, recall)
        items += page.items
        memory |= page.remember
        cursor = page.cursor
        if not page.more:
            return items, cursor
    raise AssertionError("the poll does not end")


# --- records ---------------------------------------------------------------------------------------


def test_a_record_is_inserted_once_and_updated_from_then_on(portal: StrictPortal, connect: Connect) -> None:
    """TraCuuHoSo decides isUpdating (the flow of section 2), whatever form error_code takes."""
    sync = connect().operations["sync_record"]
    for status in ("2", "4", "9"):
        sync.call(call(RECORD | {"TrangThaiHoSo": status}))
    writes = [one.body["isUpdating"] for one in portal.seen if one.service == "DongBoHoSoMC"]
    assert writes == ["False", "True", "True"]
    assert portal.records[NUMBER]["TrangThaiHoSo"] == "9"


@pytest.mark.parametrize("code", ["0", '"3"', '"-3"'])
def test_an_insert_of_what_exists_becomes_an_update(
    portal: StrictPortal, connect: Connect, code: str
) -> None:
    """The text "đã tồn tại" under any of the codes seen with it (1f)."""
    portal.script["DongBoHoSoMC"] = [f'answer {{"error_code": {code}, "message": "Hồ sơ đã tồn tại"}}']
    sync = connect().operations["sync_record"]
    portal.script["TraCuuHoSo"] = ['answer {"error_code": 0, "message": "OK", "result": []}']
    portal.records[NUMBER] = dict(RECORD)
    sync.call(call(RECORD | {"GhiChu": "mới"}))
    assert portal.records[NUMBER]["GhiChu"] == "mới"


def test_an_update_of_what_is_gone_becomes_an_insert(portal: StrictPortal, connect: Connect) -> None:
    """The look-up still knew it, the write did not."""
    portal.script["TraCuuHoSo"] = ['answer {"error_code": 0, "message": "OK", "result": [{"MAHOSO": "x"}]}']
    connect().operations["sync_record"].call(call(RECORD))
    assert portal.records[NUMBER] == RECORD


def test_a_look_up_that_answers_not_found_means_insert(portal: StrictPortal, connect: Connect) -> None:
    """1f: -1 is "not found" as well."""
    portal.script["TraCuuHoSo"] = ['answer {"error_code": "-1", "message": "Hồ sơ không tồn tại"}']
    connect().operations["sync_record"].call(call(RECORD))
    assert portal.records[NUMBER] == RECORD


def test_what_the_portal_would_not_accept_is_not_sent(portal: StrictPortal, connect: Connect) -> None:
    """All problems at once, before even a log-in."""
    wrong = RECORD | {
        "TrichYeuHoSo": "",
        "TenLinhVuc": "x" * 151,
        "MaHoSo": "H15.01-260415-0001",
        "NgayHenTra": "",
    }
    with pytest.raises(PermanentError) as caught:
        connect().operations["sync_record"].call(call(wrong))
    told = " ".join(map(str, caught.value.problems))
    assert all(name in told for name in ("TrichYeuHoSo", "TenLinhVuc", "NgayHenTra", "MaHoSo"))
    assert portal.seen == []


@pytest.mark.parametrize("number", ["000.00.12.H12-260415-0001", "H12.06-260415-0001", NUMBER])
def test_numbers_of_our_own_family_and_of_the_portal_are_sent(
    portal: StrictPortal, connect: Connect, number: str
) -> None:
    """Section 5: both orders of our code, and what the portal gave."""
    connect().operations["sync_record"].call(call(RECORD | {"MaHoSo": number}))
    assert number in portal.records


@pytest.mark.parametrize(
    "act", ["lost", "half", "html/502", "html/404", "slow", "x-road/Server.ServerProxy.NetworkError"]
)
def test_after_a_write_was_sent_no_usable_answer_means_unknown(
    portal: StrictPortal, connect: Connect, act: str
) -> None:
    """Rule 5: reset, half an answer, a proxy's page, time-out, a failure behind the portal's own server."""
    portal.script["DongBoHoSoMC"] = [act]
    sync = connect().operations["sync_record"]
    with pytest.raises(OutcomeUnknownError):
        sync.call(call(RECORD))
    assert portal.services().count("DongBoHoSoMC") == 1


@pytest.mark.parametrize(
    "act", ["lost", "half", "html/502", "slow", "x-road/Server.ServerProxy.NetworkError"]
)
def test_before_the_write_the_same_troubles_are_transient(
    portal: StrictPortal, connect: Connect, act: str
) -> None:
    """The look-up has no effect: nothing was done."""
    portal.script["TraCuuHoSo"] = [act]
    with pytest.raises(TransientError):
        connect().operations["sync_record"].call(call(RECORD))
    assert "DongBoHoSoMC" not in portal.services()


@pytest.mark.parametrize("kind", ["Client.BadRequest", "Server.ClientProxy.UnknownMember"])
def test_an_error_of_our_own_security_server_means_nothing_was_done(
    portal: StrictPortal, connect: Connect, kind: str
) -> None:
    """6b: X-Road-Error of the caller's side never reached the provider."""
    portal.script["DongBoHoSoMC"] = [f"x-road/{kind}"]
    with pytest.raises(TransientError) as caught:
        connect().operations["sync_record"].call(call(RECORD))
    assert caught.value.code == kind
    assert portal.records == {}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"error_code": 0, "message": "Đã ghi nhận"}, OutcomeUnknownError),
        ({"error_code": 0, "message": "Đồng bộ không thành công"}, OutcomeUnknownError),
        ({"error_code": "99", "message": "Mã lạ"}, TransientError),
        ({"error_code": 0, "message": "Trường NgayHenTra bắt buộc nhập"}, PermanentError),
        ({"error_code": -1, "message": "Hệ thống đang bận"}, TransientError),
        ({"message": "không có mã"}, OutcomeUnknownError),
        ([], OutcomeUnknownError),
    ],
)
def test_acceptance_is_not_success_and_unknown_words_are_not_guessed_at(
    portal: StrictPortal, connect: Connect, answer: Any, error: type[DeliveryError]
) -> None:
    """1f and 10.2: the text decides; under code 0 an unknown one leaves the outcome unknown."""
    portal.script["DongBoHoSoMC"] = [f"answer {json.dumps(answer, ensure_ascii=False).replace('/', '')}"]
    with pytest.raises(error) as caught:
        connect().operations["sync_record"].call(call(RECORD))
    assert caught.value.answer


def test_an_unknown_outcome_is_settled_by_what_the_portal_shows(
    portal: StrictPortal, connect: Connect
) -> None:
    """Acted and answer lost: done. Not acted: not there. Another content: not there."""
    sync = connect().operations["sync_record"]
    assert sync.lookup is not None
    assert sync.lookup(call(RECORD)).outcome == "not there"
    portal.script["DongBoHoSoMC"] = ["lost"]
    with pytest.raises(OutcomeUnknownError):
        sync.call(call(RECORD))
    assert sync.lookup(call(RECORD)).outcome == "done"
    assert sync.lookup(call(RECORD | {"TrangThaiHoSo": "9"})).outcome == "not there"


def test_a_reply_wrapped_as_text_by_a_gateway_is_read(portal: StrictPortal, connect: Connect) -> None:
    """1c: {"message": "<JSON as string>"}."""
    portal.script |= {"TraCuuHoSo": ["wrapped"], "DongBoHoSoMC": ["wrapped"]}
    connect().operations["sync_record"].call(call(RECORD))
    assert portal.records[NUMBER] == RECORD


# --- session and facade ----------------------------------------------------------------------------


def test_many_calls_at_once_share_one_log_in(portal: StrictPortal, connect: Connect) -> None:
    """Single flight, also when the session dies under all of them."""
    one = connect(concurrency=8)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: one.ping(), range(24)))
        assert portal.logins == 1
        portal.sessions.clear()
        list(pool.map(lambda _: one.ping(), range(24)))
    assert portal.logins == 2


def test_a_write_whose_session_died_is_sent_again_after_one_log_in(
    portal: StrictPortal, connect: Connect
) -> None:
    """An expired session just fails the call (1a): nothing was done, once more."""
    one = connect()
    one.ping()
    portal.records[NUMBER] = dict(RECORD)
    portal.sessions.clear()
    one.operations["add_progress"].call(call(ROW))
    assert portal.progress[NUMBER] == [ROW]
    assert portal.logins == 2


def test_a_portal_that_takes_no_session_at_all_is_transient(portal: StrictPortal, connect: Connect) -> None:
    """Two sessions refused in a row are the portal's trouble; the message waits."""
    refused = 'answer {"error_code": -1, "message": "Phiên làm việc đã hết hạn"}'
    portal.script["CapNhatTienDoHoSoMC"] = [refused, refused]
    with pytest.raises(TransientError):
        connect().operations["add_progress"].call(call(ROW))
    assert portal.progress == {}


def test_a_refused_log_in_kills_no_message_and_shows_no_password(
    portal: StrictPortal, connect: Connect
) -> None:
    """A changed password is for an operator; deliveries wait."""
    with pytest.raises(TransientError) as caught:
        connect(password="da-doi-mat-khau").operations["sync_record"].call(call(RECORD))
    assert "da-doi-mat-khau" not in repr(caught.value)
    assert caught.value.code == "login"
    assert portal.records == {}


@pytest.mark.parametrize("places", [("header",), ("query",), ("header", "query")])
def test_dstcode_stands_where_the_settings_say(
    portal: StrictPortal, connect: Connect, places: tuple[str, ...]
) -> None:
    """6a: sources differ, so both are supported."""
    connect(dstcode_in=places).ping()
    for one in portal.seen:
        assert ("dstcode" in one.headers, "dstcode" in one.query) == ("header" in places, "query" in places)


def test_a_write_carries_our_request_id_and_client(portal: StrictPortal, connect: Connect) -> None:
    """6b: X-Road-Id is the same for every resend."""
    one = connect(xroad_client="VN/GOV/000.00.00.H12/lienthong")
    for attempt in (1, 2):
        one.operations["sync_record"].call(call(RECORD, attempt=attempt))
    writes = [seen for seen in portal.seen if seen.service == "DongBoHoSoMC"]
    assert {seen.headers["x-road-id"] for seen in writes} == {REQUEST_ID}
    assert {seen.headers["x-road-client"] for seen in portal.seen} == {"VN/GOV/000.00.00.H12/lienthong"}


# --- progress and status ---------------------------------------------------------------------------


def test_a_row_of_progress_is_known_by_number_status_and_time(portal: StrictPortal, connect: Connect) -> None:
    """10.3; the text may differ."""
    key = connect().operations["add_progress"].key
    assert key is not None
    assert key(ROW) == f"{NUMBER}|4|20260415093000"
    assert key(ROW | {"NoiDungXuLy": "khác"}) == key(ROW)


def test_a_row_whose_answer_was_lost_is_found_and_not_added_twice(
    portal: StrictPortal, connect: Connect
) -> None:
    """The portal only appends: it is asked before a second attempt too."""
    portal.records[NUMBER] = dict(RECORD)
    add = connect().operations["add_progress"]
    assert add.lookup is not None
    portal.script["CapNhatTienDoHoSoMC"] = ["lost"]
    with pytest.raises(OutcomeUnknownError):
        add.call(call(ROW))
    assert add.lookup(call(ROW)).outcome == "done"
    add.call(call(ROW, attempt=2))
    assert portal.progress[NUMBER] == [ROW]
    assert add.lookup(call(ROW | {"ThoiDiemXuLy": "20260415093001"})).outcome == "not there"


def test_a_portal_that_shows_no_progress_leaves_it_to_a_person(
    portal: StrictPortal, connect: Connect
) -> None:
    """As configured, or as found."""
    assert connect(search=Search(progress="")).operations["add_progress"].certainty == "person"
    portal.shows_progress = False
    portal.records[NUMBER] = dict(RECORD)
    lookup = connect().operations["add_progress"].lookup
    assert lookup is not None
    assert lookup(call(ROW)).outcome == "cannot say"


def test_progress_before_its_record_waits(portal: StrictPortal, connect: Connect) -> None:
    """The portal does not have the dossier yet: nothing was done, and the peer is not down."""
    with pytest.raises(TransientError) as caught:
        connect().operations["add_progress"].call(call(ROW))
    assert not caught.value.peer_down


@pytest.mark.parametrize(("status", "told"), [("2", "2"), ("5", "5"), ("3", "11"), ("8", "11")])
def test_the_status_of_a_portal_dossier_is_folded_as_the_service_wants_it(
    portal: StrictPortal, connect: Connect, status: str, told: str
) -> None:
    """1c: accepted, supplement, refused; with both numbers."""
    codes = {"national_portal": NUMBER, "onestop": "H12.06-260415-0001"}
    connect().operations["set_status"].call(call(ROW | {"TrangThai": status}, codes=codes))
    (notice,) = portal.notices
    assert (notice["TrangThai"], notice["MaHoSoDonVi"]) == (told, "H12.06-260415-0001")
    assert (notice["NoiDung"], notice["NgayXuLy"]) == (ROW["NoiDungXuLy"], ROW["ThoiDiemXuLy"])


# --- reading ---------------------------------------------------------------------------------------


def submitted(number: int) -> dict[str, Any]:
    """A citizen's record."""
    fields = {"TrangThaiHoSo": "1", "NgayTiepNhan": "", "NgayHenTra": ""}
    return RECORD | fields | {"MaHoSo": f"G22.99-260415-{number:06d}"}


def put(portal: StrictPortal, number: int, changed: str) -> str:
    """A citizen submits."""
    record = submitted(number)
    portal.records[record["MaHoSo"]] = record
    portal.changed[record["MaHoSo"]] = changed
    return str(record["MaHoSo"])


def test_every_submission_is_found_once_though_many_share_a_second(
    portal: StrictPortal, connect: Connect
) -> None:
    """Pages of seven, forty dossiers, two seconds; then one that commits late."""
    numbers = [put(portal, n, f"2026041508300{n % 2}") for n in range(40)]
    poll = poll_of(connect(search=Search(rows=7)), "submitted")
    memory: dict[str, bytes] = {}
    items, cursor = drained(poll, memory)
    assert sorted(item.key or "" for item in items) == sorted(numbers)
    late = put(portal, 99, "20260415082930")
    items, cursor = drained(poll, memory, cursor)
    assert [item.key for item in items] == [late]
    assert drained(poll, memory, cursor)[0] == []


def test_a_submission_found_is_spelled_as_it_is_written(portal: StrictPortal, connect: Connect) -> None:
    """Upper-case keys become those of section 2, at every depth; what is the search's own is left out."""
    number = put(portal, 1, "20260415083000")
    (item,), _ = drained(poll_of(connect(), "submitted"), {})
    assert item.kind == "national_portal.dossier"
    assert item.tree == portal.records[number]
    assert item.as_of is not None
    assert item.as_of.isoformat() == "2026-04-15T08:30:00+07:00"
    assert b"MAHOSO" in item.raw


def test_supplements_and_withdrawals_follow_their_dossier(portal: StrictPortal, connect: Connect) -> None:
    """What citizens do later is handed in once, in order."""
    number = put(portal, 1, "20260415083000")
    poll = poll_of(connect(), "submitted")
    memory: dict[str, bytes] = {}
    _, cursor = drained(poll, memory)
    answer = {
        "HoSoBoSungId": "BS-1",
        "NoiDungBoSung": "x",
        "TrangThaiBoSung": True,
        "NgayTiepNhanBoSung": "20260416080000",
    }
    portal.records[number] |= {
        "TrangThaiHoSo": "7",
        "NgayTiepNhan": "20260415090000",
        "DanhSachHoSoBoSung": [answer],
    }
    for status, at in (("5", "20260416080000"), ("7", "20260416100000")):
        portal.progress[number].append({"NguoiXuLy": "Công dân", "TrangThai": status, "ThoiDiemXuLy": at})
    portal.changed[number] = "20260416100000"
    items, cursor = drained(poll, memory, cursor)
    assert [(item.kind, item.key) for item in items] == [
        ("national_portal.supplement", f"{number}/BS-1"),
        ("national_portal.withdrawn", f"{number}/rut"),
    ]
    assert drained(poll, memory, cursor)[0] == []


def test_a_row_that_cannot_be_read_does_not_stop_the_others(portal: StrictPortal, connect: Connect) -> None:
    """It is set aside with its reason."""
    rows = [{"CHUHOSO": "không số"}, {"MAHOSO": NUMBER, "TRANGTHAIHOSO": "1"}]
    portal.script["TraCuuHoSo"] = [f"answer {json.dumps({'error_code': 0, 'message': 'OK', 'result': rows})}"]
    page = poll_of(connect(), "submitted").fetch("", lambda _: {})
    assert [item.key for item in page.items] == [NUMBER]
    assert [b"CHUHOSO" in raw for raw, _ in page.broken] == [True]


def test_procedures_are_read_in_portions_and_handed_in_when_they_change(
    portal: StrictPortal, connect: Connect
) -> None:
    """Five at a time; the second round brings the changed one alone."""
    portal.procedures = {f"1.{n:06d}": {"MATTHC": f"1.{n:06d}", "TENTTHC": "Thủ tục"} for n in range(12)}
    poll = poll_of(connect(catalogue=Catalogue(on=True, at_once=5)), "procedures")
    memory: dict[str, bytes] = {}
    items, cursor = drained(poll, memory)
    assert [item.tree["MATTHC"] for item in items] == sorted(portal.procedures)
    portal.procedures["1.000007"]["TENTTHC"] = "Thủ tục sửa đổi"
    items, _ = drained(poll, memory, cursor)
    assert [item.tree["TENTTHC"] for item in items] == ["Thủ tục sửa đổi"]


def test_the_catalogue_and_the_door_are_closed_unless_opened(connect: Connect) -> None:
    """Off by default; no key, no webhook."""
    one = connect()
    assert [poll.name for poll in one.polls] == ["submitted"]
    assert one.webhooks == ()


# --- probe -----------------------------------------------------------------------------------------


def test_a_probe_goes_through_all_layers_without_effect(portal: StrictPortal, connect: Connect) -> None:
    """Every layer well, nothing written."""
    layers = [(probe.layer, probe.ok) for probe in connect().probe()]
    assert layers == [(name, True) for name in ("DNS", "TCP", "login", "schema", "echo")]
    assert set(portal.services()) == {"login", "TraCuuHoSo"}


def test_a_probe_names_the_layer_that_fails(portal: StrictPortal, connect: Connect) -> None:
    """Nobody listens, wrong account, an answer that is none."""

    def failing(one: Adapter) -> str:
        probes = list(one.probe())
        one.close()
        assert [probe.ok for probe in probes] == [True] * (len(probes) - 1) + [False]
        return probes[-1].layer

    assert failing(adapter("http://127.0.0.1:9/f")) == "TCP"
    assert failing(adapter("http://khong-co.invalid/f")) == "DNS"
    assert failing(connect(password="sai")) == "login"
    portal.script["TraCuuHoSo"] = ["answer <html>"]
    assert failing(connect()) == "schema"


# --- against the simulator -------------------------------------------------------------------------


@contextmanager
def simulator(folder: Path, *options: str) -> Iterator[str]:
    """The simulated portal in its own process; gives its address."""
    command = [
        sys.executable,
        "-m",
        "adapters.national_portal.simulator",
        "--data",
        str(folder),
        "--seed",
        "7",
    ]
    with subprocess.Popen(  # noqa: S603 - our own simulator
        [*command, *options], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        try:
            yield str(url)
        finally:
            process.terminate()


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[tuple[Adapter, httpx.Client]]:
    """A connector to a simulated portal, and a way to its control desk."""
    with simulator(tmp_path, "--citizen-delay", "0.05") as url, httpx.Client(base_url=url) as desk:
        one = adapter(f"{url}{BASE}", password="mat-khau-thu", inbound=Inbound(key=Secret("k")))
        yield one, desk
        one.close()


def switch(desk: httpx.Client, operation: str, mode: str, **more: Any) -> None:
    """Make the simulator misbehave."""
    desk.post("/_sim/switch", json={"mode": mode, "operation": operation, **more})


def test_the_simulator_sees_each_effect_once_through_lost_answers_and_dead_sessions(
    simulated: tuple[Adapter, httpx.Client],
) -> None:
    """Records and progress, with sessions expiring and answers lost after acting: no duplicate, no echo."""
    one, desk = simulated
    desk.post("/_sim/submit", json={"records": [submitted(n) for n in range(5)]})
    items, _ = drained(poll_of(one, "submitted"), {})
    assert len(items) == 5
    sync, add = one.operations["sync_record"], one.operations["add_progress"]
    assert add.lookup is not None
    for item in items:
        number = item.tree["MaHoSo"]
        switch(desk, "DongBoHoSoMC", "expire_sessions")
        sync.call(call(RECORD | {"MaHoSo": number}))
        desk.post(
            "/_sim/switch",
            json={"mode": "lose_answer", "operation": "CapNhatTienDoHoSoMC", "times": 1, "seconds": 0},
        )
        row = ROW | {"MaHoSo": number}
        with pytest.raises(OutcomeUnknownError):
            add.call(call(row))
        assert add.lookup(call(row)).outcome == "done"
        add.call(call(row, attempt=2))
    effects = desk.get("/_sim/effects").json()
    counted = {name: effects[name] for name in ("applied", "duplicates", "echoes", "out_of_order", "refused")}
    assert counted == {"applied": 10, "duplicates": 0, "echoes": 0, "out_of_order": 0, "refused": 0}


def test_a_citizens_answer_is_one_fact_by_push_and_by_search(simulated: tuple[Adapter, httpx.Client]) -> None:
    """What the simulated portal pushes and what its search shows have the same keys."""
    one, desk = simulated
    record = submitted(1)
    desk.post("/_sim/submit", json={"records": [{"record": record, "via": "both"}]})
    asked = {"HoSoBoSungId": "BS-H12.06-260415-0001-1", "NoiDungBoSung": "Bổ sung", "TrangThaiBoSung": False}
    ours = RECORD | {"MaHoSo": record["MaHoSo"], "TrangThaiHoSo": "5", "DanhSachHoSoBoSung": [asked]}
    poll = poll_of(one, "submitted")
    memory: dict[str, bytes] = {}
    searched, cursor = drained(poll, memory)
    one.operations["sync_record"].call(call(ours))
    deadline = time.monotonic() + 5
    while len(searched) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
        found, cursor = drained(poll, memory, cursor)
        searched += found
    pushed = pushes_of(one, desk, 2)
    assert [(item.kind, item.key) for item in pushed] == [(item.kind, item.key) for item in searched]


def pushes_of(one: Adapter, desk: httpx.Client, count: int) -> list[Incoming]:
    """Open a door for the simulator's pushes and take `count` messages."""
    (hook,) = one.webhooks
    taken: list[Incoming] = []
    done = threading.Event()

    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer  # noqa: PLC0415 - this door alone

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Hand a call to the adapter's webhook and answer as it does."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            received = hook.receive(HttpRequest("POST", self.path, headers, body, self.client_address[0]))
            reply = received.reply or hook.accepted()
            taken.extend(received.items)
            self.send_response(reply.status)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)
            if len(taken) >= count:
                done.set()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as door:
        threading.Thread(target=door.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        url = f"http://127.0.0.1:{door.server_address[1]}/in/national_portal/push"
        desk.post("/_sim/inbound", json={"url": url, "header": "X-Lienthong-Key", "key": "k"})
        assert done.wait(10)
        door.shutdown()
    return taken
