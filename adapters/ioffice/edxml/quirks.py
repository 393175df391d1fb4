"""Known quirks of other senders that are put right while reading; each leaves a note."""

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from adapters.ioffice.edxml.names import STATUS_CODES, q
from adapters.ioffice.edxml.problems import PackageNote

_ORGAN = re.compile(r"[0-9A-Za-z]+(?:\.[0-9A-Za-z]+)+", re.ASCII)


def settle(header: Any, *, status: bool) -> Iterator[PackageNote]:
    """Put right what is known to be written wrong in a MessageHeader."""
    _drop_empty_answers(header)
    if status:
        yield from _swapped(header)
        yield from _strange_code(header)
    else:
        yield from _steering(header)


def _drop_empty_answers(header: Any) -> None:
    """An empty ResponseFor answers nothing (reference 1.1)."""
    for answered in header.findall(q("ResponseFor")):
        if not "".join(answered.itertext()).strip():
            header.remove(answered)


def _swapped(header: Any) -> Iterator[PackageNote]:
    """One known sender exchanges Code and OrganId of a status (reference 7.12)."""
    for answered in header.findall(q("ResponseFor")):
        organ, code = answered.find(q("OrganId")), answered.find(q("Code"))
        if organ is None or code is None:
            continue
        held, said = (organ.text or "").strip(), (code.text or "").strip()
        if "/" in held and "/" not in said and _ORGAN.fullmatch(said):
            organ.text, code.text = said, held
            yield PackageNote(
                "MessageHeader/ResponseFor", organ.sourceline or 0, "OrganId and Code were exchanged"
            )


def _strange_code(header: Any) -> Iterator[PackageNote]:
    """One known sender says 14 for 15 (reference 7.12), others leave the zero out: carried as it came."""
    found: Any = header.find(q("StatusCode"))
    if (found.text or "").strip() not in STATUS_CODES:
        yield PackageNote("MessageHeader/StatusCode", found.sourceline or 0, "is no status of the standard")


def _steering(header: Any) -> Iterator[PackageNote]:
    """An empty SteeringType crashes a known parser (reference 7.6): it is always a number here."""
    found: Any = header.find(q("SteeringType"))
    if found is not None and (found.text or "").strip():
        return
    if found is None:
        found = etree.SubElement(header, q("SteeringType"))
        found.sourceline = header.sourceline or 0
    found.text = "0"
    yield PackageNote(
        "MessageHeader/SteeringType", header.sourceline or 0, "was empty or absent and counts as 0"
    )
