"""What an installation says about its tax gateway (GIP); a key without a default is SET."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from adapters._kit.soap_settings import SoapSettings
from adapters.tax.dates import SendDate
from bus.settings import Fault, Section, Url, says


class Party(Section, frozen=True, kw_only=True):
    """Who speaks or is spoken to, as the header names it."""

    code: Annotated[str, says("code that the gateway gave")]
    name: Annotated[str, says("name beside it")] = ""


class Types(Section, frozen=True, kw_only=True):
    """Words of the messages that a sheet does not write; those marked [I] in the README are ours."""

    tran_code: Annotated[str, says("TRAN_CODE of what we send")] = "05010"
    slip: Annotated[str, says("MSG_TYPE of a slip (phiếu chuyển)")] = "TCT_GPC"
    supplement: Annotated[str, says("MSG_TYPE of an answer to a request for more")] = "TCT_BSPC"
    filed: Annotated[str, says("MSG_TYPE of the question whether something was filed")] = "TCT_TVNVTC"
    obligation: Annotated[str, says("TYPE by which answers about the land tax book are judged")] = "00110"
    payments: Annotated[str, says("TYPE by which answers about vouchers are judged")] = "00022"
    cancel: Annotated[str, says("TYPE by which answers about a voucher taken back are judged")] = "00024"
    cancelled: Annotated[str, says("state of a voucher that was taken back [I]")] = "2"
    notices: Annotated[str, says("MSG_TYPE of the question for tax notices")] = "TCT_TVTBT"
    scans: Annotated[str, says("MSG_TYPE of the question for a slip's scanned papers")] = "TCT_TVHSSC"
    taxpayer: Annotated[str, says("TYPE by which answers about a taxpayer are judged")] = "00003"
    search: Annotated[str, says("TYPE by which answers about a paper's number are judged")] = "00001"
    dues: Annotated[str, says("TYPE by which answers about what is to be paid are judged")] = "00005"
    registration: Annotated[str, says("TYPE by which answers about registration fees are judged")] = "00047"
    personal: Annotated[str, says("TYPE by which answers about a person's book are judged")] = "00128"
    subsections: Annotated[str, says("TYPE by which answers about the list of subsections are judged")] = (
        "00019"
    )


class Names(Section, frozen=True, kw_only=True):
    """Elements of a row that the connector itself reads or writes; what sheets name must say the same."""

    dossier: Annotated[str, says("the dossier's number")] = "MA_HS"
    slip: Annotated[str, says("the block of a slip that holds both numbers")] = "TT_CHUNG"
    slip_number: Annotated[str, says("the slip's number in it")] = "SO_PHIEU"
    asked: Annotated[str, says("the tax office asks for more [I]")] = "YEUCAU_BOSUNG"
    asked_number: Annotated[str, says("the number of what it asks [I]")] = "SO_YEUCAU"
    book: Annotated[str, says("the land tax book in an answer")] = "SOTHUE"
    state: Annotated[str, says("its state")] = "TRANGTHAI"
    state_text: Annotated[str, says("its state's sentence")] = "MOTA_TRANGTHAI"
    voucher: Annotated[str, says("a payment voucher in an answer [I]")] = "CHUNGTU"
    voucher_number: Annotated[str, says("its number [I]")] = "SO_CHUNGTU"
    voucher_state: Annotated[str, says("its state [I]")] = "TRANG_THAI"
    payer: Annotated[str, says("the taxpayer's code in a question about a voucher")] = "MST"
    subsections: Annotated[str, says("the list of subsections in an answer [I]")] = "DANHMUC"
    taxpayer: Annotated[str, says("a taxpayer in an answer, with what their book says")] = "THONGTIN_NNT"
    code: Annotated[str, says("the code of an answer to a question")] = "MA_KETQUA"
    said: Annotated[str, says("its sentence")] = "DIEN_GIAI"


class TaxSettings(SoapSettings, frozen=True, kw_only=True):
    """[connector.NAME] type = "tax"."""

    address: Annotated[Url, says("where the gateway answers; overrides the WSDL", vi="địa chỉ cổng GIP")]
    sender: Annotated[Party, says("we, as the gateway knows us", vi="đơn vị gửi")]
    operation: Annotated[str, says("its operation, one string in and one string out")] = "xuLyTruyVanMsg"
    receiver: Annotated[Party, says("whom we speak to")] = Party(code="GIP", name="Tổng cục Thuế")
    types: Annotated[Types, says("words of the messages")] = Types()
    names: Annotated[Names, says("elements of a row")] = Names()
    send_date: Annotated[SendDate, says("form of SEND_DATE in what we send; both are seen")] = (
        "dd-MMM-yyyy HH:mm:ss"
    )
    verify_with: Annotated[
        Path | None,
        says(
            "certificates whose signatures we accept, PEM; empty: answers are not verified", must_exist=True
        ),
    ] = None
    accept_sha1: Annotated[
        bool, says("believe SHA-1 signatures of the gateway too, where it makes no others")
    ] = False

    def faults(self) -> Iterator[Fault]:
        """What belongs together comes together."""
        yield from super().faults()
        if self.accept_sha1 and self.verify_with is None:
            yield Fault("accept_sha1", "is of no use without verify_with")
