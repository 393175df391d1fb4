"""Agencies are called until they take it, or it is given up for all to see; both ledgers, real HTTP."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.agency.notices import Caller, signature
from bus.agency_settings import AgencySettings
from bus.calling_back import CallBacks, call_again
from bus.ledger import notices
from bus.ledger.ledger import Ledger
from bus.ledger.records import EventsTold, Notice
from bus.retry import Schedule
from bus.settings import Secret, Url
from tests.contract.agency_listener import Listener

pytestmark = pytest.mark.integration

KEY = "khoa-ky-goi-lai-khoa-ky-goi-lai-0001"
BODY = b'{"number":"H12.09-261125-0001"}'
QUICK = Schedule(first=0.05, factor=1, ceiling=0.05, give_up_after=1.0)


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A listening agency."""
    server = Listener()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def calls(ledger: Ledger, url: str, **more: Any) -> CallBacks:
    """The loop that calls one agency at an address."""
    agency = AgencySettings(
        name="Sở", code="H12.09", key=Secret("x" * 32), calls_back=Url(url), calls_back_key=Secret(KEY)
    )
    caller = Caller([agency])
    return CallBacks(ledger, lambda due: caller.call(due.agency, due.event, due.body), QUICK, **more)


async def written(ledger: Ledger, *events: str) -> None:
    """Notices of some events, as they leave the outbox."""
    told = tuple(Notice("H12.09", event, BODY) for event in events)
    await ledger.events_told(EventsTold((), (), told))


async def test_a_call_is_signed_and_made_once_it_was_taken(ledger: Ledger, listener: Listener) -> None:
    """The signature is over time and body; nothing is left, and the same event again is no second call."""
    await written(ledger, "7-delivered-1", "8-delivered-1")
    await written(ledger, "7-delivered-1")
    loop = calls(ledger, f"http://127.0.0.1:{listener.server_address[1]}/goi-lai")
    await loop.step()
    assert sorted(headers["x-lienthong-id"] for headers, _ in listener.calls) == [
        "7-delivered-1",
        "8-delivered-1",
    ]
    for headers, body in listener.calls:
        assert body == BODY
        assert headers["x-lienthong-signature"] == signature(KEY, headers["x-lienthong-timestamp"], body)
    assert ledger.look(notices.counted) == {}
    loop.close()


@pytest.mark.parametrize("answer", [500, 404, 302])
async def test_a_call_that_is_not_taken_is_made_again_with_the_same_id(
    ledger: Ledger, listener: Listener, answer: int
) -> None:
    """Whatever the answer: at least once, and a redirect is no place to send a dossier's state to."""
    listener.answers = [answer]
    await written(ledger, "7-delivered-1")
    loop = calls(ledger, f"http://127.0.0.1:{listener.server_address[1]}/")
    while ledger.look(notices.counted):
        await loop.step()
    assert [headers["x-lienthong-id"] for headers, _ in listener.calls] == ["7-delivered-1"] * 2
    loop.close()


async def test_who_never_takes_it_is_given_up_for_all_to_see(ledger: Ledger) -> None:
    """After the schedule's end it is called no more, and the account has it."""
    await written(ledger, "7-delivered-1")
    loop = calls(ledger, "http://127.0.0.1:9/")
    while ledger.look(notices.counted)["H12.09"]["open"]:
        await loop.step()
    assert ledger.look(notices.counted) == {"H12.09": {"open": 0, "given_up": 1}}
    loop.close()


async def test_what_was_given_up_is_called_once_more_when_somebody_says_so(
    ledger: Ledger, listener: Listener
) -> None:
    """With the same id; of that agency alone, and what fails then is given up again."""
    await written(ledger, "7-delivered-1")
    loop = calls(ledger, "http://127.0.0.1:9/")
    while ledger.look(notices.counted)["H12.09"]["open"]:
        await loop.step()
    assert await call_again(ledger, "H12.06", "it is another") == 0
    assert await call_again(ledger, "H12.09", "it said it is back") == 1
    assert ledger.look(notices.counted) == {"H12.09": {"open": 1, "given_up": 0}}
    await loop.step()
    assert ledger.look(notices.counted) == {"H12.09": {"open": 0, "given_up": 1}}
    loop.close()
    assert await call_again(ledger, None, "now it is") == 1
    there = calls(ledger, f"http://127.0.0.1:{listener.server_address[1]}/")
    await there.step()
    assert [headers["x-lienthong-id"] for headers, _ in listener.calls] == ["7-delivered-1"]
    assert ledger.look(notices.counted) == {}
    there.close()
