"""Logs: one outcome line a message, JSON, without anything from inside a message."""

import io
import json
import logging

from bus.ledger.records import Keep, Kept
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
