"""The page of the log's events tells what the code says, no more and no less."""

import io
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
import structlog

from bus.ledger.records import Claimed
from bus.ports import Call
from bus.sending import Sent, make
from monitoring.logs import configure
from tests.unit.log_events import ROOT, said

PAGE = (ROOT / "docs" / "logs.md").read_text()
ROWS = {
    row[0]: row[1:]
    for row in re.findall(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]*) \| ([^|]+) \|$", PAGE, re.MULTILINE)
}


def test_every_event_is_named_where_it_is_logged() -> None:
    """An event is a text in the code, never put together: so it can be searched for, and be in the page."""
    assert [one.place for one in said() if not one.events] == []


def test_the_page_has_every_event_and_no_other() -> None:
    """Whoever adds an event tells what it means and what to do."""
    assert set(ROWS) == {event for one in said() for event in one.events}


@pytest.mark.parametrize("event", ROWS)
def test_level_and_fields_are_those_of_the_code(event: str) -> None:
    """`exception` is an error with its traceback; an event of several places has the fields of all."""
    places = [one for one in said() if event in one.events]
    level, fields, meaning = ROWS[event]
    levels = {"error" if one.level == "exception" else one.level for one in places}
    assert levels - {"say"} <= set(re.findall(r"\w+", level)), event
    assert set(re.findall(r"`(\w+)`", fields)) == {field for one in places for field in one.fields}
    assert len(meaning) > 20


def _sent(pool: ThreadPoolExecutor, delivery: int) -> Sent:
    claimed = Claimed(
        delivery=delivery, attempt=1, tries=1, state="sending", message=1, dossier=40 + delivery,
        connector="onestop", operation="create", route="r", kind="k", source="portal", body=b"", fold=b"",
        history=(), codes={}, views={}, doubt="", ended_at=0.0, first_try_at=0.0, lookups=0, crashes=0,
        traceparent=f"00-{delivery:032x}-0000000000000001-01", now=0.0,
    )  # fmt: skip
    connector = cast("Any", SimpleNamespace(pool=pool))
    return Sent(claimed, connector, cast("Any", None), {}, "", b"", b"")


async def test_a_line_from_a_pool_s_thread_names_dossier_delivery_and_trace() -> None:
    """Whoever writes it; what the thread does next, for another or for nobody, has none of it."""
    stream = io.StringIO()
    configure(stream)

    def speak(call: Call) -> str:
        structlog.get_logger("a library").warning("in a call", attempt=call.attempt)
        return threading.current_thread().name

    async def speak_here(call: Call) -> str:
        return speak(call)

    with ThreadPoolExecutor(1, thread_name_prefix="onestop") as pool:
        for delivery in (1, 2):
            assert (await make(_sent(pool, delivery), speak, 1.0)).startswith("onestop")
        await make(_sent(pool, 3), speak_here, 1.0)
        pool.submit(structlog.get_logger("a library").warning, "after").result()
    structlog.get_logger("a library").warning("after")
    lines = [msgspec.convert(json.loads(line), dict[str, Any]) for line in stream.getvalue().splitlines()]
    named = [(line.get("delivery"), line.get("dossier"), line.get("trace_id")) for line in lines]
    assert named[:3] == [(one, 40 + one, f"{one:032x}") for one in (1, 2, 3)]
    assert named[3:] == [(None, None, None)] * 2
