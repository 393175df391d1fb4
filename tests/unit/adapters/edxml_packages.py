"""Invented packages in the forms that circulate, put together by hand: nothing here knows our codec."""

import base64
import io
import zipfile
from pathlib import Path

N = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
_ROOT = Path(__file__).resolve().parents[3]
_PLACES = [above / "shared" / "samples" / "edxml" for above in list(_ROOT.parents)[:2]]
SAMPLES = next((place for place in _PLACES if place.is_dir()), _PLACES[0])
"""Real packages, beside the repository where there are any; they are never part of it."""

ORGANS = """<e:From>
<e:OrganId>H12.06</e:OrganId><e:OrganName>Sở Nông nghiệp và Môi trường</e:OrganName></e:From>
<e:To><e:OrganId>000.00.00.G22</e:OrganId><e:OrganName>Văn phòng Chính phủ</e:OrganName></e:To>"""
REST = """<e:DocumentId>H12.06,2026/11/20,15/SNNMT-VP</e:DocumentId>
<e:Code><e:CodeNumber>15</e:CodeNumber><e:CodeNotation>SNNMT-VP</e:CodeNotation></e:Code>
<e:PromulgationInfo><e:Place>Cà Mau</e:Place>
<e:PromulgationDate>2026/11/20</e:PromulgationDate></e:PromulgationInfo>
<e:DocumentType><e:Type>2</e:Type><e:TypeDetail>0</e:TypeDetail>
<e:TypeName>Công văn</e:TypeName></e:DocumentType>
<e:Subject>V/v cấp giấy phép</e:Subject>
<e:SteeringType>1</e:SteeringType>"""
TRACE = """<e:TraceHeaderList>
<e:Bussiness><e:BussinessDocType>0</e:BussinessDocType><e:Paper>0</e:Paper></e:Bussiness>
<e:TraceHeader><e:OrganId>H12.06</e:OrganId><e:Timestamp>2026/11/20 08:00:00</e:Timestamp></e:TraceHeader>
</e:TraceHeaderList>"""
STATUS = """<e:From>
<e:OrganId>000.00.00.G22</e:OrganId><e:OrganName>Văn phòng Chính phủ</e:OrganName></e:From>
<e:ResponseFor><e:OrganId>H12.06</e:OrganId><e:Code>15/SNNMT-VP</e:Code>
<e:PromulgationDate>2026/11/20</e:PromulgationDate>
<e:DocumentId>H12.06,2026/11/20,15/SNNMT-VP</e:DocumentId></e:ResponseFor>
<e:StatusCode>03</e:StatusCode><e:Description>Đã tiếp nhận</e:Description>
<e:Timestamp>2026/11/20 09:00:00</e:Timestamp>"""


def zipped(content: bytes, entry: str = "0d0f8c4e-8f6a-4c53-8d7e-2f1c3b4a5d6e.pdf") -> bytes:
    """Zip a file as the vendor library does it."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(entry, content)
    return made.getvalue()


def attachment(
    content: bytes, name: str = "Công văn.pdf", kind: str = "application/zip", identity: str = "cid:1"
) -> str:
    """Write one attachment with its content in base64."""
    return encoded(base64.b64encode(content).decode(), name, kind, identity)


def encoded(
    text: str, name: str = "Công văn.pdf", kind: str = "application/zip", identity: str = "cid:1"
) -> str:
    """Write one attachment with any text for its content."""
    return (
        f"<Attachment><ContentId>{identity}</ContentId><AttachmentName>{name}</AttachmentName>"
        f"<ContentType>{kind}</ContentType><e:ContentTransferEncoded xmlns:e='{N}'>{text}"
        "</e:ContentTransferEncoded></Attachment>"
    )


def reference(identity: str = "cid:1", name: str = "Công văn.pdf", more: str = "") -> str:
    """Write one line of the manifest."""
    return (
        f"<e:Reference><e:ContentId>{identity}</e:ContentId><e:ContentType>application/pdf</e:ContentType>"
        f"{more}<e:AttachmentName>{name}</e:AttachmentName></e:Reference>"
    )


def document(
    header: str = ORGANS + REST,
    trace: str = TRACE,
    attachments: str = "",
    manifest: str = "",
    start: str = "",
) -> bytes:
    """Put a document package together; `start` comes before its root."""
    begin = start or '<?xml version="1.0" encoding="UTF-8"?>\n'
    around = f"<AttachmentEncoded>{attachments}</AttachmentEncoded>" if attachments else ""
    return (
        f"{begin}<edXML xmlns='{N}'>\n<e:edXMLEnvelope xmlns:e='{N}'>\n<e:edXMLHeader>\n"
        f"<e:MessageHeader>{header}</e:MessageHeader>\n{trace}\n</e:edXMLHeader>"
        f"<e:edXMLBody><e:edXMLManifest version='1.0'>{manifest}</e:edXMLManifest></e:edXMLBody>"
        f"</e:edXMLEnvelope>{around}</edXML>"
    ).encode()


def status(header: str = STATUS) -> bytes:
    """Put a status package together."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<edXML xmlns="{N}"><e:edXMLEnvelope xmlns:e="{N}">'
        f"<e:edXMLHeader><e:MessageHeader>{header}</e:MessageHeader></e:edXMLHeader></e:edXMLEnvelope></edXML>"
    ).encode()
