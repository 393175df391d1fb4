"""Taking in statuses of the eDoc profile: what was said since a time, asked for with an overlap.

The service forgets statuses that it is asked for without a time (reference 5.3), so it never is. Times are of
its own clock and come late; what an overlap shows again is known by its content.
"""

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
from lxml import etree

from adapters.ioffice.edoc import EDocClient
from adapters.ioffice.edoc_message import from_service
from adapters.ioffice.edxml import NoFiles, PackageError, read_package
from adapters.ioffice.edxml.names import HERE, q
from adapters.ioffice.received import incoming
from bus.ports import Deadline, Incoming, Page

_ICT = timezone(timedelta(hours=7))
_FORM = "%Y/%m/%d %H:%M:%S"


class Cursor(msgspec.Struct, frozen=True):
    """From when to ask next, and what an answer from then on will show again."""

    since: str
    known: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Traces:
    """The statuses of one account; `first` and `overlap` in seconds back."""

    client: EDocClient
    first: float
    overlap: float
    deadline: Callable[[], Deadline]
    now: Callable[[], datetime] = lambda: datetime.now(_ICT)

    def fetch(self, cursor: str, _recall: object) -> Page:
        """Ask for what was said; hand over what is new. May be repeated with the same cursor."""
        asked = self.now().astimezone(_ICT)
        before = (
            msgspec.json.decode(cursor, type=Cursor)
            if cursor
            else Cursor(f"{asked - timedelta(seconds=self.first):{_FORM}}")
        )
        told = {_name(each): each for each in self.client.traces(before.since, self.deadline())}
        read = [_read(name, told[name]) for name in told if name not in before.known]
        after = Cursor(self._since(before.since, asked), tuple(told))
        return Page(
            items=tuple(each for each in read if isinstance(each, Incoming)),
            cursor=msgspec.json.encode(after).decode(),
            broken=tuple(each for each in read if not isinstance(each, Incoming)),
        )

    def _since(self, before: str, asked: datetime) -> str:
        """Move on by more than an overlap at a time: a cursor that says nothing new is not written anew."""
        late, young = (f"{asked - timedelta(seconds=count * self.overlap):{_FORM}}" for count in (2, 1))
        return young if before < late else before


def _name(status: Any) -> str:
    """Name a status by all that it says: it has no id of its own."""
    content = etree.tostring(from_service(status), method="c14n", exclusive=True)
    return f"trace-{hashlib.sha256(content).hexdigest()[:32]}"


def _read(name: str, status: Any) -> Incoming | tuple[bytes, str]:
    """Read a status as the package of one that the other profile has."""
    root: Any = etree.Element(q("edXML"), nsmap=HERE)
    header = etree.SubElement(etree.SubElement(root, q("edXMLEnvelope")), q("edXMLHeader"))
    message = from_service(status)
    message.tag = q("MessageHeader")
    header.append(message)
    raw = etree.tostring(root, encoding="UTF-8")
    try:
        return incoming(name, read_package(io.BytesIO(raw), NoFiles()))
    except PackageError as error:
        return raw, f"{name}: {error}"
