"""Answers of the eDoc profile spoilt by chance: a document or a reason, quickly, and never anything else."""

import base64
import io
import time
from collections import Counter
from random import Random

from adapters._kit.http import Reply
from adapters._kit.mime_parts import PartsError
from adapters._kit.soap_attachments import Parcel
from adapters._kit.xml import XmlError, parse
from adapters.ioffice import simulator_papers as papers
from adapters.ioffice.edoc_package import write_document
from adapters.ioffice.edxml import PackageError, read_package
from adapters.ioffice.simulator_edoc import _enveloped
from adapters.ioffice.simulator_edoc_papers import document_of
from adapters.ioffice.simulator_parts import put_together
from bench.edxml import Memory

_PIECES = (b"\r\n", b"--", b"Content-ID", b"<", b"binary", b"text/xml")
_INSTEAD = (b"", b"\n", b"base64", b"quoted-printable", b"\x00", b"A: =?utf-8?b?@@?=\r\nContent-ID")


def answer() -> tuple[str, bytes]:
    """A document as the simulated service gives it."""
    package = papers.document("000.00.00.G22", "H12.06", 5)
    headers, manifest, parts = document_of(base64.b64encode(package).decode())
    return put_together(_enveloped(headers, [manifest]), parts)


def spoilt(kind: str, body: bytes, random: Random) -> tuple[str, bytes]:
    """Cut, change, double, replace, or put something in; or the same with the type."""
    at, to = sorted(random.randrange(len(body) + 1) for _ in range(2))
    match random.randrange(6):
        case 0:
            body = body[:at] or b"x"
        case 1:
            body = body[:at] + bytes([random.randrange(256)]) + body[at + 1 :]
        case 2:
            body = body[:to] + body[at:to] * random.choice((1, 3, 100)) + body[to:]
        case 3:
            body = body.replace(random.choice(_PIECES), random.choice(_INSTEAD), random.choice((1, 2, -1)))
        case 4:
            kind = kind.replace(random.choice(('"', ";", "=", "start", "boundary", "multipart")), "x", 1)
        case _:
            body = body[:at] + random.randbytes(random.randrange(50)) + body[at:]
    return kind, body or b"x"


def test_whatever_chance_does_to_an_answer_it_is_a_document_or_has_a_reason() -> None:
    """Two hundred seeds, up to four harms each, each answered within a second of processor time."""
    whole, outcomes = answer(), Counter[str]()
    for seed in range(200):
        random, (kind, body) = Random(seed), whole  # noqa: S311 - a seeded stream
        for _ in range(random.randrange(5)):
            kind, body = spoilt(kind, body, random)
        began = time.process_time()
        outcomes[outcome(kind, body, encoded=random.random() < 0.7)] += 1
        assert time.process_time() - began < 1.0, seed
    assert set(outcomes) == {"document", "reason"}
    assert outcomes["document"] > 20
    assert outcomes["reason"] > 100


def outcome(kind: str, body: bytes, *, encoded: bool) -> str:
    """Take an answer apart as the client does; any other exception fails the test."""
    source, into = io.BytesIO(body), io.BytesIO()
    parcel = Parcel(into=source)
    try:
        reply = parcel._opened(Reply(200, b"", {"content-type": kind}), source)
        write_document(parse(reply.body), parcel.parts, source, into, encoded=encoded)
        into.seek(0)
        read_package(into, Memory())
    except (PartsError, XmlError, PackageError, ValueError) as error:
        return "reason" if str(error) else "nothing"
    return "document"
