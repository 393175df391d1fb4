"""Packages that the simulated agencies write: documents, answers to ours, statuses. Texts are invented."""

from __future__ import annotations

import base64
import io
import uuid
import zipfile
from datetime import datetime
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from adapters.ioffice.simulator_package import N, Seen

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
_TEXTS = {
    "01": "Phần mềm QLVB đã nhận, văn thư chưa xử lý",
    "02": "Từ chối: văn bản không thuộc thẩm quyền",
    "03": "Tiếp nhận, vào sổ văn bản đến",
    "05": "Đang xử lý",
    "06": "Hoàn thành",
    "15": "Đồng ý trả lại văn bản",
    "16": "Không đồng ý: văn bản đã vào sổ",
}


def status(seen: Seen, sender: str, code: str) -> bytes:
    """Write a status about a document that `sender` got (reference 3)."""
    now = f"{datetime.now(HANOI):%Y/%m/%d %H:%M:%S}"
    return _wrapped(
        f"<edXML:From>{_e('OrganId', sender)}{_e('OrganName', f'Đơn vị {sender}')}</edXML:From>"
        f"<edXML:ResponseFor>{_e('OrganId', seen.sender)}{_e('Code', seen.sign)}"
        f"{_e('PromulgationDate', seen.day)}{_e('DocumentId', seen.document_id)}</edXML:ResponseFor>"
        f"<edXML:StaffInfo>{_e('Department', 'Văn thư')}{_e('Staff', 'Lê Thị Mận')}</edXML:StaffInfo>"
        f"{_e('StatusCode', code)}{_e('Description', _TEXTS[code])}{_e('Timestamp', now)}",
        "",
        "",
    )


def ask_back(seen: Seen, to: str) -> bytes:
    """Ask a document back from one who got it (13): ResponseFor/OrganId is the recipient (reference 3)."""
    now = f"{datetime.now(HANOI):%Y/%m/%d %H:%M:%S}"
    return _wrapped(
        f"<edXML:From>{_e('OrganId', seen.sender)}{_e('OrganName', f'Đơn vị {seen.sender}')}</edXML:From>"
        f"<edXML:ResponseFor>{_e('OrganId', to)}{_e('Code', seen.sign)}"
        f"{_e('PromulgationDate', seen.day)}{_e('DocumentId', seen.document_id)}</edXML:ResponseFor>"
        f"{_e('StatusCode', '13')}{_e('Description', 'Gửi nhầm, đề nghị trả lại')}{_e('Timestamp', now)}",
        "",
        "",
    )


def document(sender: str, to: str, number: int, answers: Seen | None = None) -> bytes:
    """Write a new document with one attachment, zipped as the vendor library does; `answers`: ResponseFor."""
    now = datetime.now(HANOI)
    sign = f"{number}/QĐ-UBND"
    answered = ""
    if answers is not None:
        answered = (
            f"<edXML:ResponseFor>{_e('OrganId', answers.sender)}{_e('Code', answers.sign)}"
            f"{_e('DocumentId', answers.document_id)}{_e('PromulgationDate', answers.day)}"
            "</edXML:ResponseFor>"
        )
    header = (
        f"<edXML:From>{_e('OrganId', sender)}{_e('OrganName', f'Đơn vị {sender}')}</edXML:From>"
        f"<edXML:To>{_e('OrganId', to)}{_e('OrganName', f'Đơn vị {to}')}</edXML:To>"
        f"{_e('DocumentId', f'{sender},{now:%Y/%m/%d},{sign}')}"
        f"<edXML:Code>{_e('CodeNumber', str(number))}{_e('CodeNotation', 'QĐ-UBND')}</edXML:Code>"
        f"<edXML:PromulgationInfo>{_e('Place', 'Cà Mau')}{_e('PromulgationDate', f'{now:%Y/%m/%d}')}"
        "</edXML:PromulgationInfo><edXML:DocumentType>"
        f"{_e('Type', '2')}{_e('TypeDetail', '0')}{_e('TypeName', 'Quyết định')}</edXML:DocumentType>"
        f"{_e('Subject', 'V/v giải quyết hồ sơ')}{answered}{_e('SteeringType', '0')}"
    )
    identity, name = str(uuid.uuid4()), "Quyết định.pdf"
    trace = (
        "<edXML:TraceHeaderList><edXML:Bussiness><edXML:BussinessDocType>0</edXML:BussinessDocType>"
        "<edXML:Paper>0</edXML:Paper></edXML:Bussiness>"
        f"<edXML:TraceHeader>{_e('OrganId', sender)}{_e('Timestamp', f'{now:%Y/%m/%d %H:%M:%S}')}"
        "</edXML:TraceHeader></edXML:TraceHeaderList>"
    )
    body = (
        '<edXML:edXMLBody><edXML:edXMLManifest version="1.0"><edXML:Reference>'
        f"{_e('ContentId', f'cid:{identity}')}{_e('ContentType', 'application/zip')}"
        f"{_e('AttachmentName', name)}"
        "</edXML:Reference></edXML:edXMLManifest></edXML:edXMLBody>"
    )
    return _wrapped(header, trace, body, _attached(identity, name, f"%PDF-1.4\n{sign}\n".encode()))


def _wrapped(header: str, trace: str, body: str, attached: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<edXML xmlns="{N}"><edXML:edXMLEnvelope xmlns:edXML="{N}">'
        f"<edXML:edXMLHeader><edXML:MessageHeader>{header}</edXML:MessageHeader>{trace}</edXML:edXMLHeader>"
        f"{body}</edXML:edXMLEnvelope>{attached}</edXML>"
    ).encode()


def _attached(identity: str, name: str, content: bytes) -> str:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{uuid.uuid4()}.pdf", content)
    return (
        f"<AttachmentEncoded><Attachment><ContentId>cid:{identity}</ContentId><AttachmentName>{name}"
        "</AttachmentName><ContentType>application/zip</ContentType>"
        f'<edXML:ContentTransferEncoded xmlns:edXML="{N}">{base64.b64encode(zipped.getvalue()).decode()}'
        "</edXML:ContentTransferEncoded></Attachment></AttachmentEncoded>"
    )


def _e(name: str, text: str) -> str:
    return f"<edXML:{name}>{escape(text)}</edXML:{name}>"
