"""The one-stop's adapter against a one-stop written from the reference alone, then against the simulator."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from adapters.onestop.adapter import TYPE
from adapters.onestop.settings import Announcements, OneStopSettings
from bus.errors import (
    DeliveryError,
    OutcomeUnknownError,
    PermanentError,
    RefusedByPeerError,
    TransientError,
)
from bus.installation import Timeout
from bus.ports import Adapter, Call, Deadline, Incoming
from bus.settings import Seconds, Secret, Url
from tests.contract.strict_onestop import FORM, TOKEN, StrictOneStop, server

pytestmark = pytest.mark.contract

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "adapters" / "onestop" / "samples"
REQUEST_ID = "0e3bd0a0-0000-4000-8000-000000000002"
NUMBER = "G22.99-260415-000001"
Connect = Callable[..., Adapter]


def sample(name: str) -> dict[str, Any]:
    """A shipped sample."""
    return msgspec.json.decode((SAMPLES / f"{name}.json").read_bytes(), type=dict[str, Any])


CREATE = sample("create.online")
PARTS = {
    "add_supplement": ("supplements", sample("supplement.answer")),
    "withdraw": ("withdrawal", sample("withdrawal.citizen")),
    "add_result": ("results", sample("result.certificate")),
}


def call(request: Any, *, attempt: int = 1, codes: Mapping[str, str] | None = None) -> Call:
    """One attempt at an operation."""
    return Call(request, REQUEST_ID, attempt, Deadline(time.monotonic() + 5), codes or {})


@pytest.fixture
def peer() -> Iterator[StrictOneStop]:
    """A one-stop that ends with the test, and had nothing to complain of."""
    one = StrictOneStop()
    yield one
    assert one.complaints == []


@pytest.fixture
def connect(peer: StrictOneStop) -> Iterator[Connect]:
    """Make connectors to the one-stop."""
    http = server(peer)
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    made: list[Adapter] = []

    def build(**settings: Any) -> Adapter:
        made.append(adapter(f"http://127.0.0.1:{http.server_address[1]}", **settings))
        return made[-1]

    yield build
    for one in made:
        one.close()
    http.shutdown()
    http.server_close()


def adapter(url: str, *, secret: str = FORM["client_secret"], **settings: Any) -> Adapter:
    """A connector to the one-stop at `url`."""
    own: dict[str, Any] = {
        "type": "onestop",
        "url": Url(url),
        "token_url": Url(url + TOKEN),
        "client_id": FORM["client_id"],
        "client_secret": Secret(secret),
        "timeout": Timeout(connect=Seconds(1), answer=Seconds(1)),
    }
    return TYPE.build("onestop", OneStopSettings(**(own | settings)))


class Reader:
    """What polls an adapter as the bus does: items, cursor and memory of a page commit together."""

    def __init__(self, one: Adapter) -> None:
        self._poll = one.polls[0]
        self.cursor = ""
        self.memory: dict[str, bytes] = {}

    def drain(self) -> list[Incoming]:
        """Poll until nothing is left."""
        items: list[Incoming] = []
        for _ in range(100):
            page = self._poll.fetch(self.cursor, self._recall)
            items += page.items
            self.memory |= page.remember
            self.cursor = page.cursor
            if not page.more:
                return items
        raise AssertionError("the poll does not end")

    def _recall(self, names: list[str]) -> dict[str, bytes]:
        return {name: self.memory[name] for name in names if name in self.memory}


def told(items: list[Incoming]) -> list[tuple[str, str]]:
    """Kind of each message and the dossier it is about."""
    return [(item.kind.partition(".")[2], item.tree["code"]) for item in items]


# --- creating --------------------------------------------------------------------------------------


def test_a_created_dossier_is_said_back_whole(peer: StrictOneStop, connect: Connect) -> None:
    """The answer is a message with the one-stop's own number beside the national one."""
    answer = connect().operations["create_dossier"].call(call(CREATE))
    (said,) = answer.says
    assert said.kind == "onestop.dossier"
    assert (said.tree["code"], said.tree["nationCode"]) == ("H12.06-260415-0001", NUMBER)
    assert said.tree == next(iter(peer.dossiers.values()))
    assert b"H12.06-260415-0001" in answer.raw


def test_the_answer_of_a_create_and_the_poll_recognise_each_other(connect: Connect) -> None:
    """The same state has the same key, whoever tells it."""
    one = connect()
    (said,) = one.operations["create_dossier"].call(call(CREATE)).says
    assert [item.key for item in Reader(one).drain()] == [said.key]


def test_a_create_stands_though_reading_it_back_fails(peer: StrictOneStop, connect: Connect) -> None:
    """The effect is there; the poll will tell it."""
    peer.script["online"] = ["502 <html>"]
    answer = connect().operations["create_dossier"].call(call(CREATE))
    assert (len(peer.dossiers), answer.says) == (1, ())
    assert "reading it back failed" in answer.note


@pytest.mark.parametrize("act", ["lost", "half", "slow", "502 <html>", "404 <html>", "503 later", "200 ok"])
def test_after_a_create_was_sent_no_usable_answer_means_unknown(
    peer: StrictOneStop, connect: Connect, act: str
) -> None:
    """Rule 5; and it is not sent again by itself."""
    peer.script["create"] = [act]
    with pytest.raises(OutcomeUnknownError):
        connect().operations["create_dossier"].call(call(CREATE))
    assert peer.operations().count("create") == 1


def test_an_unknown_create_is_settled_by_the_national_number(peer: StrictOneStop, connect: Connect) -> None:
    """Not there; then acted and lost: done, with the dossier."""
    create = connect().operations["create_dossier"]
    assert create.lookup is not None
    assert create.lookup(call(CREATE)).outcome == "not there"
    peer.script["create"] = ["lost"]
    with pytest.raises(OutcomeUnknownError):
        create.call(call(CREATE))
    sighting = create.lookup(call(CREATE))
    assert (sighting.outcome, len(peer.dossiers)) == ("done", 1)
    assert sighting.answer is not None
    assert sighting.answer.says[0].tree["nationCode"] == NUMBER


@pytest.mark.parametrize(
    ("act", "error", "word"),
    [
        ('409 {"code": "X", "message": "Không thuộc thẩm quyền"}', RefusedByPeerError, "thẩm quyền"),
        ('422 {"message": "Sai", "errors": [{"field": "a", "message": "b"}]}', RefusedByPeerError, "a: b"),
        ('400 {"message": "Sai", "errors": [{"field": "a", "message": "b"}]}', PermanentError, "Sai"),
        ('403 {"error": "forbidden"}', TransientError, "forbidden"),
        ('429 {"x": "RETRY"}', TransientError, "429"),
        ("503 RETRY", TransientError, "503"),
        ("413 <html>", PermanentError, "413"),
    ],
)
def test_each_kind_of_no_is_told_apart(
    peer: StrictOneStop, connect: Connect, act: str, error: type[DeliveryError], word: str
) -> None:
    """A refusal is an answer, a wrong message is ours, a busy peer says when to come again."""
    peer.script["create"] = [act]
    with pytest.raises(error) as caught:
        connect().operations["create_dossier"].call(call(CREATE))
    assert word in f"{caught.value.text} {getattr(caught.value, 'reason', '')}"
    if "RETRY" in act:
        assert getattr(caught.value, "retry_after", None) == 7
    assert peer.dossiers == {}


def test_what_the_one_stop_would_not_accept_is_not_sent(peer: StrictOneStop, connect: Connect) -> None:
    """All problems at once, before even a token."""
    wrong = CREATE | {"nationCode": "x", "subject": "x" * 1001, "applicant": {"data": {"fullname": ""}}}
    with pytest.raises(PermanentError) as caught:
        connect().operations["create_dossier"].call(call(wrong))
    problems = " ".join(map(str, caught.value.problems))
    assert all(name in problems for name in ("nationCode", "subject", "applicant/data/fullname"))
    assert peer.seen == []


# --- parts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PARTS)
def test_a_part_goes_to_the_dossier_that_the_codes_name(
    peer: StrictOneStop, connect: Connect, name: str
) -> None:
    """By the own number, or the national one while the own is unknown; it stands in the path alone."""
    peer.open("G22.99-260415-000009")
    known = peer.open(NUMBER)
    field, body = PARTS[name]
    operation = connect().operations[name]
    operation.call(call(body, codes={"onestop": "H12.06-260415-0002"}))
    operation.call(call(body | {"id": "khac", "code": NUMBER}, codes={"national_portal": NUMBER}))
    writes = [one for one in peer.seen if one.operation == field]
    assert [one.path for one in writes] == [f"/pa/dossier/{known}/{field}"] * 2
    assert writes[0].body == body
    assert {one.headers["x-request-id"] for one in writes} == {REQUEST_ID}


@pytest.mark.parametrize("name", PARTS)
def test_a_part_whose_answer_was_lost_is_found_and_not_added_twice(
    peer: StrictOneStop, connect: Connect, name: str
) -> None:
    """It is known by its id, and looked for before a second attempt too."""
    peer.open(NUMBER)
    field, body = PARTS[name]
    operation = connect().operations[name]
    codes = {"onestop": "H12.06-260415-0001"}
    assert operation.lookup is not None
    assert operation.key is not None
    assert operation.key(body) == body["id"]
    assert operation.lookup(call(body, codes=codes)).outcome == "not there"
    peer.script[field] = ["lost"]
    with pytest.raises(OutcomeUnknownError):
        operation.call(call(body, codes=codes))
    assert operation.lookup(call(body, codes=codes)).outcome == "done"
    operation.call(call(body, attempt=2, codes=codes))
    assert peer.operations().count(field) == 1


def test_a_part_of_a_dossier_that_the_search_does_not_show_yet_waits(
    peer: StrictOneStop, connect: Connect
) -> None:
    """Nothing was done, the peer is not down."""
    with pytest.raises(TransientError) as caught:
        connect().operations["withdraw"].call(call(PARTS["withdraw"][1], codes={"onestop": "H12-1"}))
    assert not caught.value.peer_down
    assert "withdrawal" not in peer.operations()


def test_an_update_changes_what_it_names_and_is_looked_up_by_it(
    peer: StrictOneStop, connect: Connect
) -> None:
    """The one-stop may add words to codes; what was asked for is what counts."""
    known = peer.open(NUMBER, subject="cũ", applyMethod={"id": 1, "name": "Trực tiếp"})
    body = {"subject": "mới", "applyMethod": {"id": 2}, "asOf": "2026-04-15T09:00:00+07:00"}
    update, codes = connect().operations["update_dossier"], {"onestop": "H12.06-260415-0001"}
    assert update.lookup is not None
    assert update.lookup(call(body, codes=codes)).outcome == "not there"
    update.call(call(body, codes=codes))
    peer.dossiers[known]["applyMethod"] = {"id": 2, "name": "Trực tuyến"}
    assert update.lookup(call(body, codes=codes)).outcome == "done"


# --- token -----------------------------------------------------------------------------------------


def test_many_calls_at_once_share_one_token(peer: StrictOneStop, connect: Connect) -> None:
    """Single flight, also when all tokens die at once."""
    one = connect()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: one.ping(), range(24)))
        assert peer.logins == 1
        peer.tokens.clear()
        list(pool.map(lambda _: one.ping(), range(24)))
    assert peer.logins == 2


def test_a_create_whose_token_died_is_made_once(peer: StrictOneStop, connect: Connect) -> None:
    """401 is refused at the door: another token, once more."""
    one = connect()
    one.ping()
    peer.tokens.clear()
    one.operations["create_dossier"].call(call(CREATE))
    assert len(peer.dossiers) == 1


def test_a_wrong_secret_kills_no_message_and_is_not_shown(peer: StrictOneStop, connect: Connect) -> None:
    """The message waits for an operator."""
    with pytest.raises(TransientError) as caught:
        connect(secret="sai-bi-mat").operations["create_dossier"].call(call(CREATE))
    assert caught.value.code == "login"
    assert "sai-bi-mat" not in repr(caught.value)
    assert peer.dossiers == {}


# --- reading ---------------------------------------------------------------------------------------


def test_changes_are_handed_in_record_first_then_steps(peer: StrictOneStop, connect: Connect) -> None:
    """Two dossiers worked on between two looks: each in its order, nothing twice."""
    first, second = peer.open(NUMBER), peer.open(None)
    reader = Reader(connect())
    one, other = "H12.06-260415-0001", "H12.06-260415-0002"
    assert told(reader.drain()) == [("dossier", one), ("dossier", other)]
    peer.work(second, 2)
    peer.work(first, 2)
    peer.work(first, 4)
    assert told(reader.drain()) == [
        ("dossier", other),
        ("step", other),
        ("dossier", one),
        ("step", one),
        ("step", one),
    ]
    assert reader.drain() == []


def test_a_change_that_the_search_shows_late_is_not_missed(peer: StrictOneStop, connect: Connect) -> None:
    """It turns up behind the cursor, within the overlap."""
    reader = Reader(connect(overlap=Seconds(60)))
    late = peer.open(NUMBER)
    peer.hidden.add(late)
    peer.open("G22.99-260415-000002")
    assert [code for _, code in told(reader.drain())] == ["H12.06-260415-0002"]
    peer.hidden.clear()
    assert [code for _, code in told(reader.drain())] == ["H12.06-260415-0001"]
    assert reader.drain() == []


def test_every_change_is_seen_though_dossiers_move_between_pages(
    peer: StrictOneStop, connect: Connect
) -> None:
    """Pages of three; after each page the oldest dossier moves to the end."""
    known = [peer.open(f"G22.99-260415-{n:06d}") for n in range(20)]
    reader = Reader(connect(page=3, overlap=Seconds(0.001)))
    moving = iter(known)
    original = peer.search

    def moved(query: dict[str, str]) -> tuple[int, Any]:
        answer = original(query)
        if (one := next(moving, None)) is not None:
            peer.work(one, 2)
        return answer

    peer.search = moved  # type: ignore[method-assign]
    items = reader.drain()
    while found := reader.drain():
        items += found
    steps = [item.tree["code"] for item in items if item.kind == "onestop.step"]
    assert sorted(steps) == sorted(peer.dossiers[one]["code"] for one in known)


def test_a_dossier_unchanged_within_the_overlap_is_not_read_again(
    peer: StrictOneStop, connect: Connect
) -> None:
    """Known rows cost no call."""
    peer.open(NUMBER)
    reader = Reader(connect())
    reader.drain()
    before = peer.operations().count("online")
    reader.drain()
    assert peer.operations().count("online") == before == 1


def test_a_failed_page_is_read_again_whole(peer: StrictOneStop, connect: Connect) -> None:
    """An answer that fails in the middle of a page loses nothing and doubles nothing."""
    for number in range(5):
        peer.open(f"G22.99-260415-{number:06d}")
    reader = Reader(connect(readers=1))
    peer.script["online"] = ["", "", "502 <html>"]
    with pytest.raises(TransientError):
        reader.drain()
    assert len(reader.drain()) == 5


def test_a_listed_dossier_that_is_not_there_is_set_aside(peer: StrictOneStop, connect: Connect) -> None:
    """The others are read all the same."""
    peer.open("G22.99-260415-000001")
    peer.open("G22.99-260415-000002")
    peer.script["online"] = ['404 {"code": "DOSSIER_NOT_FOUND"}']
    one = connect(readers=1)
    page = one.polls[0].fetch("", lambda _: {})
    assert [item.tree["code"] for item in page.items] == ["H12.06-260415-0002"]
    assert len(page.broken) == 1


def test_reading_begins_where_the_settings_say(peer: StrictOneStop, connect: Connect) -> None:
    """A province that has had a one-stop for years does not read it all."""
    peer.open("G22.99-260415-000001")
    since = peer.clock + timedelta(milliseconds=1)
    peer.open("G22.99-260415-000002")
    items = Reader(connect(since=since.isoformat())).drain()
    assert [item.tree["nationCode"] for item in items] == ["G22.99-260415-000002"]


# --- probe -----------------------------------------------------------------------------------------


def test_a_probe_goes_through_all_layers_without_effect(peer: StrictOneStop, connect: Connect) -> None:
    """Every layer well, nothing written."""
    layers = [(probe.layer, probe.ok) for probe in connect().probe()]
    assert layers == [(name, True) for name in ("DNS", "TCP", "login", "schema", "echo")]
    assert set(peer.operations()) == {"token", "search", "online"}


def test_a_probe_names_the_layer_that_fails(peer: StrictOneStop, connect: Connect) -> None:
    """Nobody listens, wrong secret, a search that answers something else."""

    def failing(one: Adapter) -> str:
        probes = list(one.probe())
        one.close()
        assert [probe.ok for probe in probes] == [True] * (len(probes) - 1) + [False]
        return probes[-1].layer

    assert failing(adapter("http://127.0.0.1:9")) == "TCP"
    assert failing(connect(secret="sai")) == "login"
    peer.script["search"] = ["200 {}"]
    assert failing(connect()) == "schema"


# --- against the simulator -------------------------------------------------------------------------


@contextmanager
def simulator(folder: Path, *options: str) -> Iterator[str]:
    """The simulated one-stop in its own process; gives its address."""
    command = [sys.executable, "-m", "adapters.onestop.simulator", "--data", str(folder), "--seed", "7"]
    with subprocess.Popen(  # noqa: S603 - our own simulator
        [*command, *options], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        try:
            yield str(url)
        finally:
            process.terminate()


def simulated(url: str) -> Adapter:
    """A connector to the simulator at `url`."""
    return adapter(url, secret="mot-cua", webhook=Announcements(secret=Secret("k")))


def test_the_simulator_sees_each_effect_once_through_lost_answers_and_dead_tokens(tmp_path: Path) -> None:
    """Creates with tokens expiring and answers lost after acting: one dossier each."""
    with simulator(tmp_path, "--pace", "3600", "--late", "0") as url, httpx.Client(base_url=url) as desk:
        one = simulated(url)
        create = one.operations["create_dossier"]
        assert create.lookup is not None
        for number in range(4):
            body = CREATE | {"nationCode": f"G22.99-260415-{number:06d}"}
            desk.post("/_sim/switch", json={"mode": "expire_sessions", "operation": "create"})
            create.call(call(body))
            lost = {"mode": "lose_answer", "operation": "create", "times": 1, "seconds": 0}
            desk.post("/_sim/switch", json=lost)
            other = body | {"nationCode": f"G22.99-260416-{number:06d}"}
            with pytest.raises(OutcomeUnknownError):
                create.call(call(other))
            assert create.lookup(call(other)).outcome == "done"
        effects = desk.get("/_sim/effects").json()
        one.close()
    assert (effects["applied"], effects["duplicates"], effects["refused"]) == (8, 0, 0)


def test_every_step_of_working_officials_is_told_once_and_in_order(tmp_path: Path) -> None:
    """Twenty dossiers worked at full speed while rows turn up late: the events are the histories."""
    with (
        simulator(tmp_path, "--pace", "0.05", "--late", "0.3", "--shares", "supplement=0") as url,
        httpx.Client(base_url=url) as desk,
    ):
        one = simulated(url)
        for number in range(20):
            body = CREATE | {"nationCode": f"G22.99-260415-{number:06d}"}
            one.operations["create_dossier"].call(call(body))
        reader, items = Reader(one), list[Incoming]()
        quiet = time.monotonic() + 20
        while time.monotonic() < quiet:
            items += reader.drain()
            if desk.get("/_sim/effects").json()["open"] == 0 and quiet - time.monotonic() > 1.5:
                quiet = time.monotonic() + 1
        whole = {known: one_whole(desk, known) for known in reader.memory}
        one.close()
    assert len(whole) == 20
    assert len({item.key for item in items}) == len(items)
    for record in whole.values():
        steps = [item.tree["id"] for item in items if item.kind == "onestop.step" and about(item, record)]
        assert steps == [task["id"] for task in record["tasks"]]
        dossiers = [item.tree for item in items if item.kind == "onestop.dossier" and about(item, record)]
        assert dossiers[-1]["statusCurrentTask"] == record["statusCurrentTask"]


def about(item: Incoming, record: dict[str, Any]) -> bool:
    """Whether a message is about a dossier."""
    return bool(item.tree["code"] == record["code"])


def one_whole(desk: httpx.Client, known: str) -> dict[str, Any]:
    """A dossier as the simulator shows it."""
    form = FORM | {"client_secret": "mot-cua"}
    token = desk.post(TOKEN, data=form).json()["access_token"]
    answer = desk.get(f"/pa/dossier/{known}/--online", headers={"Authorization": f"Bearer {token}"})
    record: dict[str, Any] = answer.json()
    return record
