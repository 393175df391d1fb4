"""How values are shown on a page: times, spans of time, counts, covered texts."""

import json
import time
from datetime import datetime
from typing import Any

from bus.redaction import redacted
from bus.veil import veiled_text
from monitoring.console.desk import VIETNAM
from monitoring.sentences import told
from monitoring.words import BREAKERS, in_vietnamese

_SPANS = ((86_400.0, "ngày", "d"), (3_600.0, "giờ", "h"), (60.0, "phút", "min"), (1.0, "giây", "s"))


def moment(at: float | None) -> str:
    """A moment (seconds since the epoch) as the person on duty reads it; "" for none."""
    return datetime.fromtimestamp(at, VIETNAM).strftime("%d/%m/%Y %H:%M:%S") if at else ""


def iso(at: float | None) -> str:
    """The same for a program, as an attribute of <time>."""
    return datetime.fromtimestamp(at, VIETNAM).isoformat(timespec="seconds") if at else ""


def span(seconds: float, language: str) -> str:
    """A span of time in its largest unit, "12 phút"."""
    whole = max(0.0, seconds)
    for size, vietnamese, english in _SPANS:
        if whole >= size:
            return f"{int(whole // size)} {vietnamese if language == 'vi' else english}"
    return "0 giây" if language == "vi" else "0 s"


def age(at: float, language: str) -> str:
    """How long ago a moment was."""
    return span(time.time() - at, language)


def count(number: int) -> str:
    """A count with the thousands apart, as Vietnamese writes it: 58.500."""
    return f"{number:,}".replace(",", ".")


def state(word: str, language: str) -> str:
    """A state in the reader's language."""
    return (in_vietnamese(word) or BREAKERS.get(word) or word) if language == "vi" else word


def reason(text: str, language: str) -> str:
    """Why something is so: the bus's own words in the reader's language, a peer's as they came, covered."""
    return told(text) if language == "vi" else redacted(text)


def tree(raw: bytes | None) -> str:
    """Bytes of JSON laid out for reading; of anything else, as they are. Not covered."""
    if not raw:
        return ""
    text = raw.decode("utf-8", "replace")
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return text


def covered(text: str) -> str:
    """A text without citizens' identifiers."""
    return redacted(text)


def hidden(raw: bytes | None) -> str:
    """A message in which every value of the citizen's is hidden and its shape can be read."""
    return veiled_text(raw.decode("utf-8", "replace")) if raw else ""


FILTERS: dict[str, Any] = {"moment": moment, "iso": iso, "count": count, "covered": covered}
