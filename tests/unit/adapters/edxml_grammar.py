"""Packages drawn from the reference's own tables (1 to 4, 7), beside what each of them says.

Written from the reference alone: names, cardinalities and forms stand here a second time, so that a name that
the codec has wrong is not believed twice. `drawn(seed)` gives bytes and the values that a reader must find;
`faulty(seed)` gives bytes with one mistake, and the place that the error must name.
"""

import base64
import io
import zipfile
from dataclasses import dataclass, field
from random import Random
from typing import Any
from xml.sax.saxutils import escape, quoteattr

N = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
BUSINESS = ("0", "1", "2", "3")
CODES = ("01", "02", "03", "04", "05", "06", "13", "15", "16")
_WORDS = (
    "Nguyễn Thị Ba", "H12.06", "V/v cấp giấy phép", "A & B < C", "“trích yếu”", "ĐẠT", "e\u0301", "\u00a0x",
    "]]>", "𠮷野", "x\ty", "một\nhai", "0", "-", "'\"", "&amp;", "<x/>", "\u200b", "cid:1", "%20", "\ufeffz",
)  # fmt: skip
_NAMES = (
    "Công văn.pdf", "15/SNNMT-VP.pdf", "a.docx", "bảng.xlsx", "hồ sơ.zip", "khong-duoi", "x.PDF", "a.b.c.txt",
    "Tờ\u00a0trình.pdf", "ảnh (1).jpg", "…", "a'b\"c&d.pdf", "e\u0301.doc",
)  # fmt: skip
_ORGAN = (
    "OrganizationInCharge", "OrganName", "OrganAdd", "Email", "Telephone", "Fax", "Website",
)  # fmt: skip
Node = Any
"""(name, text) or (name, [nodes]) or (name, either, attributes)"""


@dataclass(frozen=True)
class Attached:
    """One attached file: what a receiver must get, under the sender's name for it."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Drawn:
    """A package and what it says."""

    content: bytes
    kind: str
    header: Node
    trace: Node | None
    attached: tuple[Attached, ...] = ()


@dataclass
class _Style:
    """How one sender writes."""

    random: Random
    prefixes: list[str] = field(default_factory=list)
    shuffled: bool = False
    noise: float = 0.0

    def chance(self, share: float) -> bool:
        return self.random.random() < share


def drawn(seed: int) -> Drawn:
    """Draw a well-formed package."""
    random = Random(seed)  # noqa: S311 - a seeded stream
    style = _Style(
        random,
        random.choice(([], ["edXML"], ["edXML", ""], ["e", "edXML", ""])) or [""],
        random.random() < 0.5,
        random.choice((0.0, 0.0, 0.2)),
    )
    if style.chance(0.3):
        header = _status(style)
        return Drawn(_package(style, header, None, "", ""), "status", header, None)
    header, trace = _document(style), _trace(style) if style.chance(0.95) else None
    attached, manifest, around = _attachments(style)
    body = _rendered(style, ("edXMLBody", [("edXMLManifest", manifest, {"version": "1.0"})]))
    return Drawn(_package(style, header, trace, body, around), "document", header, trace, attached)


def leaves(node: Node, path: str = "") -> list[tuple[str, str]]:
    """All values of a node that are not empty, with their paths, sorted."""
    name, inner = node[0], node[1]
    here = f"{path}/{name}"
    if isinstance(inner, str):
        return [(here, text)] if (text := _seen(inner)) else []
    return sorted(leaf for each in inner for leaf in leaves(each, here))


def _seen(text: str) -> str:
    return text.strip()


def _word(style: _Style) -> str:
    count = style.random.choice((0, 1, 1, 1, 2, 3))
    return " ".join(style.random.choice(_WORDS) for _ in range(count)) or "x"


def _day(style: _Style) -> str:
    year, month, day = (style.random.randint(*each) for each in ((1970, 2099), (1, 12), (1, 28)))
    return f"{year}/{month:02}/{day:02}"


def _time(style: _Style) -> str:
    clock = (style.random.randrange(24), style.random.randrange(60), style.random.randrange(60))
    return f"{_day(style)} {clock[0]:02}:{clock[1]:02}:{clock[2]:02}"


def _maybe(style: _Style, *nodes: Node) -> list[Node]:
    """Each of the nodes, or without some, or some of them empty."""
    kept = [node for node in nodes if style.chance(0.7)]
    return [(node[0], "") if style.chance(0.15) else node for node in kept]


def _organ(style: _Style, name: str) -> Node:
    code = ".".join(f"{style.random.randrange(100):02}" for _ in range(3)) + ".H12"
    return (name, [("OrganId", code), *_maybe(style, *((each, _word(style)) for each in _ORGAN))])


def _status(style: _Style) -> Node:
    code = style.random.choice((*CODES, *CODES, "3", "99", "14"))
    answered = [
        ("OrganId", "000.00.00.G22"),
        ("Code", "7816/VPCP-TTĐT"),
        ("PromulgationDate", _day(style)),
        ("DocumentId", "000.00.00.G22,2015/09/30,7816/VPCP-TTĐT"),
    ]
    staff = _maybe(
        style, *((each, _word(style)) for each in ("Department", "DepartmentId", "Staff", "StaffId")),
        ("Mobile", "0912"), ("Email", "a@b.vn"),
    )  # fmt: skip
    return (
        "MessageHeader",
        [
            _organ(style, "From"),
            ("ResponseFor", answered),
            *([("StaffInfo", staff)] if staff else []),
            ("StatusCode", code),
            ("Description", _word(style)),
            ("Timestamp", _time(style)),
        ],
    )


def _document(style: _Style) -> Node:
    number = str(style.random.randrange(10_000))
    answers = [
        (
            "ResponseFor",
            [
                ("OrganId", "H12.01"),
                ("Code", "1/A"),
                ("DocumentId", _word(style)),
                ("PromulgationDate", _day(style)),
            ],
        )
        for _ in range(style.random.choice((0, 0, 1, 3)))
    ]
    other = _maybe(
        style, ("Priority", str(style.random.randrange(5))), ("SphereOfPromulgation", _word(style)),
        ("TyperNotation", "TVC"), ("PromulgationAmount", "10"), ("PageAmount", "2"), ("ReplyFors", "r"),
        ("Direction", "false"), ("ReferenceCodes", _word(style)),
        ("Appendixes", [("Appendix", _word(style))] * 2),
    )  # fmt: skip
    named = (
        ("Content", _word(style)), ("DueDate", _day(style)),
        ("SignerInfo", [(each, _word(style)) for each in ("Competence", "Position", "FullName")]),
        ("ApplicationType", "MCDT_DT"), ("ResponseForTask", [("TaskCode", "t1"), ("TaskCode", "t2")]),
        ("ToPlaces", [("Place", _word(style)), ("Place", _word(style))]),
    )  # fmt: skip
    return (
        "MessageHeader",
        [
            _organ(style, "From"),
            *(_organ(style, "To") for _ in range(style.random.choice((1, 1, 2, 5)))),
            ("DocumentId", f"H12.06,{_day(style)},{number}/SNNMT-VP"),
            ("Code", [("CodeNumber", number), ("CodeNotation", "SNNMT-VP")]),
            ("PromulgationInfo", [("Place", "Cà Mau"), ("PromulgationDate", _day(style))]),
            ("DocumentType", [("Type", style.random.choice(("1", "2", "18"))), ("TypeName", "Công văn")]),
            ("Subject", _word(style)),
            ("SteeringType", style.random.choice(("0", "1", "2", "3"))),
            *answers,
            *([("ResponseFor", "")] if style.chance(0.1) else []),
            *([("OtherInfo", other)] if other else []),
            *_maybe(style, *named),
        ],
    )


def _trace(style: _Style) -> Node:
    kind = style.random.choice(BUSINESS)
    receivers = [
        ("Receiver", [("OrganId", f"H12.{each}"), ("ReceiverType", str(each % 2))])
        for each in range(style.random.randrange(1, 4))
    ]
    changed = [("DocumentInfo", "1"), ("DocumentReceiver", "1"), ("ReceiverList", receivers)]
    replaced = [
        (
            "ReplacementInfo",
            [("DocumentId", _word(style)), ("OrganIdList", [("OrganId", "a.b"), ("OrganId", "c.d")])],
        )
        for _ in range(style.random.randrange(1, 3))
    ]
    business = [
        ("BussinessDocType", kind),
        *_maybe(
            style, ("BussinessDocReason", _word(style)), ("Paper", "0"),
            ("StaffInfo", [("Staff", _word(style)), ("Mobile", "09"), ("Email", "a@b")]),
        ),
        *([("DocumentId", _word(style)), ("BussinessDocumentInfo", changed)] if kind == "2" else []),
        *([("ReplacementInfoList", replaced)] if kind == "3" else []),
    ]  # fmt: skip
    hops = [
        ("TraceHeader", [("OrganId", "H12.06"), ("Timestamp", _time(style))])
        for _ in range(style.random.randrange(1, 4))
    ]
    marks = {"id": "a1b2c3d4", "version": "1.0", "mustUnderstand": "1", "actor": "http://x/y"}
    return ("TraceHeaderList", [*hops, ("Bussiness", business)], marks if style.chance(0.3) else {})


def _attachments(style: _Style) -> tuple[tuple[Attached, ...], list[Node], str]:
    attached, manifest, around = [], [], []
    for count in range(style.random.choice((0, 1, 1, 2, 4))):
        name = style.random.choice(_NAMES)
        content, sent, declared = _form(style, name)
        identity = style.random.choice((f"{count}", f"6a2f-{count}", f"{count}@e-doc.vn"))
        there, here = style.random.choice(
            (("cid:", "cid:"), ("cid:", ""), ("", "cid:"), ("", ""), ("CID:", ""))
        )
        attached.append(Attached(name, content))
        if style.chance(0.9):
            manifest.append(_reference(style, there + identity, name))
        around.append(_attachment(style, here + identity, name, declared, sent))
    return tuple(attached), manifest, "".join(around)


def _reference(style: _Style, identity: str, name: str) -> Node:
    linked = style.chance(0.2)
    inner = [
        *([] if linked else [("ContentId", identity)]),
        ("ContentType", "application/pdf"),
        ("AttachmentName", name),
    ]
    marks = {"xmlns:xlink": "http://www.w3.org/1999/xlink", "xlink:href": identity} if linked else {}
    return ("Reference", inner, marks)


def _form(style: _Style, name: str) -> tuple[bytes, bytes, str]:
    """The three forms in the wild (reference 2): what is meant, what is sent, what it is declared to be."""
    body = style.random.choice(
        (b"", b"%PDF-1.4 " + style.random.randbytes(200), b"x" * 5000, b"PK", b"\xef\xbb\xbfa")
    )
    if name.endswith((".docx", ".xlsx", ".zip")):
        body = _zip({"[Content_Types].xml": b"<x/>", "word/document.xml": body})
    entry = f"0d0f8c4e-8f6a-4c53-8d7e-2f1c3b4a5d6e.{name.rpartition('.')[2].lower()}"
    declared = style.random.choice(("application/zip", "application/pdf", "text/plain"))
    if style.chance(0.6):
        return body, _zip({entry: body}), declared
    return body, body, declared


def _zip(entries: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return made.getvalue()


def _attachment(style: _Style, identity: str, name: str, declared: str, content: bytes) -> str:
    text = base64.b64encode(content).decode()
    if style.chance(0.4):
        width = style.random.choice((64, 76))
        text = "\r\n".join(text[at : at + width] for at in range(0, len(text), width))
    if style.chance(0.1):
        text = f"<![CDATA[{text}]]>"
    elif style.chance(0.1):
        text = f"{text[:7]}<!-- nửa -->{text[7:]}"
    encoded = f"<k:ContentTransferEncoded xmlns:k='{N}'>\n{text} </k:ContentTransferEncoded>"
    parts = [
        _rendered(style, (each, value), prefixes=[""])
        for each, value in (("ContentId", identity), ("AttachmentName", name), ("ContentType", declared))
    ]
    parts.insert(style.random.randrange(4), encoded)
    return f"<Attachment>{''.join(parts)}</Attachment>"


def _package(style: _Style, header: Node, trace: Node | None, body: str, around: str) -> bytes:
    parts = [_rendered(style, header), _rendered(style, trace) if trace else ""]
    if style.shuffled:
        parts.reverse()
    signature = style.random.choice(("", "", "<edXML:DigitalSignature />", "<Signature><x>1</x></Signature>"))
    bound = "".join(f' xmlns:{each}="{N}"' for each in ("edXML", "e"))
    attached = f"<AttachmentEncoded>{around}</AttachmentEncoded>" if around else ""
    text = (
        f'<edXML xmlns="{N}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><e:edXMLEnvelope{bound}>'
        f"<edXML:edXMLHeader>{''.join(parts)}{signature}</edXML:edXMLHeader>{body}</e:edXMLEnvelope>"
        f"{attached}</edXML>"
    )
    if style.chance(0.2):
        text += "\n<!-- hết -->\n"
    return _encoded(style, text)


def _encoded(style: _Style, text: str) -> bytes:
    encoding, mark = style.random.choice(
        (("utf-8", b""), ("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("utf-16", b""), ("", b""))
    )
    declared = f'<?xml version="1.0" encoding="{encoding}"?>' if encoding else ""
    return mark + (declared + text).encode(encoding or "utf-8")


def _rendered(style: _Style, node: Node, prefixes: list[str] | None = None) -> str:
    name, inner = node[0], node[1]
    marks = "".join(f" {key}={quoteattr(value)}" for key, value in (node[2] if len(node) > 2 else {}).items())
    prefix = style.random.choice(prefixes or style.prefixes)
    tag = f"{prefix}:{name}" if prefix else name
    if isinstance(inner, str):
        text = _text(style, inner)
        return f"<{tag}{marks}>{text}</{tag}>" if text or style.chance(0.5) else f"<{tag}{marks}/>"
    children = [_rendered(style, child, prefixes) for child in _arranged(style, inner)]
    gap = _gap(style)
    return f"<{tag}{marks}>{gap}{gap.join(children)}{gap}</{tag}>"


def _arranged(style: _Style, nodes: list[Node]) -> list[Node]:
    """Other orders of names; what stands several times keeps its own."""
    if not style.shuffled:
        return nodes
    names = list(dict.fromkeys(node[0] for node in nodes))
    style.random.shuffle(names)
    return [node for name in names for node in nodes if node[0] == name]


def _gap(style: _Style) -> str:
    blank = style.random.choice(("", "\n  ", "\r\n\t"))
    return blank + ("<!-- ghi chú --><?x y?>" if style.chance(style.noise) else "")


def _text(style: _Style, text: str) -> str:
    if not text:
        return style.random.choice(("", "", " ", "\n"))
    around = style.random.choice(("", "", " ", "\n\t"))
    if "]]>" not in text and style.chance(0.15):
        return f"{around}<![CDATA[{text}]]>{around}"
    written = escape(text)
    if style.chance(0.1):
        written = "".join(f"&#{ord(each)};" for each in text)
    if style.chance(style.noise):
        written = f"<!-- a -->{written}"
    return f"{around}{written}{around}"


Fault = tuple[str, str, str]
"""(what stands there, what stands there instead, the last step of the place)"""


def faulty(seed: int) -> tuple[bytes, str]:
    """A package with one mistake, and the element that the error must name."""
    random = Random(f"faulty {seed}")  # noqa: S311 - a seeded stream
    style = _Style(random, ["edXML"])
    header, trace = _document(style), _trace(style)
    around = _attachment(style, "cid:1", "a.pdf", "application/pdf", b"%PDF-1.4")
    body = _rendered(style, ("edXMLBody", [("edXMLManifest", [_reference(style, "cid:1", "a.pdf")])]))
    text = _package(_Style(Random(1), ["edXML"]), header, trace, body, around)  # noqa: S311 - fixed frame
    said = text.decode("utf-16" if text[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    said = said.replace('encoding="utf-16"', 'encoding="utf-8"')
    before, after, place = random.choice([fault for fault in _faults(random, said) if fault[0] in said])
    return said.replace(before, after, 1).encode(), place


def _faults(random: Random, said: str) -> list[Fault]:
    day = said.partition("<edXML:PromulgationDate>")[2].partition("<")[0]
    wrong = random.choice(
        ("30/10/2020", "2020-10-30", "2020/02/30", "2020/1/1", "2020/10/30 00:00:00", "x", "２０２０/10/30")
    )
    return [
        (f"PromulgationDate>{day}<", f"PromulgationDate>{wrong}<", "PromulgationDate"),
        ("Timestamp>", f"Timestamp>{random.choice(('T', '2020-01-01T00:00:00', '9'))}", "Timestamp"),
        ("SteeringType>", "SteeringType>một", "SteeringType"),
        ("BussinessDocType>", "BussinessDocType>1.", "BussinessDocType"),
        ("<edXML:Subject>", "<edXML:Subject>a</edXML:Subject><edXML:Subject>", "Subject"),
        ("<edXML:Code>", "<edXML:Code><edXML:CodeNumber>1</edXML:CodeNumber>", "CodeNumber"),
        ("</edXML:MessageHeader>", "chữ</edXML:MessageHeader>", "MessageHeader"),
        ("<edXML:MessageHeader>", "<edXML:MessageHeader2>", "MessageHeader2"),
        ("<ContentId>cid:1</ContentId>", "", "ContentId"),
        ("</k:ContentTransferEncoded>", "!</k:ContentTransferEncoded>", "ContentTransferEncoded"),
        ("</k:ContentTransferEncoded>", "<b/></k:ContentTransferEncoded>", "ContentTransferEncoded"),
        ("<edXML xmlns=", "<!DOCTYPE edXML><edXML xmlns=", "package"),
        ("<edXML xmlns=", "<EdXML xmlns=", ""),
        ("</edXML:Subject>", "&nbsp;</edXML:Subject>", "Subject"),
        ("</edXML:Subject>", "\x01</edXML:Subject>", "Subject"),
    ]
