"""The I-VAN file (BHXHDienTu.xml) around what a sheet wrote: forms as files, who sends, numbers, signature.

Reference 1.1c. A form's root is its own code (`TK1-TS`) and holds its signature, `Cky`. `DoDaiFile` is the
length of the Base64 text and not of the bytes. `MaHoSo` (the dossier's
number) and `MaGiaoDich` (our request's) are ours [I]: without them nobody could ask what became of it.
"""

import base64
import copy
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from lxml import etree

from adapters._kit.keys import Signer
from adapters._kit.xml import Element, XmlSchema
from adapters._kit.xml_signature import Cover, sign
from adapters.insurance.settings import InsuranceSettings
from bus.errors import PermanentError

_VIETNAM = timezone(timedelta(hours=7))


def transaction(request_id: str) -> str:
    """Our number for a request: 20 digits, the same at every resend."""
    return f"{uuid.UUID(request_id).int % 10**20:020}"


@dataclass(frozen=True, slots=True)
class Filer:
    """Makes files of one kind: `form` is its MaToKhai, `form_schema` and `file_schema` judge it."""

    settings: InsuranceSettings
    form: str
    form_schema: XmlSchema
    file_schema: XmlSchema
    signer: Signer | None

    def file(self, written: Element, request_id: str) -> Element:
        """Make the whole file, signed; raises `PermanentError` with every problem before anything is sent."""
        form = written.find("NoiDung/ToKhai")
        if form is None:
            raise PermanentError("The file has no form; it was not sent.", problems=("ToKhai: is missing",))
        problems = list(self.form_schema.problems(form))
        root = etree.Element("Hoso")
        content = etree.SubElement(root, "NoiDung")
        content.append(_filled("ThongTinIVAN", self._ivan()))
        content.append(_filled("ThongTinDonVi", self._unit()))
        content.append(self._head(written, form, request_id))
        place = etree.SubElement(root, "CKy_Dvi")
        problems += self.file_schema.problems(root)
        if problems:
            text = "The file is not what the authority accepts; it was not sent."
            raise PermanentError(text, problems=problems)
        if self.signer is not None:
            sign(place, self.signer, Cover(), self.settings.signature)
        return root

    def _head(self, written: Element, form: Element, request_id: str) -> Element:
        said = written.find("NoiDung/ThongTinHoSo")
        given = {each.tag: each.text or "" for each in (said if said is not None else ())}
        today = datetime.now(_VIETNAM)
        fields = {
            "TenThuTuc": given.get("TenThuTuc", ""),
            "MaThuTuc": given.get("MaThuTuc", ""),
            "KyKeKhai": given.get("KyKeKhai") or f"{today:%m/%Y}",
            "MaHoSo": given.get("MaHoSo", ""),
            "MaGiaoDich": transaction(request_id),
            "NgayLap": f"{today:%d/%m/%Y}",
            "SoLuongFile": "1",
            "QuyTrinhISO": "",
        }
        head = _filled("ThongTinHoSo", fields)
        etree.SubElement(head, "ToKhais").append(self._form_file(form))
        return head

    def _form_file(self, form: Element) -> Element:
        root = copy.deepcopy(form)
        root.tag, root.tail = self.form, None
        place = etree.SubElement(root, "Cky")
        if self.signer is not None:
            sign(place, self.signer, Cover(), self.settings.signature)
        content = base64.b64encode(etree.tostring(root, encoding="UTF-8", xml_declaration=True)).decode()
        fields = {
            "MaToKhai": self.form,
            "MoTaToKhai": "",
            "TenFile": f"{self.form}-{self.settings.decision}.xml",
            "LoaiFile": "xml",
            "DoDaiFile": str(len(content)),
            "NoiDungFile": content,
        }
        return _filled("FileToKhai", fields)

    def _ivan(self) -> dict[str, str]:
        return {"MaIVAN": self.settings.ivan.code, "TenIVAN": self.settings.ivan.name}

    def _unit(self) -> dict[str, str]:
        unit = self.settings.unit
        return {
            "TenDoiTuong": unit.name,
            "MaSoBHXH": unit.code,
            "LoaiDoiTuong": str(unit.kind),
            "MaSoThue": unit.tax_code,
            "NguoiKy": unit.signed_by,
            "DienThoai": unit.phone,
            "CoQuanQuanLy": unit.office,
        }


def _filled(tag: str, fields: dict[str, str]) -> Element:
    element = etree.Element(tag)
    for name, text in fields.items():
        etree.SubElement(element, name).text = text or None
    return element
