"""Taking in what waits on the axis: list, fetch, hand over to be kept, and only then acknowledge.

A page's messages and its cursor commit together (rule 21), so the cursor that names a package is the proof
that it is kept: the next asking begins by acknowledging what the cursor names. A crash in between repeats
an acknowledgement, or fetches a package again that is then recognised by its docId.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, BinaryIO, Literal

import msgspec
from lxml import etree

from adapters.ioffice.edxml import Limits, Package, PackageError, read_package
from adapters.ioffice.edxml.names import q
from adapters.ioffice.edxml.outline import EDXML, Kept, keep_once
from adapters.ioffice.edxml.values import is_time
from adapters.ioffice.outgoing import Axis
from bus.errors import DeliveryError, RejectedMessageError, TransientError, UnavailableError
from bus.ports import Deadline, Files, Incoming, Page

Kind = Literal["edoc", "status"]
_ICT = timezone(timedelta(hours=7))
_MOST_SET_ASIDE = 10_000
_RAW = 1_000_000
_OURS = "disk"
"""Code of a failure that is this machine's: nothing is passed over for it, and the axis is not away."""


class Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the bus has kept and the axis does not know yet; ids are docIds.

    `done` were read, `fail` could not be and are kept as dead intake; `aside` are those that the axis lists
    and will not give, whose acknowledgement it refuses, or that we only observe: passed over as long as it
    lists them.
    """

    done: tuple[str, ...] = ()
    fail: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """One package taken in: read, or broken (raw, why); `aside`: it could not even be had."""

    axis_id: str
    item: Incoming | None = None
    broken: tuple[bytes, str] | None = None
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """The inbox of one kind of packages; one that is only observed is never acknowledged."""

    kind: Kind
    client: Axis
    files: Files
    limits: Limits
    batch: int
    observed: bool
    deadline: Callable[[], Deadline]

    def fetch(self, cursor: str, _recall: object) -> Page:
        """Acknowledge what is kept, then take in the next packages. May be repeated with the same cursor."""
        before = msgspec.json.decode(cursor, type=Cursor) if cursor else Cursor()
        refused = self._acknowledge(before)
        listed = {
            str(row["docId"]): row
            for row in self.client.received(self.kind, self.deadline())
            if row.get("docId")
        }
        aside = [one for one in (*before.aside, *refused) if one in listed]
        waiting = [one for one in listed if one not in aside]
        taken = list(self._taken(waiting[: self.batch], listed))
        aside += [one.axis_id for one in taken if one.aside]
        after = Cursor(
            tuple(one.axis_id for one in taken if one.item),
            tuple(one.axis_id for one in taken if one.broken and not one.aside),
            tuple(aside[-_MOST_SET_ASIDE:]),
        )
        return Page(
            items=tuple(one.item for one in taken if one.item),
            cursor="" if after == Cursor() else msgspec.json.encode(after).decode(),
            broken=tuple(one.broken for one in taken if one.broken),
            more=bool(after.done or after.fail),
        )

    def _acknowledge(self, kept: Cursor) -> list[str]:
        """Acknowledge, all that can be; gives those that the axis refuses. Raises where it is away."""
        if self.observed:
            return [*kept.done, *kept.fail]
        refused = []
        for state, ids in (("done", kept.done), ("fail", kept.fail)):
            for axis_id in ids:
                try:
                    self.client.acknowledge(axis_id, state, self.deadline())
                except DeliveryError as error:
                    if _away(error):
                        raise
                    refused.append(axis_id)
        return refused

    def _taken(self, ids: list[str], listed: dict[str, dict[str, Any]]) -> Iterator[Taken]:
        """Take in one after the other; where the axis goes away, what was taken before is handed over."""
        for count, axis_id in enumerate(ids):
            try:
                yield self._one(axis_id)
            except DeliveryError as error:
                if not _away(error):
                    why = f"docId {axis_id} is listed and cannot be fetched: {error.text}"
                    yield Taken(axis_id, broken=(msgspec.json.encode(listed[axis_id]), why), aside=True)
                elif count == 0:
                    raise
                else:
                    return

    def _one(self, axis_id: str) -> Taken:
        try:
            return self._fetched(axis_id)
        except (OSError, UnavailableError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            text = f"A package cannot be stored on this machine ({why}); check disk and rights."
            raise TransientError(text, code=_OURS, peer_down=False) from None

    def _fetched(self, axis_id: str) -> Taken:
        with tempfile.TemporaryFile() as package:
            self.client.fetch(axis_id, package, self.deadline())
            package.seek(0)
            try:
                read = read_package(package, self.files, self.limits)
            except PackageError as error:
                return self._broken(axis_id, package, error)
            kept = keep_once(
                package, self.files, read.files, name=f"{axis_id}.edxml", most=self.limits.package
            )
        return Taken(axis_id, item=incoming(axis_id, read, kept))

    def _broken(self, axis_id: str, package: BinaryIO, why: PackageError) -> Taken:
        """A package that cannot be read: whole in the store, where it is not too large for that too."""
        package.seek(0)
        try:
            whole = self.files.keep(
                package, name=f"{axis_id}.edxml", media_type=EDXML, limit=self.limits.package
            )
        except RejectedMessageError as error:
            return Taken(axis_id, broken=(_begin(package), f"docId {axis_id}: {error}"))
        return Taken(axis_id, broken=(_begin(package), f"docId {axis_id}, file {whole.hash}: {why}"))


def incoming(axis_id: str, package: Package, kept: Kept | None = None) -> Incoming:
    """Make the message. Its raw form is the tree, which names the package as `kept` and its files by hash."""
    tree = package.tree
    tree.set("docId", axis_id)
    raw = etree.fromstring(etree.tostring(tree))
    for name, value in kept.marks().items() if kept else ():
        raw.set(name, value)
    return Incoming(
        kind="ioffice.document" if package.kind == "document" else "ioffice.document_status",
        tree=tree,
        raw=etree.tostring(raw, encoding="UTF-8", xml_declaration=True),
        key=axis_id,
        as_of=_told_at(package),
        media_type="application/xml",
    )


def _away(error: DeliveryError) -> bool:
    return isinstance(error, TransientError) and (error.peer_down or error.code == _OURS)


def _begin(package: BinaryIO) -> bytes:
    """Give the package, or the beginning of one that is large: whole it lies in the file store."""
    package.seek(0)
    return package.read(_RAW)


def _told_at(package: Package) -> datetime | None:
    """When the sender said it: the status's own time, or the last trace of a document."""
    path = "MessageHeader/Timestamp" if package.kind == "status" else "TraceHeaderList/TraceHeader/Timestamp"
    found = package.tree.findall("/".join(map(q, path.split("/"))))
    times = [text for each in found if is_time(text := (each.text or "").strip())]
    if not times:
        return None
    told = datetime.strptime(max(times), "%Y/%m/%d %H:%M:%S").replace(tzinfo=_ICT)
    # a clock that runs ahead would outrank everybody's later words
    return min(told, datetime.now(_ICT).replace(microsecond=0))
