"""Signed links to stored files (liên kết có chữ ký): whoever has one may fetch the file, until it ends.

    BASE/1.KEY.UNTIL.HASH.LABEL.MAC/don-dang-ky.pdf

All of it but BASE is signed: version, key, last day (yyyyMMdd), SHA-256, LABEL (size, media type and the name
as it is, base64url) and the readable name at the end, which systems that look for an ending need. Only
letters, digits and ".-_~" are in it, so nothing on the way spells it anew. MAC is HMAC-SHA-256 under the key.

A link is a function of the file, the key and its last day alone: one file of one dossier has one link, so
that a record written again is the same record (docs/decisions, "files and links").
"""

import base64
import hmac
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from math import floor

from bus.errors import LienThongError
from bus.file_names import slug
from mappings.dossier import File

VERSION = "1"
SHORTEST_KEY = 32
"""Characters of a key: as hex, 128 bits."""

KEY_NAME = re.compile(r"[a-z0-9_-]{1,20}")
PURPOSE = b"lien-thong file link\n"
"""Goes into every MAC first, so that a key used elsewhere too signs no links there."""

_FIELDS = 6
_SHAPE = re.compile(
    r"(?:^|/)1\.[a-z0-9_-]+\.\d{8}\.([0-9a-f]{64})\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]{43}(?:/|$)", re.ASCII
)


class ForgedLinkError(LienThongError):
    """Not a link of ours, or one that somebody changed: do not serve it."""


class ExpiredLinkError(LienThongError):
    """A link of ours whose last day has passed: say that it is gone."""


@dataclass(frozen=True, slots=True)
class LinkKey:
    """A key by its name; the name stands in links."""

    name: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Linked:
    """What a link opens: a file until the end of a day (UTC).

    `mark` is the same for all links to this content under this name, whatever their key and day: what is
    withdrawn stays withdrawn when keys rotate.
    """

    file: File
    until: date
    mark: str


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and reads links below `base`. The first key signs, all are believed; `lives` is in seconds."""

    base: str
    keys: tuple[LinkKey, ...]
    lives: float

    def url(self, file: File, until: date) -> str:
        """The link to a file that opens it to the end of a day."""
        key = self.keys[0]
        signed = f"{VERSION}.{key.name}.{until:%Y%m%d}.{file.hash}.{_label(file)}"
        name = slug(file.name)
        return f"{self.base}/{signed}.{_mac(key, signed, name)}/{name}"

    def until(self, begun: float, now: float) -> date:
        """The last day of links of a dossier that began at a time, both in seconds since the epoch.

        Counted from the end of the year it began in, and moved on by half a life whenever half of it has
        gone: a link outlives its delivery by at least half a life, and rarely changes.
        """
        year = datetime.fromtimestamp(max(0.0, min(begun, now)), UTC).year
        start = datetime(year + 1, 1, 1, tzinfo=UTC).timestamp()
        half = self.lives / 2
        gone = max(0, floor((now - start) / half))
        return datetime.fromtimestamp(start + self.lives + gone * half, UTC).date()

    def is_ours(self, url: str) -> bool:
        """Whether an address lies below ours, whatever it is worth."""
        return url.startswith(f"{self.base}/")

    def file_of(self, url: str) -> File | None:
        """The file that a link of ours leads to, ended or not; None for any other address."""
        try:
            return self.read(url.removeprefix(f"{self.base}/")).file if self.is_ours(url) else None
        except ForgedLinkError:
            return None

    def open(self, path: str, today: date) -> Linked:
        """What a link opens; `path` is all behind `base/`.

        Raises `ForgedLinkError` for what is not exactly a link that we made, `ExpiredLinkError` for one
        whose last day is before `today`.
        """
        linked = self.read(path)
        if linked.until < today:
            raise ExpiredLinkError(f"the link ended on {linked.until}")
        return linked

    def read(self, path: str) -> Linked:
        """As `open`, whatever the day."""
        token, _, name = path.partition("/")
        parts = token.split(".")
        key = next((key for key in self.keys if len(parts) == _FIELDS and key.name == parts[1]), None)
        # signed before anything of it is looked at: what is read below we wrote ourselves
        if key is None or not _same(_mac(key, ".".join(parts[:-1]), name), parts[-1]):
            raise ForgedLinkError("not a link of ours")
        _, _, until, digest, label, _ = parts
        size, media_type, real_name = _unlabel(label)
        file = File(hash=digest, size=int(size), media_type=media_type, name=real_name)
        day = datetime.strptime(until, "%Y%m%d").replace(tzinfo=UTC).date()
        return Linked(file, day, _mark(digest, label))


def parts_of(link: str) -> tuple[str, str] | None:
    """The hash and the mark that a link or its path names, unchecked: for people who withdraw it."""
    found = _SHAPE.search(link)
    return (found[1], _mark(found[1], found[2])) if found else None


def _mark(digest: str, label: str) -> str:
    return _text64(sha256(f"{digest}.{label}".encode()).digest())


def _label(file: File) -> str:
    return _text64(f"{file.size} {file.media_type} {file.name}".encode())


def _unlabel(label: str) -> list[str]:
    padded = label + "=" * (-len(label) % 4)
    return base64.urlsafe_b64decode(padded).decode().split(" ", 2)


def _mac(key: LinkKey, signed: str, name: str) -> str:
    text = f"{signed}/{name}".encode("utf-8", "surrogatepass")
    return _text64(hmac.digest(key.secret, PURPOSE + text, "sha256"))


def _same(made: str, given: str) -> bool:
    return hmac.compare_digest(made.encode(), given.encode("utf-8", "surrogatepass"))


def _text64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
