"""What an installation says about the document axis it is joined to; a key without a default is SET."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from adapters.ioffice.edxml import Limits
from bus.peer_settings import ConnectorSettings, Timeout
from bus.settings import Fault, Seconds, Secret, Section, Size, Url, says

WSDL = Path(__file__).parent / "schemas" / "edoc.wsdl"
"""The shipped contract of the eDoc profile, which is ours."""
TEXTS = Path(__file__).with_name("texts.csv")
"""The shipped table of answer texts."""


class Most(Section, frozen=True, kw_only=True):
    """How large a package may be before it is refused."""

    package: Annotated[Size, says("the whole package, encoded")] = Size("600 MB")
    attachment: Annotated[Size, says("one attached file")] = Size("200 MB")
    attachments: Annotated[int, says("files of one package", unit="files", least=1, most=10_000)] = 200

    def limits(self) -> Limits:
        """Give them in the codec's form."""
        return Limits(package=self.package, attachment=self.attachment, attachments=self.attachments)


class Reach(Section, frozen=True, kw_only=True):
    """Statuses of the eDoc profile are asked for by a time; what is shown again is recognised."""

    first: Annotated[Seconds, says("so far back at the very first asking")] = Seconds("7 days")
    overlap: Annotated[Seconds, says("so far back at any other: clocks differ, and traces come late")] = (
        Seconds("1 hour")
    )


class Organization(Section, frozen=True, kw_only=True):
    """How GetOrganizations of the eDoc profile names an agency: elements that nobody tells [I]."""

    code: Annotated[str, says("the element with its code")] = "OrganId"
    name: Annotated[str, says("the element with its name")] = "OrganName"


class IOfficeSettings(ConnectorSettings, frozen=True, kw_only=True):
    """[connector.NAME] type = "ioffice"."""

    profile: Annotated[
        Literal["vxp", "soap"],
        says("how the axis speaks: VXP, signed HTTP headers (5.1), or eDoc, SOAP with attachments (5.3)"),
    ] = "vxp"
    endpoint: Annotated[Url, says("the adapter of the axis, without an operation's name; SOAP: the service")]
    system_id: Annotated[
        str, says("code of our connection centre; SOAP: our OrganId", vi="mã trung tâm kết nối")
    ]
    secret: Annotated[Secret, says("signs every call (HMAC-SHA256); SOAP: our Token")]
    units: Annotated[
        tuple[str, ...], says("codes of the units whose documents we send; none: any", vi="mã đơn vị")
    ] = ()
    poll_every: Annotated[Seconds, says("how often it is asked for documents and statuses", least=0.05)] = (
        Seconds("30 seconds")
    )
    batch: Annotated[int, says("packages fetched at one asking", unit="packages", least=1, most=200)] = 20
    fetch: Annotated[
        Literal["getEdoc", "downloadEdoc"], says("the operation that gives a package: in JSON, or as it is")
    ] = "getEdoc"
    sent_list: Annotated[
        Literal["none", "partial", "complete"],
        says(
            "what getSentEdocList is good for: nothing, showing what is there, also showing what is not [I]"
        ),
    ] = "partial"
    hash_file: Annotated[
        Literal["sdk", "full"],
        says("the form of hash-file: as the vendor library has it, or whole hex (7.3)"),
    ] = "sdk"
    wsdl: Annotated[
        Path | None,
        says("SOAP: the service's own contract; empty: the shipped one, which is ours", must_exist=True),
    ] = None
    parts: Annotated[
        Literal["base64", "plain"],
        says("SOAP: files of GetDocument stand in their MIME parts as base64 once more, or as they are (2)"),
    ] = "base64"
    traces: Annotated[Reach, says("SOAP: how far back statuses are asked for")] = Reach()
    organization: Annotated[
        Organization, says("SOAP: how GetOrganizations names an agency, by local names of elements [I]")
    ] = Organization()
    most: Annotated[Most, says("limits of size")] = Most()
    texts: Annotated[Path | None, says("table of answer texts; empty: the shipped one", must_exist=True)] = (
        None
    )
    timeout: Annotated[Timeout, says("how long the axis may take")] = Timeout(answer=Seconds("120 seconds"))
    ca: Annotated[Path | None, says("whose certificates we accept; empty: the system's", must_exist=True)] = (
        None
    )
    certificate: Annotated[Path | None, says("our certificate for mTLS, PEM", must_exist=True)] = None
    key: Annotated[Path | None, says("its key, PEM", must_exist=True)] = None

    def faults(self) -> Iterator[Fault]:
        """What belongs together comes together."""
        if (self.certificate is None) != (self.key is None):
            yield Fault("certificate", "certificate and key come together")
        if self.wsdl is not None and self.profile != "soap":
            yield Fault("wsdl", 'is of no use without profile = "soap"')
