"""The eDoc profile against PHP's SoapServer: nothing of ours on the other side."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.ioffice.adapter import IOffice
from adapters.ioffice.settings import Organization
from bus.errors import DeliveryError, OutcomeUnknownError, PermanentError
from bus.files import FileStore
from mappings.engine import Compiled
from tests.contract.ioffice_adapter.axes import DOCUMENT, ROOT, STATUS, Q, Reader, adapter, call, tree_of
from tests.contract.php_world import Php, serving
from tests.contract.tax_world import PASSWORD

pytestmark = pytest.mark.contract
WSDL = ROOT / "adapters" / "ioffice" / "schemas" / "edoc.wsdl"
PDF = b"%PDF-1.4 v\xc4\x83n b\xe1\xba\xa3n\x00\xff"


def e(name: str, *inner: str) -> str:
    """An element of the service's namespace."""
    return f"<edXML:{name}>{''.join(inner)}</edXML:{name}>"


HEADER = e(
    "MessageHeader",
    e("From", e("OrganId", "000.00.00.G22"), e("OrganName", "Văn phòng Chính phủ")),
    e("To", e("OrganId", "H12.06"), e("OrganName", "Sở")),
    e("Code", e("CodeNumber", "15"), e("CodeNotation", "VPCP-TTĐT")),
    e("PromulgationInfo", e("Place", "Hà Nội"), e("PromulgationDate", "2026/11/20")),
    e("DocumentType", e("Type", "2"), e("TypeName", "Công văn")),
    e("Subject", "V/v trả lời"),
    e("DueDate"),
    e("DocumentId", "000.00.00.G22,2026/11/20,15/VPCP-TTĐT"),
)
TRACE = e(
    "TraceHeaderList",
    e("TraceHeader", e("OrganId", "000.00.00.G22"), e("Timestamp", "20/11/2026 08:00:00")),
    e("Business", e("BusinessDocType", "0")),
)
TRACES = """<Status xmlns=""><From><OrganId>000.00.00.G22</OrganId>
<OrganName>Văn phòng Chính phủ</OrganName></From><ResponseFor>
<OrganId>H12.06</OrganId><Code>15/SNNMT-VP</Code><PromulgationDate>2026/11/20</PromulgationDate>
<DocumentId>H12.06,2026/11/20,15/SNNMT-VP</DocumentId></ResponseFor><StatusCode>03</StatusCode>
<Description>Đã tiếp nhận</Description><Timestamp>2026/11/20 09:00:00</Timestamp></Status>"""


@pytest.fixture
def php(tmp_path: Path) -> Iterator[Php]:
    """A service that ends with the test."""
    (tmp_path / "inbox").mkdir()
    with serving("edoc.php", WSDL, tmp_path) as one:
        yield one


@pytest.fixture
def axis(php: Php, files: FileStore) -> Iterator[IOffice]:
    """A connector to it."""
    one = connected(php, files)
    yield one
    one.close()


def connected(php: Php, files: FileStore, **settings: Any) -> IOffice:
    """A connector of the eDoc profile."""
    return adapter(
        f"{php.root}/edoc", files, secret=settings.pop("secret", PASSWORD), profile="soap", **settings
    )


def waits(php: Php, identity: str, files: dict[str, bytes]) -> None:
    """A document waits: its files are base64 within their parts, as the service has them (reference 2)."""
    told = [
        {"name": name, "type": "application/pdf", "content": base64.b64encode(content).decode()}
        for name, content in files.items()
    ]
    content = {"header": HEADER, "trace": TRACE, "files": told}
    (php.folder / "inbox" / f"{identity}.json").write_text(json.dumps(content), encoding="utf-8")


def test_a_document_goes_out_with_its_files_beside_the_envelope(
    php: Php, axis: IOffice, files: FileStore
) -> None:
    """Every tag that the service demands, the token in the header, each file a part that PHP hashes."""
    tree = tree_of(DOCUMENT, files)
    answer = axis.operations["send_document"].call(call(tree))
    assert answer.note.startswith("docId esb-H12.06,")
    assert php.notes("documents") == [answer.note.removeprefix("docId esb-")]
    sent = [
        f"{each.findtext(f'{Q}FileId')} {each.findtext(f'{Q}FileType')} {each.findtext(f'{Q}AttachmentName')}"
        for each in tree.iterfind(f"{Q}Attachment")
    ]
    assert php.notes("parts") == sent
    assert len(sent) > 0
    assert php.notes("untagged") == []


def test_a_document_sent_twice_is_one_effect(php: Php, axis: IOffice, files: FileStore) -> None:
    """The service knows the id: on a resend that is our own, on a first attempt a person looks."""
    operation = axis.operations["send_document"]
    operation.call(call(tree_of(DOCUMENT, files)))
    with pytest.raises(PermanentError, match="already"):
        operation.call(call(tree_of(DOCUMENT, files)))
    assert "earlier attempt" in operation.call(call(tree_of(DOCUMENT, files), attempt=2)).note
    assert len(php.notes("documents")) == 1
    assert (operation.certainty, axis.operations["send_dossier"].certainty) == ("person", "repeatable")


def test_a_document_is_listed_fetched_kept_and_only_then_confirmed(
    php: Php, axis: IOffice, files: FileStore, sheets: dict[str, Compiled]
) -> None:
    """The service's words and dates come out as the standard's; the files to the byte."""
    waits(php, "esb-1", {"Công văn.pdf": PDF, "phụ lục 2.pdf": PDF * 3})
    reader = Reader(axis)
    (item,) = reader.page().items
    assert php.notes("confirmed") == []
    message = sheets["document"].read(item.tree, source="ioffice").message
    assert (message.document_id, message.axis_id) == ("000.00.00.G22,2026/11/20,15/VPCP-TTĐT", "esb-1")
    assert [each.name for each in message.files] == ["Công văn.pdf", "phụ lục 2.pdf"]
    for each, content in zip(message.files, (PDF, PDF * 3), strict=True):
        with files.open(each.file.hash) as kept:
            assert kept.read() == content
    assert item.as_of is not None
    assert item.as_of.isoformat() == "2026-11-20T08:00:00+07:00"
    reader.drain()
    assert php.notes("confirmed") == ["esb-1"]
    assert reader.drain() == []
    assert php.notes("fetched") == ["esb-1"]


def test_what_is_no_base64_within_its_part_is_kept_as_broken_and_confirmed(php: Php, axis: IOffice) -> None:
    """The error names the place; the next document is not held up."""
    waits(php, "esb-1", {"a.pdf": PDF})
    path = php.folder / "inbox" / "esb-1.json"
    path.write_text(
        path.read_text(encoding="utf-8").replace(base64.b64encode(PDF).decode(), "<x>"), encoding="utf-8"
    )
    waits(php, "esb-2", {"a.pdf": PDF})
    reader = Reader(axis)
    assert [item.key for item in reader.drain()] == ["esb-2"]
    ((_, why),) = reader.broken
    assert "ContentTransferEncoded" in why
    assert sorted(php.notes("confirmed")) == ["esb-1", "esb-2"]


def test_statuses_are_asked_for_by_a_time_and_handed_over_once(
    php: Php, axis: IOffice, sheets: dict[str, Compiled]
) -> None:
    """Asked without a time the service would forget them; what an overlap shows again is known."""
    reader = Reader(axis, "statuses")
    assert reader.page().items == ()
    (php.folder / "traces.xml").write_text(TRACES, encoding="utf-8")
    (item,) = reader.page().items
    status = sheets["status"].read(item.tree, source="ioffice").message
    assert (status.status, status.document_id) == ("accepted", "H12.06,2026/11/20,15/SNNMT-VP")
    assert reader.page().items == ()
    spoilt = TRACES.replace("2026/11/20 09:00:00", "20-11-2026")
    (php.folder / "traces.xml").write_text(TRACES + spoilt, encoding="utf-8")
    assert reader.page().items == ()
    ((_, why),) = reader.broken
    assert "MessageHeader/Timestamp" in why
    reader.page()
    assert len(reader.broken) == 1
    assert all(php.notes("since"))


def test_a_status_is_told_in_a_body_without_a_namespace(php: Php, axis: IOffice, files: FileStore) -> None:
    """UpdateTraces: Status and all below it in none (reference 5.3)."""
    axis.operations["send_status"].call(call(tree_of(STATUS, files)))
    assert php.notes("statuses") == ["03 H12.06,2026/11/20,15/SNNMT-VP"]


def test_an_empty_body_says_that_a_tag_is_missing(php: Php, axis: IOffice, files: FileStore) -> None:
    """The known service answers so and does nothing: a person looks, nothing is sent again."""
    tree = tree_of(DOCUMENT, files)
    tree.find(f"{Q}MessageHeader/{Q}Subject").text = "THIEU"
    with pytest.raises(PermanentError, match="tag"):
        axis.operations["send_document"].call(call(tree))
    assert php.notes("documents") == []


def test_an_exception_in_the_service_after_its_effect_is_unknown(
    php: Php, axis: IOffice, files: FileStore
) -> None:
    """PHP's uncaught exception: HTTP 500, whatever its body; a resend meets the document that is there."""
    tree = tree_of(DOCUMENT, files)
    tree.find(f"{Q}MessageHeader/{Q}Subject").text = "HONG"
    with pytest.raises(OutcomeUnknownError):
        axis.operations["send_document"].call(call(tree))
    assert "earlier attempt" in axis.operations["send_document"].call(call(tree, attempt=2)).note


def test_a_wrong_token_does_nothing_and_the_probe_names_the_layer(php: Php, files: FileStore) -> None:
    """Neither a document nor a confirmation gets through."""
    one = connected(php, files, secret="sai")
    with pytest.raises(DeliveryError):
        one.operations["send_document"].call(call(tree_of(DOCUMENT, files)))
    assert php.notes("documents") == []
    layers = list(one.probe())
    assert (layers[-1].layer, layers[-1].ok) == ("login", False)
    assert "M.CheckPermission" in layers[-1].text
    one.close()


def test_the_login_is_checked_by_the_service_and_by_its_list_where_that_form_is_another(
    php: Php, axis: IOffice, files: FileStore, tmp_path: Path
) -> None:
    """A service that wants more than OrganId and Token, or has no such operation, is asked what waits."""

    def said(one: IOffice) -> str:
        return next(layer.text for layer in one.probe() if layer.layer == "login" and layer.ok)

    assert "CheckPermission: OrganId" in said(axis)
    (php.folder / "other-form").touch()
    assert "another form" in said(axis)
    own = connected(php, files, wsdl=without(tmp_path, "CheckPermission"))
    assert "has no CheckPermission" in said(own)
    assert len(php.notes("permission")) == 2
    own.close()


def test_organisations_are_listed_by_the_names_that_the_service_uses(
    php: Php, axis: IOffice, files: FileStore, tmp_path: Path
) -> None:
    """Which element is the code, nobody tells: a setting. A contract without the operation is told of."""
    (php.folder / "organs").write_text(
        "H12.06|Sở|1 Lý Văn Lâm\n|không mã|x\nH12.09|Sở GDĐT|2\n", encoding="utf-8"
    )
    assert [(one.code, one.name) for one in axis.agencies()] == [("H12.06", "Sở"), ("H12.09", "Sở GDĐT")]
    own = connected(php, files, organization=Organization(code="OrganName", name="OrganAdd"))
    assert next((one.code, one.name) for one in own.agencies()) == ("Sở", "1 Lý Văn Lâm")
    own.close()
    lacking = connected(php, files, wsdl=without(tmp_path, "GetOrganizations"))
    with pytest.raises(PermanentError, match="no organisations"):
        lacking.agencies()
    lacking.close()


def without(folder: Path, operation: str) -> Path:
    """The contract of a service that has no such operation."""
    text = WSDL.read_text(encoding="utf-8")
    whole = rf'<wsdl:operation name="{operation}">.*?</wsdl:operation>'
    own = folder / f"no-{operation}.wsdl"
    own.write_text(re.sub(whole, "", text, flags=re.DOTALL), encoding="utf-8")
    return own


def test_another_contract_is_a_file_and_a_line_of_settings(
    php: Php, files: FileStore, tmp_path: Path
) -> None:
    """Namespace and binding come from the installation's own WSDL; nothing of them stands in code."""
    own = tmp_path / "own.wsdl"
    own.write_text(WSDL.read_text(encoding="utf-8").replace("EDocSoap", "Own"), encoding="utf-8")
    one = connected(php, files, wsdl=own)
    one.operations["send_document"].call(call(tree_of(DOCUMENT, files)))
    assert len(php.notes("documents")) == 1
    one.close()
