"""Traces reach a real OTLP receiver: one a message, its parts below it, nothing of a citizen in them."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status as SpanStatus

from bus.errors import ConfigurationError, RefusedByPeerError
from bus.observer import Both
from commands import watchers
from monitoring.traces import TracesObserver
from tests.integration.pipeline.peers import raises
from tests.integration.pipeline.road import road, submitted
from tests.otlp import Receiver, receiving

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[3]
PERSONAL = ("Nguyễn", "Bé", "096190000123", "0912345678", "Năm Căn", "G22.99")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A strict receiver, of a test's own."""
    with receiving() as one:
        yield one


async def test_a_message_is_one_trace_from_keeping_to_its_outcome(
    receiver: Receiver, tmp_path: Path, amqp_url: str, prefix: str
) -> None:
    """Keep is the span that the traceparent in ledger and headers names; all else hangs below it."""
    traces = TracesObserver(receiver.url, "test")
    async with road(f"sqlite:///{tmp_path / 'ledger.db'}", amqp_url, prefix) as bus:
        bus.pipeline.observer = Both(bus.told, traces)
        wrong = raises(RefusedByPeerError("no", reason="không nhận hồ sơ của Nguyễn Thị Bé"))
        bus.onestop.will("create_dossier", wrong)
        await bus.keep(submitted("G22.99-260415-000001"), submitted("G22.99-260415-000002"))
        await bus.rests()
        parents = [row.traceparent for row in bus.messages("national_portal.dossier")]
        states = sorted(row.state for row in bus.rows("take_in"))
    await asyncio.to_thread(traces.close)
    assert states == ["delivered", "refused"]
    assert receiver.complaints == []
    errors = []
    for parent in parents:
        _, trace, root, _ = parent.split("-")
        spans = receiver.of(trace)
        assert set(spans) == {"keep", "dispatch", "deliver", "call", "settle"}
        assert spans["keep"].span_id.hex() == root
        assert spans["keep"].parent_span_id == b""
        assert {spans[name].parent_span_id.hex() for name in ("dispatch", "deliver")} == {root}
        assert {spans[name].parent_span_id for name in ("call", "settle")} == {spans["deliver"].span_id}
        deliver, call, settle = spans["deliver"], spans["call"], spans["settle"]
        assert deliver.start_time_unix_nano <= call.start_time_unix_nano <= call.end_time_unix_nano
        assert call.end_time_unix_nano <= settle.end_time_unix_nano == deliver.end_time_unix_nano
        assert spans["dispatch"].end_time_unix_nano == deliver.start_time_unix_nano
        told = {one.key: one.value for one in deliver.attributes}
        assert told["lienthong.operation"].string_value == "create_dossier"
        errors.append(deliver.status.code == SpanStatus.STATUS_CODE_ERROR)
    assert sorted(errors) == [False, True]
    sent = b" ".join(receiver.raw)
    assert [word for word in PERSONAL if word.encode() in sent] == []


def test_a_share_takes_whole_traces(receiver: Receiver) -> None:
    """By the trace's own number, so that every process decides alike; what is no trace is left."""
    traces = TracesObserver(receiver.url, "test", share=0.5)
    numbers = [f"{number:032x}" for number in (1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)]
    kept = [traces._root(f"00-{number}-0000000000000001-01") is not None for number in numbers]
    assert kept == [True, True, False, False]
    assert traces._root("") is None
    assert traces._root("00-1-1-01") is None
    traces.close()


def test_without_traces_nothing_of_the_library_is_loaded() -> None:
    """Not even its name, by a whole `serve`."""
    program = (
        "import sys, commands.serve; print(sum(name.startswith('opentelemetry') for name in sys.modules))"
    )
    ran = subprocess.run(  # noqa: S603  our own interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert ran.stdout.strip() == "0"


def test_a_library_that_is_missing_is_said_with_what_installs_it() -> None:
    """Before anything is opened."""
    with pytest.raises(ConfigurationError, match=r"requirements-extras\.lock"):
        watchers.require("no_such_library_at_all", "traces.otlp")
