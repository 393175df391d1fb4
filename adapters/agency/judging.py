"""Judges what an agency hands in: whose number it is, which procedure, which files. Every problem at once."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date

from msgspec.structs import replace

from adapters.agency.parts import parts_of
from adapters.agency.problems import Wrong, forbidden, shown
from adapters.agency.province import Province
from bus.agency_settings import AgencySettings
from bus.file_names import safe_name
from mappings.dossier import Agency, Document, Dossier, File
from mappings.engine_values import FieldProblem

NUMBER = r"(?:\d{3}\.\d{2,3}\.\d{2}\.[A-Z]\d{2}|[A-Z]\d{2}(?:\.\d{2,3}){0,4})-(?:\d{6}|\d{8})-\d{4,7}"
"""A dossier's number: agency code, day, serial (NĐ 61/2018; reference 5)."""

Known = Mapping[str, frozenset[tuple[int, str]]]
"""Files that an agency may name -> their size in bytes and media type, as it may write them."""

_NUMBER = re.compile(NUMBER, re.ASCII)
_URL = re.compile(r"https?://[^\s]+", re.IGNORECASE)


class Judge:
    """`rehearse` tells what the next system would not take."""

    def __init__(
        self, province: Province, rehearse: Callable[[str, Dossier], tuple[FieldProblem, ...]]
    ) -> None:
        self._province = province
        self._rehearse = rehearse

    def judge(
        self, agency: AgencySettings, dossier: Dossier, day: date, kind: str, known: Known
    ) -> list[Wrong]:
        """Every problem of a dossier that could be read; none: it may be kept.

        `known` are the files that the agency may name. Raises `DoorError` 403 where the procedure is none of
        its own.
        """
        problems = [
            *self._number(agency, dossier, day),
            *self._procedure(agency, dossier, day),
            *self._agencies(agency, dossier, day),
            *_documents(dossier),
            *_files(dossier, known),
        ]
        found = {problem.path for problem in problems}
        for problem in self._rehearse(kind, self.completed(agency, dossier, day)):
            where = _where(problem.ours)
            if where not in found:
                problems.append(_rehearsed(where, problem))
        return problems

    def completed(self, agency: AgencySettings, dossier: Dossier, day: date) -> Dossier:
        """The dossier as it is kept: taken in by this agency, and known by its number everywhere.

        The number of a dossier is one in the whole country, so it is what the portal will know it by too.
        """
        intake = dossier.intake_agency or Agency(
            code=agency.code, name=self._province.name(agency.code, day) or agency.name
        )
        codes = {"national_portal": dossier.code} if dossier.code else {}
        return replace(dossier, codes=codes, intake_agency=intake)

    def _number(self, agency: AgencySettings, dossier: Dossier, day: date) -> Iterator[Wrong]:
        if dossier.code is None:
            fix = "Ghi số hồ sơ của hệ thống cơ quan"
            yield Wrong(path="code", what="thiếu số hồ sơ", fix=fix, rule="required")
            return
        example = f"{agency.code}-{day:%y%m%d}-0001"
        if not _NUMBER.fullmatch(dossier.code):
            fix = f'Ghi theo dạng mã cơ quan-năm tháng ngày-số thứ tự, ví dụ "{example}"'
            what = "không đúng dạng số hồ sơ"
            yield Wrong(path="code", what=what, fix=fix, rule="dossier_code", value=shown(dossier.code))
        elif dossier.code.partition("-")[0] not in self._province.codes(agency.code, day):
            fix = f'Số hồ sơ bắt đầu bằng mã của chính cơ quan, ví dụ "{example}"'
            what = "là số hồ sơ của cơ quan khác"
            yield Wrong(path="code", what=what, fix=fix, rule="own number", value=shown(dossier.code))

    def _procedure(self, agency: AgencySettings, dossier: Dossier, day: date) -> Iterator[Wrong]:
        if dossier.procedure is None:
            fix = "Ghi mã thủ tục hành chính quốc gia"
            yield Wrong(path="procedure", what="thiếu mã thủ tục", fix=fix, rule="required")
        elif not self._province.knows_procedure(dossier.procedure, day):
            fix = 'Kiểm tra mã trong Cơ sở dữ liệu quốc gia về thủ tục hành chính, ví dụ "1.004227"'
            what = "không có thủ tục này, hoặc đã hết hiệu lực"
            value = shown(dossier.procedure)
            yield Wrong(path="procedure", what=what, fix=fix, rule="procedure", value=value)
        elif not self.may_touch(agency, dossier.procedure, day):
            what = "ngoài các nhóm thủ tục của cơ quan"
            fix = f"Cơ quan được dùng các nhóm: {', '.join(agency.procedures) or 'không có nhóm nào'}"
            value = shown(dossier.procedure)
            wrong = Wrong(path="procedure", what=what, fix=fix, rule="right", value=value)
            raise forbidden("Cơ quan chưa được cấp quyền với thủ tục này.", [wrong])

    def may_touch(self, agency: AgencySettings, procedure: str | None, day: date) -> bool:
        """Whether a procedure is in one of the groups of an agency."""
        return bool(procedure and self._province.groups(procedure, day) & set(agency.procedures))

    def _agencies(self, agency: AgencySettings, dossier: Dossier, day: date) -> Iterator[Wrong]:
        own = self._province.codes(agency.code, day)
        intake, handling = dossier.intake_agency, dossier.handling_agency
        if intake is not None and not self._province.is_of(intake, own):
            fix = f'Bỏ trường này, hoặc ghi code = "{agency.code}"'
            what = "nơi tiếp nhận phải là cơ quan gửi hồ sơ"
            yield Wrong(path="intake_agency", what=what, fix=fix, rule="own agency", value=shown(intake.code))
        code = (handling.code or handling.old_code) if handling else None
        if code and not self._province.knows_agency(code, day):
            fix = "Ghi mã đơn vị hiện hành theo QĐ 20/2020/QĐ-TTg"
            what = "không có cơ quan mang mã này"
            yield Wrong(path="handling_agency.code", what=what, fix=fix, rule="agency", value=shown(code))


def _documents(dossier: Dossier) -> Iterator[Wrong]:
    seen: set[str] = set()
    for at, document in enumerate(dossier.documents):
        path = f"documents[{at}]"
        if document.id in seen:
            fix = "Mỗi thành phần hồ sơ có một id riêng"
            yield Wrong(path=f"{path}.id", what="trùng id", fix=fix, rule="unique", value=shown(document.id))
        seen.add(document.id)
    for path, document in parts_of(Document, dossier):
        if document.url is not None and not _URL.fullmatch(document.url):
            what, fix = "không phải địa chỉ http(s)", 'Ghi dạng "https://…", hoặc tải tệp lên và dùng file'
            yield Wrong(path=f"{path}.url", what=what, fix=fix, rule="url", value=shown(document.url))


def _files(dossier: Dossier, known: Known) -> Iterator[Wrong]:
    """Every file of a dossier is one that its agency brought or sees; what it says of it is so."""
    for path, file in parts_of(File, dossier):
        facts = known.get(file.hash)
        if facts is None:
            what = "cơ quan chưa tải tệp này lên"
            fix = "Tải tệp lên trước bằng PUT /files/{sha256}, rồi gửi lại"
            yield Wrong(path=f"{path}.hash", what=what, fix=fix, rule="file", value=shown(file.hash))
            continue
        if (file.size, file.media_type) not in facts:
            size, kind = min(facts)
            name, value = ("size", file.size) if file.size != size else ("media_type", file.media_type)
            what = "không đúng với tệp đã tải lên"
            fix = f"Chép nguyên câu trả lời khi tải lên: size {size}, media_type {kind}"
            yield Wrong(path=f"{path}.{name}", what=what, fix=fix, rule="file", value=shown(value))
        if safe_name(file.name) != file.name:
            what, fix = "không phải tên tệp an toàn", f'Ghi "{safe_name(file.name)}"'
            yield Wrong(path=f"{path}.name", what=what, fix=fix, rule="file name", value=shown(file.name))


def _where(ours: str) -> str:
    """The path in what the agency sent, of a field of ours ("documents.0.name")."""
    first = ours.partition(",")[0].replace("codes.national_portal", "code")
    return re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", first)


def _rehearsed(path: str, problem: FieldProblem) -> Wrong:
    """What the next system would not take, at the sender's own path."""
    fix = "Bổ sung hoặc sửa trường này: hệ thống một cửa không nhận như vậy"
    rule = problem.rule or "sheet"
    return Wrong(path=path, what=problem.vi, fix=fix, rule=rule, value=shown(problem.value))
