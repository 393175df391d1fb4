"""States become events: each once, in order, with keys that depend on what the one-stop says alone."""

import copy
import hashlib
import hmac
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.onestop.announced import Door
from adapters.onestop.changes import Announced
from adapters.onestop.settings import Announcements
from adapters.onestop.states import Seen, news, whole
from bus.ports import HttpRequest
from bus.settings import Secret

SAMPLE = Path(__file__).resolve().parents[3] / "adapters" / "onestop" / "samples" / "online.json"
KNOWN = "8906d46ec37561e68fe2ffd7"


@pytest.fixture
def record() -> dict[str, Any]:
    """A dossier as `--online` shows it: two steps, a request for a supplement."""
    return msgspec.json.decode(SAMPLE.read_bytes(), type=dict[str, Any])


def kinds(record: dict[str, Any], seen: Seen | None = None) -> list[str]:
    """What kinds of events a record tells beyond what was seen."""
    return [event.kind.partition(".")[2] for event in news(record, seen or Seen())[0]]


def test_the_record_comes_before_its_steps(record: dict[str, Any]) -> None:
    """The portal takes a header before its progress."""
    assert kinds(record) == ["dossier", "step", "step", "supplement"]


def test_what_was_seen_is_not_told_again(record: dict[str, Any]) -> None:
    """A second look at the same state tells nothing."""
    assert kinds(record, news(record, Seen())[1]) == []


def test_a_touch_without_a_change_is_no_event(record: dict[str, Any]) -> None:
    """UpdatedDate alone is no news."""
    seen = news(record, Seen())[1]
    record["updatedDate"] = "2026-04-15T11:00:00.000+07:00"
    assert kinds(record, seen) == []


def test_an_answered_supplement_is_told_as_changed(record: dict[str, Any]) -> None:
    """The same id with other content is a new event with another key."""
    events, seen = news(record, Seen())
    changed = copy.deepcopy(record)
    changed["supplements"][0]["answered"] = True
    later = news(changed, seen)[0]
    assert [event.kind for event in later] == ["onestop.dossier", "onestop.supplement"]
    assert later[-1].key != events[-1].key


def test_a_withdrawal_is_told_once_whoever_asked_for_it(record: dict[str, Any]) -> None:
    """With the request that was handed in, or by the task of status 7 where there is none."""
    at_counter = copy.deepcopy(record)
    at_counter["tasks"].append({**record["tasks"][1], "id": "t9", "status": {"id": 7}})
    handed_in = {**record, "withdrawal": {"id": "rut-1", "askedDate": "2026-04-16T10:00:00+07:00"}}
    for one, name in ((at_counter, "t9"), (handed_in, "rut-1")):
        events, seen = news(one, Seen())
        assert (events[-1].kind, events[-1].tree["id"]) == ("onestop.withdrawn", name)
        assert events[-1].tree["askedDate"]
        assert kinds(one, seen) == []


def test_each_event_says_whose_it_is(record: dict[str, Any]) -> None:
    """Every part carries both numbers of its dossier."""
    for event in news(record, Seen())[0]:
        assert (event.tree["code"], event.tree["nationCode"]) == (
            "H12.06-260415-0001",
            "G22.99-260415-000001",
        )


def test_the_order_of_keys_in_json_does_not_make_another_message(record: dict[str, Any]) -> None:
    """Search, announcement and the answer of a create recognise each other."""
    turned = dict(reversed(list(record.items())))
    assert [event.key for event in news(turned, Seen())[0]] == [
        event.key for event in news(record, Seen())[0]
    ]
    assert whole(turned).key == news(record, Seen())[0][0].key


@given(st.lists(st.integers(0, 6), max_size=12))
def test_every_step_is_told_exactly_once_however_often_one_looks(looks: list[int]) -> None:
    """Whatever the moments of looking, the steps told are the steps there are, in their order."""
    tasks = [{"id": f"t{number}", "status": {"id": 4}} for number in range(7)]
    seen, told = Seen(), []
    for upto in [*sorted(looks), 7]:
        record = {"id": KNOWN, "updatedDate": f"{upto}", "tasks": tasks[:upto]}
        events, seen = news(record, seen)
        told += [event.tree["id"] for event in events if event.kind == "onestop.step"]
    assert told == [task["id"] for task in tasks]


def signed(body: bytes, key: str = "bi-mat") -> HttpRequest:
    """An announcement, signed."""
    signature = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    headers = {"x-signature": f"sha256={signature}"}
    return HttpRequest("POST", "/in/onestop/changed", headers, body, "127.0.0.1")


def door() -> Door:
    """The webhook of a one-stop that signs with "bi-mat"."""
    return Door(Announcements(secret=Secret("bi-mat")), Announced())


def test_a_signed_announcement_wakes_the_poll_and_names_the_dossier() -> None:
    """The poll reads the named dossier first."""
    one = door()
    received = one.receive(signed(b'{"event": "dossier.changed", "id": "%s"}' % KNOWN.encode()))
    assert received.poll == "dossiers"
    assert received.reply is not None
    assert received.reply.status == 200
    assert one.announced.take(10) == [KNOWN]
    assert one.announced.take(10) == []


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (signed(b'{"id": "a"}', "khac"), 401),
        (HttpRequest("POST", "/", {}, b'{"id": "a"}', "127.0.0.1"), 401),
        (signed(b"{"), 400),
        (signed(b"[]"), 400),
        (signed(b'{"id": 7}'), 400),
        (signed(b'{"id": ""}'), 400),
        (signed(b'{"id": "%s"}' % (b"x" * 101)), 400),
    ],
)
def test_an_announcement_that_is_not_right_wakes_nobody(request_: HttpRequest, status: int) -> None:
    """Unsigned, mis-signed and malformed ones are refused."""
    one = door()
    received = one.receive(request_)
    assert received.reply is not None
    assert (received.reply.status, received.poll) == (status, None)
    assert one.announced.take(10) == []
