"""Packages spoilt by chance, the same for the same seed: several harms at once, wherever they fall."""

import re
from collections.abc import Callable
from random import Random

from tests.unit.adapters.edxml_attacks import ATTACKS
from tests.unit.adapters.edxml_packages import attachment, document, reference, status, zipped

_TAG = re.compile(rb"<[^<>]{1,200}>")
_LARGE = 3_000_000
Harm = Callable[[bytes, Random], bytes]


def _cut(content: bytes, random: Random) -> bytes:
    return content[: random.randrange(len(content) + 1)]


def _flip(content: bytes, random: Random) -> bytes:
    made = bytearray(content)
    for _ in range(random.randrange(1, 9)):
        made[random.randrange(len(made))] = random.randrange(256)
    return bytes(made)


def _double(content: bytes, random: Random) -> bytes:
    begin, end = sorted(random.randrange(len(content) + 1) for _ in range(2))
    return content[:end] + content[begin:end] * random.choice((1, 2, 500)) + content[end:]


def _without_a_tag(content: bytes, random: Random) -> bytes:
    tags = [found.span() for found in _TAG.finditer(content)] or [(0, 0)]
    begin, end = random.choice(tags)
    return content[:begin] + content[end:]


def _put(piece: Callable[[Random], bytes]) -> Harm:
    """Put something between two tags."""

    def harm(content: bytes, random: Random) -> bytes:
        ends = [found.end() for found in _TAG.finditer(content)] or [0]
        at = random.choice(ends)
        return content[:at] + piece(random) + content[at:]

    return harm


HARMS: tuple[Harm, ...] = (
    _cut,
    _flip,
    _double,
    _without_a_tag,
    _put(lambda random: b"<x>" * random.choice((1, 40, 100_000))),
    _put(lambda random: b"<e:x/>" * random.choice((1, 30_000, 400_000))),
    _put(lambda random: b"x" * random.choice((10, _LARGE))),
    _put(lambda _: b"<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>&y;"),
    _put(lambda random: b"<!--" + b"-x" * random.choice((1, _LARGE)) + b"-->"),
    _put(
        lambda random: b"<a " + b" ".join(b"b%d='c'" % n for n in range(random.choice((2, 50_000)))) + b"/>"
    ),
    _put(lambda random: b"&#" + str(random.randrange(0x200000)).encode() + b";"),
    _put(lambda random: random.randbytes(random.choice((1, 50)))),
)


def spoilt(seed: int) -> bytes:
    """A good package, or an attack, with one to four harms on top."""
    random = Random(seed)  # noqa: S311 - a seeded stream
    inner = zipped(random.randbytes(random.choice((10, 200_000))))
    if random.random() < 0.5:
        inner = _flip(inner, random)
    good = document(
        attachments=attachment(inner, random.choice(("a.pdf", "a.zip", "a.docx"))), manifest=reference()
    )
    content = random.choice((good, good, good, status()))
    if random.random() < 0.1:
        content = ATTACKS[random.choice(sorted(ATTACKS))]()
    for _ in range(random.randrange(1, 5)):
        content = random.choice(HARMS)(content, random) if content else content
    return content
