"""What an installation says about its insurance authority (BHXH); a key without a default is SET."""

import re
from collections.abc import Iterator
from typing import Annotated

from adapters._kit.soap_settings import SoapSettings
from bus.settings import Fault, Section, Url, says


class Operations(Section, frozen=True, kw_only=True):
    """Operations as the contract spells them; all are ours [I]."""

    submit: Annotated[str, says("a file is handed in (gửi hồ sơ)")] = "guiHoSo"
    supplement: Annotated[str, says("what was asked for is handed in (bổ sung)")] = "boSungHoSo"
    cancel: Annotated[str, says("a file is withdrawn (hủy hồ sơ)")] = "huyHoSo"
    query: Annotated[str, says("what became of a dossier's files (tra cứu)")] = "traCuuHoSo"
    check_card: Annotated[str, says("is a card good (kiểm tra thẻ)")] = "kiemTraThe"
    participant: Annotated[str, says("who is insured (tra cứu người tham gia)")] = "traCuuNguoiThamGia"


class Names(Section, frozen=True, kw_only=True):
    """Elements that the connector itself reads or writes inside the strings; all are ours [I].

    What sheets name stands in the sheets, and must say the same.
    """

    question: Annotated[str, says("root of a question")] = "YeuCau"
    dossier: Annotated[str, says("the dossier's number")] = "maHoSo"
    transaction: Annotated[str, says("our request's number")] = "maGiaoDich"
    file: Annotated[str, says("a file in an answer")] = "hoSo"
    file_number: Annotated[str, says("the authority's number of a file")] = "soHoSo"
    state: Annotated[str, says("what became of a file")] = "trangThai"
    asked: Annotated[str, says("the authority asks for more")] = "yeuCauBoSung"
    asked_number: Annotated[str, says("the number of what it asks")] = "soYeuCau"
    answered: Annotated[str, says("a number that was answered")] = "daBoSung"
    participant: Annotated[str, says("a participant in an answer")] = "nguoiThamGia"
    code: Annotated[str, says("the code of an answer")] = "maKetQua"
    said: Annotated[str, says("its sentence")] = "ghiChu"


class Ivan(Section, frozen=True, kw_only=True):
    """ThongTinIVAN of the file: through whom it is sent."""

    code: Annotated[str, says("MaIVAN")] = "00000"
    name: Annotated[str, says("TenIVAN")] = "Liên Thông"


class Unit(Section, frozen=True, kw_only=True):
    """ThongTinDonVi of the file: who sends it."""

    name: Annotated[str, says("TenDoiTuong")]
    code: Annotated[str, says("MaSoBHXH, 7 characters")]
    office: Annotated[str, says("CoQuanQuanLy, 5 digits")]
    kind: Annotated[int, says("LoaiDoiTuong", least=0, most=99)] = 1
    tax_code: Annotated[str, says("MaSoThue")] = ""
    signed_by: Annotated[str, says("NguoiKy")] = ""
    phone: Annotated[str, says("DienThoai")] = ""


class InsuranceSettings(SoapSettings, frozen=True, kw_only=True):
    """[connector.NAME] type = "insurance"."""

    address: Annotated[Url, says("where the service answers; overrides the WSDL", vi="địa chỉ dịch vụ BHXH")]
    unit: Annotated[Unit, says("we, as the authority knows us", vi="đơn vị gửi")]
    operations: Annotated[Operations, says("its operations")] = Operations()
    names: Annotated[Names, says("elements inside the strings")] = Names()
    over: Annotated[
        tuple[str, ...], says("states of a file that nobody works on any more (cancelled, refused)")
    ] = ("5", "6")
    ivan: Annotated[Ivan, says("through whom files are sent")] = Ivan()
    card_form: Annotated[str, says("MaToKhai of a card's form, and its root")] = "TK1-TS"
    file_form: Annotated[str, says("MaToKhai of a file's form, and its root")] = "D03-TS"
    decision: Annotated[str, says("number that file names of forms carry (QĐ 595)")] = "595"

    def faults(self) -> Iterator[Fault]:
        """A form's code is the name of an element."""
        yield from super().faults()
        for name in ("card_form", "file_form"):
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", getattr(self, name)):
                yield Fault(name, 'is no name of an element, such as "TK1-TS"')
