"""A package as a value: its tree in normal form, its kind, its files."""

from dataclasses import dataclass
from typing import Any, Literal

from lxml import etree

from adapters.ioffice.edxml.names import q
from adapters.ioffice.edxml.problems import PackageNote
from mappings.dossier import File

Kind = Literal["document", "status"]


@dataclass(frozen=True, slots=True, eq=False)
class Package:
    """What a package says. Two are equal where they say the same; notes are about how it was said.

    `tree` is `Package` in the standard's namespace: `MessageHeader`, `TraceHeaderList` (documents) and one
    `Attachment` a file with ContentId (bare, without `cid:`), AttachmentName, Description, ContentType as
    declared, and FileId, by which the store has its content. Children stand in the order of writing.
    `files` are the stored files in the order of the attachments; their media types are told by the bytes.
    """

    tree: Any
    kind: Kind
    files: tuple[File, ...] = ()
    notes: tuple[PackageNote, ...] = ()

    @property
    def document_id(self) -> str:
        """The business id (DocumentId); for a status that of the document it is about. "" where absent."""
        path = "DocumentId" if self.kind == "document" else "ResponseFor/DocumentId"
        steps = "/".join(map(q, path.split("/")))
        return (self.tree.findtext(f"{q('MessageHeader')}/{steps}") or "").strip()

    def canonical(self) -> bytes:
        """Return the tree as canonical XML: equal bytes, equal packages."""
        return etree.tostring(self.tree, method="c14n", exclusive=True)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Package):
            return NotImplemented
        return (self.kind, self.canonical()) == (other.kind, other.canonical())

    def __hash__(self) -> int:
        return hash(self.canonical())
