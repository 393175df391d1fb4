"""What an installation says about any peer with a contract (WSDL): account, files, keys, who is believed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from adapters._kit.xml_signature import Method
from bus.peer_settings import ConnectorSettings
from bus.settings import Fault, Secret, says


class SoapSettings(ConnectorSettings, frozen=True, kw_only=True):
    """The settings that peers with a WSDL share; a type's own extend this class."""

    username: Annotated[str, says("account of the WS-Security token")]
    password: Annotated[Secret, says("its password")]
    wsdl: Annotated[
        Path | None, says("the authority's contract; empty: the shipped one, which is ours", must_exist=True)
    ] = None
    schemas: Annotated[
        Path | None,
        says(
            "folder of XML schemas of what stands inside; files there win over shipped ones", must_exist=True
        ),
    ] = None
    texts: Annotated[
        Path | None,
        says("table (CSV) of the peer's codes and wordings; empty: the shipped one", must_exist=True),
    ] = None
    signer: Annotated[
        str,
        says(
            'our key and certificate: "pkcs12:PATH", or on a token or HSM'
            ' "pkcs11:token=NAME;object=NAME?module-path=PATH"; empty: unsigned'
        ),
    ] = ""
    signer_password: Annotated[Secret | None, says("its password, or the token's PIN")] = None
    signature: Annotated[
        Method, says("how we sign; rsa-sha1 only where the peer demands it, for it is broken")
    ] = "rsa-sha256"
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
        if self.signature != "rsa-sha256" and not self.signer:
            yield Fault("signature", "is of no use without a signer")
