"""Packages at the agencies' door: the axis's codec and the sheet `agency/package`, behind the door's port."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

from lxml import etree

from adapters.agency.packages import Unpacked, paths_of
from adapters.agency.problems import MOST, Wrong, shown
from adapters.agency.reading import WrongError
from adapters.agency.taking_in import merged
from adapters.ioffice.edxml import Limits, NoFiles, Package, PackageError, PackageProblem, read_package
from adapters.ioffice.edxml.names import STORED, q
from adapters.ioffice.edxml.outline import Kept, keep_once
from bus.files import FileStore
from mappings.dossier import Dossier
from mappings.engine import Compiled
from mappings.engine_values import FieldProblem

SHEET = "agency/package"

_FORM_FIX = "Sửa gói tin theo QCVN 102:2016, rồi gửi lại"
_SHEET_FIX = "Ghi phần tử này như tài liệu dành cho cơ quan, mục gói tin edXML"


@dataclass(frozen=True)
class EdxmlPackages:
    """Reads packages of at most `most` bytes; their files go into `store`."""

    sheet: Compiled
    store: FileStore
    most: int

    @cached_property
    def paths(self) -> dict[str, str]:
        """Our fields -> the elements in which a package has them."""
        return {ours: _on_the_wire(path) for ours, path in paths_of(self.sheet.sheet).items()}

    def read(self, package: BinaryIO, *, keep: bool) -> Unpacked:
        """Take a package apart (`adapters.agency.packages.Packages`)."""
        read, form = self._read(package, keep=keep)
        dossier, fields = self.sheet.read_partly(read.tree, source="agency")
        told = [_of_sheet(one) for one in fields if one.path.rpartition("/")[2] not in STORED]
        wrong = merged(form, [*told, *contradictions(read)])
        kept = _raw(read, self._kept(package, read)) if keep else b""
        return Unpacked(
            dossier or Dossier(), read.canonical(), kept, read.files, self.paths, tuple(wrong[:MOST])
        )

    def _kept(self, package: BinaryIO, read: Package) -> Kept:
        """The package in the store, where its files are already."""
        return keep_once(package, self.store, read.files, name="ho-so.edxml", most=self.most)

    def _read(self, package: BinaryIO, *, keep: bool) -> tuple[Package, list[Wrong]]:
        """What can be read of a package, and what is wrong with its form."""
        limits = Limits(package=self.most, attachment=self.store.limit)
        try:
            return read_package(package, self.store if keep else NoFiles(), limits), []
        except PackageError as error:
            wrong = [_of_form(one) for one in error.problems[:MOST]]
            if error.rest is None:
                raise WrongError(tuple(wrong)) from None
            rest: Package = error.rest
            return rest, wrong


def _raw(package: Package, kept: Kept) -> bytes:
    """What the ledger has of a package: what it says, and where its bytes are."""
    tree = etree.fromstring(etree.tostring(package.tree))
    for name, value in kept.marks().items():
        tree.set(name, value)
    return bytes(etree.tostring(tree, encoding="UTF-8", xml_declaration=True))


def _on_the_wire(path: str) -> str:
    """A path of the codec's tree as the sender has it: there attachments lie in a layer of their own."""
    return f"AttachmentEncoded/{path}" if path.partition("/")[0] == "Attachment" else path


def _of_form(one: PackageProblem) -> Wrong:
    return Wrong(path=one.path, what=one.vi, fix=_fix(one.line), rule="edxml", value=shown(one.value or None))


def contradictions(package: Package) -> Iterator[Wrong]:
    """What a package says of itself that makes it no new dossier, or that it says in two ways."""
    header = "MessageHeader"
    if package.kind == "status":
        fix = "Trạng thái không nộp ở đây; hỏi trạng thái bằng GET /dossiers/{mã tiếp nhận}"
        yield Wrong(path=f"{header}/StatusCode", what="là gói trạng thái", fix=fix, rule="document")
        return
    application = _text(package, f"{header}/ApplicationType")
    if application != "MCDT_DT":
        what, fix = "không phải hồ sơ một cửa", "Ghi MCDT_DT"
        where = f"{header}/ApplicationType"
        yield Wrong(path=where, what=what, fix=fix, rule="MCDT_DT", value=shown(application))
    kind = _text(package, "TraceHeaderList/Bussiness/BussinessDocType")
    if kind not in (None, "0"):
        fix = "Ghi 0. Rút: POST …/withdrawal. Thay thế: PUT /dossiers/{mã tiếp nhận}"
        where, what = "TraceHeaderList/Bussiness/BussinessDocType", "không phải văn bản mới"
        yield Wrong(path=where, what=what, fix=fix, rule="new", value=shown(kind))
    yield from _numbers(package, header)


def _numbers(package: Package, header: str) -> Iterator[Wrong]:
    """The number stands in three places of the header; where they differ nobody could say which counts."""
    number = _text(package, f"{header}/OtherInfo/ReferenceCodes")
    subject = _text(package, f"{header}/Subject") or ""
    told = {
        f"{header}/Code/CodeNumber": _text(package, f"{header}/Code/CodeNumber"),
        f"{header}/Subject": subject.rpartition("/")[2].strip() if subject.count("/") > 1 else None,
    }
    for path, other in told.items():
        if number and other and other != number:
            fix = f'Ghi cùng một số hồ sơ: "{shown(number)}"'
            what = "khác số hồ sơ trong OtherInfo/ReferenceCodes"
            yield Wrong(path=path, what=what, fix=fix, rule="same number", value=shown(other))


def _text(package: Package, path: str) -> str | None:
    found = package.tree.findtext("/".join(map(q, path.split("/"))))
    return found.strip() or None if found else None


def _of_sheet(problem: FieldProblem) -> Wrong:
    rule = problem.rule or "sheet"
    path = _on_the_wire(problem.path)
    return Wrong(path=path, what=problem.vi, fix=_SHEET_FIX, rule=rule, value=shown(problem.value))


def _fix(line: int) -> str:
    return f"{_FORM_FIX} (dòng {line})" if line else _FORM_FIX
