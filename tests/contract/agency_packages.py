"""Invented dossiers in edXML packages, put together by hand: nothing here knows our codec or sheet."""

import base64

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
NUMBER = "H12.09-260415-0301"


def package(content: bytes = b"%PDF-1.7 \xc4\x90\xc6\xa1n", **changed: str) -> bytes:
    """One package (reference 6b); `changed` are other texts for the placeholders below."""
    told = {
        "root": "edXML",
        "organ": "H12.09",
        "number": NUMBER,
        "code": NUMBER,
        "day": "2026/11/25",
        "subject": f"9.100083/Nguyễn Thị Ánh Tuyết/{NUMBER}",
        "application": "MCDT_DT",
        "kind": "0",
        "encoded": base64.b64encode(content).decode(),
        "start": '<?xml version="1.0" encoding="UTF-8"?>',
        "more": "",
    } | changed
    return f"""{told["start"]}
<{told["root"]} xmlns="{NAMESPACE}">
<edXMLEnvelope><edXMLHeader><MessageHeader>
<From><OrganId>{told["organ"]}</OrganId><OrganName>Sở Giáo dục và Đào tạo</OrganName></From>
<DocumentId>{told["number"]}</DocumentId>
<Code><CodeNumber>{told["code"]}</CodeNumber><CodeNotation>Hồ sơ liên thông</CodeNotation></Code>
<PromulgationInfo><Place>Sở GDĐT</Place><PromulgationDate>{told["day"]}</PromulgationDate></PromulgationInfo>
<DocumentType><Type>2</Type><TypeDetail>0</TypeDetail><TypeName>Hồ sơ</TypeName></DocumentType>
<Subject>{told["subject"]}</Subject><Content>Cấp bản sao văn bằng, chứng chỉ từ sổ gốc</Content>
<OtherInfo><ReferenceCodes>{told["number"]}</ReferenceCodes></OtherInfo>
<SteeringType>1</SteeringType><ApplicationType>{told["application"]}</ApplicationType>
</MessageHeader><TraceHeaderList><Bussiness><DocumentId>{told["number"]}</DocumentId>
<BussinessDocType>{told["kind"]}</BussinessDocType><Paper>1</Paper></Bussiness></TraceHeaderList></edXMLHeader>
<edXMLBody><edXMLManifest version="1.0"><Reference><ContentId>cid:don</ContentId>
<ContentType>application/pdf</ContentType><AttachmentName>Đơn.pdf</AttachmentName></Reference></edXMLManifest></edXMLBody>
</edXMLEnvelope><AttachmentEncoded><Attachment><ContentId>cid:don</ContentId><AttachmentName>Đơn.pdf</AttachmentName>
<ContentType>application/pdf</ContentType><ContentTransferEncoded>{told["encoded"]}</ContentTransferEncoded>
</Attachment>{told["more"]}</AttachmentEncoded></{told["root"]}>""".encode()
