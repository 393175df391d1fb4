"""The names of QCVN 102:2016 as they are spelled, and the one order in which we write them.

The order is that of the vendor library's own packages; hand-made and .NET packages have others, and the
vendor's parser takes any (reference 1.1). The misspellings are the standard's (reference 7.1).
"""

from collections.abc import Mapping
from typing import Any

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
PREFIX = "edXML"
HERE: Any = {None: NAMESPACE}
"""The standard's namespace as the default one, in lxml's form."""


def q(name: str) -> str:
    """Return lxml's name of an element of the standard."""
    return f"{{{NAMESPACE}}}{name}"


STORED = ("FileId", "FileSize", "FileType", "FileName")
"""Elements of ours in an attachment: what the file store has, in the place of the encoded content."""

_ORGANIZATION = (
    "OrganId", "OrganizationInCharge", "OrganName", "OrganAdd", "Email", "Telephone", "Fax", "Website",
)  # fmt: skip

ORDER: Mapping[str, tuple[str, ...]] = {
    "Package": ("MessageHeader", "TraceHeaderList", "Attachment"),
    # a document's fields, then those that only a status has; what both have stands where both agree
    "MessageHeader": (
        "From", "To", "DocumentId", "Code", "PromulgationInfo", "DocumentType", "Subject", "Content",
        "SignerInfo", "DueDate", "OtherInfo", "ResponseFor", "SteeringType", "ResponseForTask",
        "ApplicationType", "ToPlaces", "StaffInfo", "StatusCode", "Description", "Timestamp",
    ),
    "From": _ORGANIZATION,
    "To": _ORGANIZATION,
    "Code": ("CodeNumber", "CodeNotation"),
    "PromulgationInfo": ("Place", "PromulgationDate"),
    "DocumentType": ("Type", "TypeDetail", "TypeName"),
    "SignerInfo": ("Competence", "Position", "FullName"),
    "OtherInfo": (
        "Priority", "SphereOfPromulgation", "TyperNotation", "PromulgationAmount", "PageAmount", "ReplyFors",
        "Direction", "ReferenceCodes", "Appendixes",
    ),
    "Appendixes": ("Appendix",),
    "ResponseFor": ("OrganId", "Code", "DocumentId", "PromulgationDate"),
    "ResponseForTask": ("TaskCode",),
    "ToPlaces": ("Place",),
    "StaffInfo": ("Department", "DepartmentId", "Staff", "StaffId", "Email", "Mobile"),
    "TraceHeaderList": ("Paper", "Bussiness", "TraceHeader"),
    "TraceHeader": ("OrganId", "Timestamp"),
    "Bussiness": (
        "DocumentId", "BussinessDocType", "BussinessDocReason", "Paper", "BussinessDocumentInfo",
        "ReplacementInfoList", "StaffInfo",
    ),
    "BussinessDocumentInfo": ("DocumentInfo", "DocumentReceiver", "ReceiverList"),
    "ReceiverList": ("Receiver",),
    "Receiver": ("OrganId", "ReceiverType"),
    "ReplacementInfoList": ("ReplacementInfo",),
    "ReplacementInfo": ("DocumentId", "OrganIdList"),
    "OrganIdList": ("OrganId",),
    "Attachment": ("ContentId", "AttachmentName", "Description", "ContentType", *STORED),
}  # fmt: skip
"""element -> its children in the order of writing."""

REPEATED = frozenset({
    "To", "ResponseFor", "Appendix", "TaskCode", "TraceHeader", "Receiver", "ReplacementInfo", "Reference",
    "Attachment",
})  # fmt: skip
"""What may stand several times beside itself; also `Place` of ToPlaces and `OrganId` of OrganIdList."""

DAYS = frozenset({"PromulgationDate", "DueDate"})
TIMES = frozenset({"Timestamp"})
NUMBERS = frozenset({
    "Type", "TypeDetail", "Priority", "PromulgationAmount", "PageAmount", "SteeringType", "Paper",
    "BussinessDocType", "DocumentInfo", "DocumentReceiver", "ReceiverType",
})  # fmt: skip
"""Elements whose text has a form that is checked wherever it is not empty."""

STATUS_CODES = ("01", "02", "03", "04", "05", "06", "13", "15", "16")
"""Codes of status packages (reference 3). 14 is a mistake of one sample (7.12)."""

SIGNATURES = frozenset({"Signature", "DigitalSignature"})
"""Blocks that cannot be verified (reference 7.8); they are true of the bytes that came and of no others."""


def local(tag: str) -> str:
    """Return an element's name without its namespace."""
    return tag.rpartition("}")[2]


def may_repeat(parent: str, name: str) -> bool:
    """Whether an element may stand several times in its parent."""
    return name in REPEATED or (parent, name) in {("ToPlaces", "Place"), ("OrganIdList", "OrganId")}
