"""What an installation says about its tax gateway (GIP); a key without a default is SET."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from adapters.tax.dates import SendDate
from bus.peer_settings import ConnectorSettings
from bus.settings import Fault, Secret, Section, Url, says


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


class TaxSettings(ConnectorSettings, frozen=True, kw_only=True):
    """[connector.NAME] type = "tax"."""

    address: Annotated[Url, says("where the gateway answers; overrides the WSDL", vi="địa chỉ cổng GIP")]
    sender: Annotated[Party, says("we, as the gateway knows us", vi="đơn vị gửi")]
    username: Annotated[str, says("account of the WS-Security token")]
    password: Annotated[Secret, says("its password")]
    wsdl: Annotated[
        Path | None, says("the authority's contract; empty: the shipped one, which is ours", must_exist=True)
    ] = None
    operation: Annotated[str, says("its operation, one string in and one string out")] = "xuLyTruyVanMsg"
    schemas: Annotated[
        Path | None,
        says(
            "folder of XML schemas of what stands inside; files there win over shipped ones", must_exist=True
        ),
    ] = None
    receiver: Annotated[Party, says("whom we speak to")] = Party(code="GIP", name="Tổng cục Thuế")
    types: Annotated[Types, says("words of the messages")] = Types()
    send_date: Annotated[SendDate, says("form of SEND_DATE in what we send; both are seen")] = (
        "dd-MMM-yyyy HH:mm:ss"
    )
    signer: Annotated[str, says('our key and certificate, "pkcs12:PATH"; empty: unsigned')] = ""
    signer_password: Annotated[Secret | None, says("its password")] = None
    verify_with: Annotated[
        Path | None,
        says(
            "certificates whose signatures we accept, PEM; empty: answers are not verified", must_exist=True
        ),
    ] = None
    texts: Annotated[
        Path | None, says("table (CSV) of the gateway's codes and wordings; empty: shipped", must_exist=True)
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
