"""Files beside a SOAP envelope (SOAP with Attachments): multipart/related, each part by its Content-ID.

What goes out is written into a file with the envelope first; what comes in goes into a file within a limit,
and the envelope alone is taken out of it. A file is never held in memory.
"""

import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from adapters._kit.http import Http, Reply, Request, failed
from adapters._kit.mime_parts import Part, PartsError, content, head_of, parts_of
from bus.errors import PermanentError, TransientError
from bus.ports import Deadline

_ROOT = "envelope@lienthong"
_MOST_ENVELOPE = 4_000_000


@dataclass(frozen=True, slots=True)
class Enclosure:
    """One file that goes with an envelope; `identity` is its Content-ID, `open` gives its bytes."""

    identity: str
    media_type: str
    open: Callable[[], BinaryIO]


@dataclass(slots=True)
class Parcel:
    """What goes with one call and what came with its answer.

    `into` takes a whole answer, at most `limit` bytes; without it an answer has no attachments. After the
    call `parts` are the parts of the answer by their Content-ID, the envelope not among them.
    """

    enclosures: Sequence[Enclosure] | None = None
    into: BinaryIO | None = None
    limit: int = 600_000_000
    most: int = 250
    parts: Mapping[str, Part] = field(default_factory=dict)

    def carry(self, http: Http, request: Request, deadline: Deadline) -> Reply:
        """Send the envelope with its enclosures; gives the answer with its envelope alone as body."""
        if self.enclosures is None:
            return self._answered(http, request, deadline)
        with _folder() as folder:
            path, kind = Path(folder) / "parcel", _kind()
            _written(path, request.body, self.enclosures, kind)
            made = Request(
                request.method,
                request.url,
                path,
                {**request.headers, "Content-Type": kind},
                effect=request.effect,
            )
            return self._answered(http, made, deadline)

    def _answered(self, http: Http, request: Request, deadline: Deadline) -> Reply:
        if self.into is None:
            return http.send(request, deadline)
        led: Any = _Bounded(self.into, self.limit)
        reply = http.send(request, deadline, led)
        if not 200 <= reply.status < 300:
            return reply
        try:
            return self._opened(reply, self.into)
        except PartsError as error:
            text = f"The answer cannot be taken apart: {error}."
            raise failed(text, reply, effect=request.effect) from None

    def _opened(self, reply: Reply, source: BinaryIO) -> Reply:
        kind = reply.headers.get("content-type", "")
        head = head_of(kind)
        if head.get_content_type() != "multipart/related":
            source.seek(0)
            return Reply(reply.status, _small(source.read(_MOST_ENVELOPE + 1)), reply.headers)
        found = parts_of(source, kind, self.most)
        if not found:
            raise PartsError("the message has no parts")
        start = str(head.get_param("start") or "").removeprefix("<").removesuffix(">")
        root = next((part for part in found if start and part.identity == start), found[0])
        self.parts = {part.identity: part for part in found if part is not root}
        body = _small(b"".join(_within(content(source, root))))
        return Reply(reply.status, body, {**reply.headers, "content-type": root.headers.get_content_type()})


def _within(pieces: Iterable[bytes]) -> Iterable[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > _MOST_ENVELOPE:
            raise PartsError("its envelope is too large")
        yield piece


def _small(envelope: bytes) -> bytes:
    if len(envelope) > _MOST_ENVELOPE:
        raise PartsError("its envelope is too large")
    return envelope


def _kind() -> str:
    boundary = f"----=_Part_{uuid.uuid4().hex}"
    return f'multipart/related; type="text/xml"; start="<{_ROOT}>"; boundary="{boundary}"'


def _written(path: Path, envelope: bytes | Path, enclosures: Sequence[Enclosure], kind: str) -> None:
    """Raises `PermanentError` where a file is not stored, `TransientError` for no room."""
    boundary = f"--{head_of(kind).get_param('boundary')}"
    head = _headed(boundary, _ROOT, "text/xml; charset=utf-8")
    try:
        with path.open("wb") as out:
            out.write(head + (envelope if isinstance(envelope, bytes) else envelope.read_bytes()))
            for each in enclosures:
                out.write(b"\r\n" + _headed(boundary, each.identity, each.media_type))
                with each.open() as file:
                    shutil.copyfileobj(file, out)
            out.write(f"\r\n{boundary}--\r\n".encode())
    except FileNotFoundError:
        raise PermanentError("A file that goes with the call is not stored.", problems=("file",)) from None
    except OSError as error:
        raise _no_room(error) from None


def _headed(boundary: str, identity: str, kind: str) -> bytes:
    lines = (
        boundary,
        f"Content-Type: {kind}",
        "Content-Transfer-Encoding: binary",
        f"Content-ID: <{identity}>",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def _folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="lienthong-")
    except OSError as error:
        raise _no_room(error) from None


def _no_room(error: OSError) -> TransientError:
    text = f"The call cannot be written on this machine ({error.strerror}); check disk and rights."
    return TransientError(text, code="disk", peer_down=False)


class _Bounded:
    """A file that takes no more than a limit."""

    def __init__(self, into: BinaryIO, limit: int) -> None:
        self._into, self._left = into, limit
        self._limit = limit

    def writelines(self, pieces: Iterable[bytes]) -> None:
        """Write pieces until there are too many."""
        for piece in pieces:
            self._left -= len(piece)
            if self._left < 0:
                text = f"The peer's answer is larger than {self._limit} bytes."
                raise TransientError(text, code="size", peer_down=False)
            self._into.write(piece)
