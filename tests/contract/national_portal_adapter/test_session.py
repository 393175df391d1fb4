"""The session and the facade: one log-in for many calls, where dstcode stands, what a probe tells."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bus.errors import TransientError
from bus.ports import Adapter
from tests.contract.national_portal_adapter.portals import (
    NUMBER,
    RECORD,
    REQUEST_ID,
    ROW,
    Connect,
    adapter,
    call,
)
from tests.contract.strict_portal import StrictPortal

pytestmark = pytest.mark.contract


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
