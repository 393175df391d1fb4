"""Code formats of the portal (reference 5): organisations, dossiers, procedures, times."""

import re
from datetime import datetime

ORG_OLD = re.compile(r"\d{3}\.\d{2,3}\.\d{2}\.[A-Z]\d{2}")
ORG_NEW = re.compile(r"[A-Z]\d{2}(\.\d{2,3}){0,4}")
DOSSIER = re.compile(r"(?P<org>\d{3}\.\d{2,3}\.\d{2}\.[A-Z]\d{2}|[A-Z]\d{2}(?:\.\d{2,3}){0,4})-\d{6}-\d{4}")
PORTAL_DOSSIER = re.compile(r"G22\.99(\.\d{2})?-\d{6}-\d{4,6}")
PROCEDURE = re.compile(r"\d\.\d{6}(\.\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2})?")
SECTOR = re.compile(r"[A-Z]\d{2}-[A-Z]{1,4}\d{2}")
RESULT_PAPER = re.compile(r"KQ\.[A-Z]\d{2}\.\d{6}")
COMPONENT = re.compile(r"000\.00\.00\.G\d{2}-[A-Z]{2}\d{6}")
WEB_ADDRESS = re.compile(r"https?://[^\s/]+/\S*")
_STAMP = re.compile(r"(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})")


def is_stamp(text: str) -> bool:
    """Whether `text` is a real moment written yyyyMMddHHmmss (reference 0)."""
    match = _STAMP.fullmatch(text)
    if match is None:
        return False
    try:
        datetime(*map(int, match.groups()))  # type: ignore[arg-type]  # noqa: DTZ001 - local time without offset
    except ValueError:
        return False
    return True


def is_organisation(text: str) -> bool:
    """Whether `text` is an organisation's code in either order (reference 5)."""
    return bool(ORG_OLD.fullmatch(text) or ORG_NEW.fullmatch(text))


def family(code: str) -> str:
    """Root of an organisation's code: H12 for 000.00.12.H12 (leaf first) and for H12.12 (root first).

    Empty where `code` is neither.
    """
    if ORG_OLD.fullmatch(code):
        return code.rpartition(".")[2]
    return code.partition(".")[0] if ORG_NEW.fullmatch(code) else ""


def belongs_to(number: str, organisation: str) -> bool:
    """Whether a dossier's number starts with a code of the organisation's family (reference 2, MaHoSo)."""
    match = DOSSIER.fullmatch(number)
    return match is not None and family(match["org"]) == family(organisation) != ""
