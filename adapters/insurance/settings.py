"""What an installation says about its insurance authority (BHXH); a key without a default is SET."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from bus.peer_settings import ConnectorSettings
from bus.settings import Fault, Secret, Section, Url, says


class Operations(Section, frozen=True, kw_only=True):
    """Operations as the contract spells them; all are ours [I]."""

    submit: Annotated[str, says("a file is handed in (gửi hồ sơ)")] = "guiHoSo"
    supplement: Annotated[str, says("what was asked for is handed in (bổ sung)")] = "boSungHoSo"
    cancel: Annotated[str, says("a file is withdrawn (hủy hồ sơ)")] = "huyHoSo"
    query: Annotated[str, says("what became of a dossier's files (tra cứu)")] = "traCuuHoSo"
    check_card: Annotated[str, says("is a card good (kiểm tra thẻ)")] = "kiemTraThe"
    participant: Annotated[str, says("who is insured (tra cứu người tham gia)")] = "traCuuNguoiThamGia"


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


class InsuranceSettings(ConnectorSettings, frozen=True, kw_only=True):
    """[connector.NAME] type = "insurance"."""

    address: Annotated[Url, says("where the service answers; overrides the WSDL", vi="địa chỉ dịch vụ BHXH")]
    unit: Annotated[Unit, says("we, as the authority knows us", vi="đơn vị gửi")]
    username: Annotated[str, says("account of the WS-Security token")]
    password: Annotated[Secret, says("its password")]
    wsdl: Annotated[
        Path | None, says("the authority's contract; empty: the shipped one, which is ours", must_exist=True)
    ] = None
    operations: Annotated[Operations, says("its operations")] = Operations()
    schemas: Annotated[
        Path | None,
        says(
            "folder of XML schemas of what stands inside; files there win over shipped ones", must_exist=True
        ),
    ] = None
    ivan: Annotated[Ivan, says("through whom files are sent")] = Ivan()
    card_form: Annotated[str, says("MaToKhai of a card's form")] = "TK1-TS"
    file_form: Annotated[str, says("MaToKhai of a file's form")] = "D03-TS"
    decision: Annotated[str, says("number that file names of forms carry (QĐ 595)")] = "595"
    signer: Annotated[str, says('our key and certificate, "pkcs12:PATH"; empty: unsigned')] = ""
    signer_password: Annotated[Secret | None, says("its password")] = None
    texts: Annotated[
        Path | None, says("table (CSV) of the authority's codes; empty: the shipped one", must_exist=True)
    ] = None
    ca: Annotated[Path | None, says("whose certificates we accept; empty: the system's", must_exist=True)] = (
        None
    )
    certificate: Annotated[Path | None, says("our certificate for mTLS, PEM", must_exist=True)] = None
    key: Annotated[Path | None, says("its key, PEM", must_exist=True)] = None

    def faults(self) -> Iterator[Fault]:
        """What belongs together comes together."""
        if (self.certificate is None) != (self.key is None):
            yield Fault("certificate", "certificate and key come together")
        if self.signer_password and not self.signer:
            yield Fault("signer_password", "is of no use without a signer")
