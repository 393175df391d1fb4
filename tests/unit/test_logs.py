"""Logs: one outcome line a message, JSON, without anything from inside a message."""

import io
import json
import logging
import random

import pytest
import structlog

from bus.ledger.records import Claimed, Keep, Kept, Settle, Settled
from mappings.dossier import Dossier, Party
from monitoring.logs import LogObserver, configure


def test_a_message_is_one_json_line_without_the_applicant() -> None:
    """Names, numbers and raw bytes of a message never reach the log."""
    stream = io.StringIO()
    configure(stream, level=logging.DEBUG)
    keep = Keep(
        source="national_portal",
        kind="national_portal.dossier",
        key="G22.99-261123-000001",
        digest=b"",
        raw="Nguyễn Thị Ánh".encode(),
        body=Dossier(owner=Party(name="Nguyễn Thị Ánh", phone="0912345678")),
        codes={"national_portal": "G22.99-261123-000001"},
        as_of=0.0,
        traceparent="00-1-1-01",
    )
    LogObserver().kept(keep, Kept(7, 3, "kept"))
    line = json.loads(stream.getvalue())
    assert (line["event"], line["outcome"], line["message"], line["dossier"]) == ("message", "kept", 7, 3)
    assert not any(secret in stream.getvalue() for secret in ("Ánh", "0912345678"))


@pytest.mark.parametrize(("contradicts", "level"), [(True, "error"), (False, "warning")])
def test_a_late_done_that_contradicts_is_an_error_with_delivery_and_attempt(
    contradicts: bool,  # noqa: FBT001  a table's column
    level: str,
) -> None:
    """Somebody has to look at the peer; a late answer that changes nothing is a warning."""
    stream = io.StringIO()
    configure(stream)
    claimed = Claimed(
        delivery=7, attempt=2, tries=2, state="sending", message=1, dossier=3, connector="onestop",
        operation="create", route="r", kind="k", source="portal", body=b"", fold=b"", history=(), codes={},
        views={}, doubt="", ended_at=0.0, first_try_at=0.0, lookups=0, crashes=0, traceparent="", now=0.0,
    )  # fmt: skip
    settled = Settled(applied=False, state="dead", contradicts=contradicts)
    LogObserver().settled(claimed, Settle(7, 2, 1, "delivered"), settled, 0.1)
    line = json.loads(stream.getvalue())
    assert (line["level"], line["delivery"], line["attempt"], line["state"]) == (level, 7, 2, "dead")
    assert ("contradicts" in line["event"]) == contradicts


def test_ten_thousand_identifiers_in_errors_and_reasons_leave_none_in_the_log() -> None:
    """A peer's texts, a library's errors and whole trees are masked at the log's edge, at every level."""
    stream, draw = io.StringIO(), random.Random(7)  # noqa: S311  a test's stream
    configure(stream, level=logging.DEBUG)
    log, sown = structlog.get_logger("test"), []
    for number in range(2000):
        cccd, cmnd = f"0{draw.randrange(10**10, 10**11)}", f"{draw.randrange(10**8, 10**9)}"
        phone, bhxh = f"09{draw.randrange(10**7, 10**8)}", f"{draw.randrange(10**9, 10**10)}"
        mail = f"dan.{draw.randrange(10**8)}@vidu.example"
        sown += [cccd, cmnd, phone, bhxh, mail]
        log.error(
            "peer", error=f"CCCD {cccd} sai, CMND {cmnd}", problems=[{"phone": phone}], text=("a", bhxh)
        )
        log.debug("poll failed", error=ValueError(f"<email>{mail}</email>"))
        if number % 50 == 0:
            try:
                raise ValueError(f"not a number: {cccd}")  # noqa: TRY301  a traceback is wanted
            except ValueError:
                log.exception("step failed")
    said = stream.getvalue()
    assert len(sown) == 10_000
    assert [one for one in sown if one in said] == []
    assert said.count("•") > len(sown)
