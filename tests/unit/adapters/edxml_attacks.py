"""Packages made to do harm, by name: XML and zip attacks as they are known, and what accidents look like."""

import base64
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator

from tests.unit.adapters.edxml_packages import (
    ORGANS,
    REST,
    TRACE,
    N,
    attachment,
    document,
    encoded,
    reference,
    zipped,
)

DECLARED = '<?xml version="1.0" encoding="UTF-8"?>\n'
MEGA = 1_000_000


def _laughs() -> bytes:
    entities = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 12))
    start = f"{DECLARED}<!DOCTYPE edXML [<!ENTITY l0 'ha'>{entities}]>"
    return document(ORGANS + REST.replace("V/v", "&l11;"), start=start)


def _subject(text: str) -> bytes:
    return document(ORGANS + REST.replace("V/v cấp giấy phép", text))


def _marked(attribute: str, count: int) -> bytes:
    return _subject(f"<e:x {' '.join(attribute.format(number) for number in range(count))}/>")


def _with(content: bytes, name: str = "a.pdf") -> bytes:
    return document(attachments=attachment(content, name), manifest=reference())


def _bomb(megabytes: int, *, lie: bool = False) -> bytes:
    """Zip zeros; `lie`: the headers tell of ten bytes."""
    packer, crc, packed = zlib.compressobj(9, zlib.DEFLATED, -15), 0, b""
    for _ in range(megabytes):
        packed += packer.compress(bytes(MEGA))
        crc = zlib.crc32(bytes(MEGA), crc)
    packed += packer.flush()
    return _archive(packed, crc, 10 if lie else megabytes * MEGA)


def _archive(
    packed: bytes, crc: int, size: int, *, name: bytes = b"a.pdf", method: int = 8, flags: int = 0
) -> bytes:
    common = struct.pack("<HHHHHIIIHH", 20, flags, method, 0, 33, crc, len(packed), size, len(name), 0)
    local = b"PK\x03\x04" + common + name + packed
    central = b"PK\x01\x02\x14\x00" + common + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    return local + central + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(central), len(local), 0)


def _many_entries(count: int) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}.txt", b"")
    return made.getvalue()


def _huge_table() -> bytes:
    """Say that there are 60,000 names in a table of 60 MB."""
    table = b"PK\x01\x02" + bytes(60 * MEGA)
    return (
        b"PK\x03\x04"
        + bytes(26)
        + table
        + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 60000, 60000, len(table), 30, 0)
    )


def _hidden_record() -> bytes:
    """Put a second end record where a hasty search finds it, inside the first."""
    good = zipped(b"%PDF-1.4")
    return good[:-6] + b"PK\x05\x06\x00\x00"


def _zip64() -> bytes:
    good = zipped(b"%PDF-1.4")
    return good[:-22] + b"PK\x06\x07" + bytes(16) + good[-22:]


def _damaged(change: Callable[[bytearray], None]) -> bytes:
    content = bytearray(zipped(b"%PDF-1.4 " + bytes(range(256)) * 20))
    change(content)
    return bytes(content)


def _flip(content: bytearray) -> None:
    content[90] ^= 0xFF


XML: dict[str, Callable[[], bytes]] = {
    "a billion laughs": _laughs,
    "a file read through an entity": lambda: _doctype('<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;"),
    "a parameter entity from afar": lambda: _doctype('<!ENTITY % x SYSTEM "http://127.0.0.1:9/x">%x;', ""),
    "a document type alone": lambda: document(start=f"{DECLARED}<!DOCTYPE edXML>"),
    "an entity that nobody defined": lambda: _subject("&khong;"),
    "nested a hundred thousand deep": lambda: DECLARED.encode() + b"<a>" * 100_000,
    "nested deep within a header": lambda: _subject("<e:x>" * 200 + "</e:x>" * 200),
    "a million elements": lambda: _subject("<e:x/>" * MEGA),
    "a million elements in a signature": lambda: document(
        trace=TRACE + "<Signature>" + "<a/>" * MEGA + "</Signature>"
    ),
    "an attribute of 30 MB": lambda: _subject(f"<e:x a='{'b' * 30 * MEGA}'/>"),
    "fifty thousand attributes": lambda: _marked("a{}=''", 50_000),
    "fifty thousand prefixes": lambda: _marked("xmlns:a{}='u'", 40_000),
    "a comment of 30 MB": lambda: _subject(f"<!--{'x' * 30 * MEGA}-->"),
    "an instruction of 30 MB": lambda: _subject(f"<?x {'x' * 30 * MEGA}?>"),
    "a name of 30 MB": lambda: _subject(f"<e:{'x' * 30 * MEGA}/>"),
    "a subject of 30 MB": lambda: _subject("x" * 30 * MEGA),
    "a subject of 30 MB in CDATA": lambda: _subject(f"<![CDATA[{'x' * 30 * MEGA}]]>"),
    "blanks of 30 MB": lambda: document(trace=" " * 30 * MEGA),
    "a million references to letters": lambda: _subject("&#65;" * MEGA),
    "cut in the middle": lambda: document()[:900],
    "nothing": lambda: b"",
    "only a declaration": DECLARED.encode,
    "no XML": lambda: b"PK\x03\x04" + bytes(1000),
    "JSON": lambda: b'{"edXML": {}}',
    "letters that are no UTF-8": lambda: document().replace("Cà".encode(), b"C\xe0"),
    "an encoding that nobody has": lambda: document(start='<?xml version="1.0" encoding="x-nobody"?>\n'),
    "UTF-7": lambda: document(start='<?xml version="1.0" encoding="UTF-7"?>\n'),
    "zero bytes": lambda: document().replace(b"Subject>V", b"Subject>\x00V"),
    "two roots": lambda: document() + document(start=" "),
    "a signature alone": lambda: b"<Signature/>",
    "a signature within content": lambda: document(attachments=encoded("QUJD<Signature/>QUJD")),
    "an attachment within content": lambda: document(attachments=encoded("<x/>")),
    "a thousand attachments": lambda: document(attachments=attachment(zipped(b"%PDF-")) * 1000),
    "twenty thousand recipients": lambda: document("<e:To><e:OrganId>H1</e:OrganId></e:To>" * 20_000 + REST),
    "content outside of an attachment": lambda: _subject(
        f"<e:ContentTransferEncoded xmlns:e='{N}'>AAAA</e:ContentTransferEncoded>"
    ),
    "an edXML in itself": lambda: document(trace=document(start=" ").decode()),
}  # fmt: skip

ZIP: dict[str, Callable[[], bytes]] = {
    "a bomb of 300 MB": lambda: _with(_bomb(300)),
    "a bomb that stays below the limit of a file": lambda: _with(_bomb(150)),
    "a bomb that says it is ten bytes": lambda: _with(_bomb(300, lie=True)),
    "a bomb in a bomb": lambda: _with(zipped(_bomb(100), "a.zip"), "a.zip"),
    "a name that climbs": lambda: _with(zipped(b"x", "../../etc/cron.d/x")),
    "a name that begins at the root": lambda: _with(zipped(b"x", "/etc/passwd")),
    "a name with a drive": lambda: _with(zipped(b"x", "C:\\Windows\\x.dll")),
    "a name that climbs by backslashes": lambda: _with(zipped(b"x", "..\\..\\x")),
    "a citizen's zip with a name that climbs": lambda: _with(zipped(b"x", "../x.txt"), "a.zip"),
    "a name with a zero byte": lambda: _with(
        _archive(b"x", zlib.crc32(b"x"), 1, name=b"a\x00/../b", method=0)
    ),
    "fifteen thousand names": lambda: _with(_many_entries(15_000)),
    "a table of 60 MB": lambda: _with(_huge_table()),
    "a hidden end record": lambda: _with(_hidden_record()),
    "the form for over 4 GB": lambda: _with(_zip64()),
    "a password": lambda: _with(_archive(b"x" * 20, 0, 8, flags=1)),
    "a method that nobody has": lambda: _with(_archive(b"x" * 20, 0, 8, method=99)),
    "LZMA": lambda: _with(_archive(b"x" * 20, 0, 8, method=14)),
    "a wrong checksum": lambda: _with(_damaged(_flip)),
    "cut in the middle": lambda: _with(_damaged(lambda content: content.__delitem__(slice(200, None)))),
    "four letters and nothing": lambda: _with(b"PK\x03\x04"),
}  # fmt: skip

HARMLESS = frozenset(
    {
        "an edXML in itself",
        "content outside of an attachment",
        "a bomb in a bomb",
        "fifty thousand prefixes",
    }
)
"""Those that may be read, since they do nothing; all others are refused."""

ATTACKS = {f"XML: {name}": make for name, make in XML.items()} | {
    f"zip: {name}": make for name, make in ZIP.items()
}


def _doctype(subset: str, used: str) -> bytes:
    source = ORGANS + REST.replace("V/v", f"{used}V/v")
    return document(source, start=f"{DECLARED}<!DOCTYPE edXML [{subset}]>")


def large(megabytes: int) -> Iterator[bytes]:
    """Give a package with one raw attachment of so many megabytes, in pieces."""
    before, after = document(attachments=encoded("|", kind="application/pdf"), manifest=reference()).split(
        b"|"
    )
    yield before
    piece = base64.b64encode(b"%PDF-" + bytes(MEGA - 5 - MEGA % 3))
    for _ in range(megabytes):
        yield piece
    yield after
