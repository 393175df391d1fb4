"""The result papers that a finished dossier links to: a small, valid PDF with the dossier's number."""

from __future__ import annotations

from adapters._kit.simulator_http import Answer, json_answer
from adapters.onestop.simulator_dossier import FILE_PATH
from adapters.onestop.simulator_register import Register


def paper(register: Register, name: str) -> Answer:
    """`GET /pa/file/{id}.pdf` [I]: 200 with the paper of a returned dossier, 404 before and otherwise."""
    dossier = register.by_id.get(name.removesuffix(".pdf"))
    link = f"{FILE_PATH}/{name}"
    if dossier is None or all(result.get("url") != link for result in dossier.facts["results"]):
        return json_answer({"code": "FILE_NOT_FOUND", "message": "Không tìm thấy tệp", "errors": []}, 404)
    return Answer(200, pdf(dossier.facts["code"]), content_type="application/pdf")


def pdf(text: str) -> bytes:
    """Return one page that says `text` (ASCII); the same text gives the same bytes."""
    drawing = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET".encode("ascii")
    font = b"/Resources << /Font << /F1 5 0 R >> >>"
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R %s >>" % font
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    return _document(objects)


def _document(objects: list[bytes]) -> bytes:
    content, places = b"%PDF-1.4\n", []
    for number, value in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n" % size
    tail = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(content))
    return content + head + table + tail
