"""Names of files (tên tệp): what people wrote made safe, and how HTTP and addresses spell it.

A name is for people alone. Nothing is ever stored under it: the store knows files by their content.
"""

import re
import unicodedata
from urllib.parse import quote

LONGEST = 120
"""Letters of a name that are kept: a link spells each in up to four bytes and must stay below 2000."""

NAMELESS = "tep"

_ENDING = re.compile(r"\.[A-Za-z0-9]{1,8}$")
_WRITABLE = "!#$&+-.^_`|~"
"""What RFC 8187 leaves as it is beside letters and digits."""


def safe_name(written: str) -> str:
    """Make a name of what a sender wrote: composed (NFC), one line, no folders, the ending kept.

    What cannot be seen goes, the marks that turn the direction of text among it: with them "fdp.exe" reads
    as "exe.pdf". A name that nothing is left of is `NAMELESS`. May be repeated: a safe name stays as it is.
    """
    composed = unicodedata.normalize("NFC", written)
    seen = "".join(" " if char.isspace() else char for char in composed if char.isspace() or _is_seen(char))
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", seen))[-1]
    name = re.sub(r" +", " ", last).strip(" .")
    if len(name) <= LONGEST:
        return name or NAMELESS
    ending = found[0] if (found := _ENDING.search(name)) else ""
    return name[: LONGEST - len(ending)].rstrip(" .") + ending


def _is_seen(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def plain(name: str) -> str:
    """Spell a name in ASCII: marks off the letters, đ as d, another letter as "_"."""
    apart = unicodedata.normalize("NFD", name.translate({0x111: "d", 0x110: "D", 0x2013: "-", 0x2014: "-"}))
    bare = "".join(char for char in apart if not unicodedata.combining(char))
    return "".join(char if " " <= char <= "~" else "_" for char in bare)


def slug(name: str) -> str:
    """Spell a name in small letters, digits, "-" and its ending: readable, nothing to escape."""
    lower = plain(name).lower()
    ending = found[0] if (found := _ENDING.search(lower)) else ""
    stem = re.sub(r"[^a-z0-9]+", "-", lower[: len(lower) - len(ending)]).strip("-")
    return f"{stem or NAMELESS}{ending}"


def disposition(name: str) -> str:
    """Write `Content-Disposition` for a download: the name in ASCII, then as it is (RFC 6266, RFC 8187)."""
    fallback = re.sub(r'["\\%;]', "_", plain(name))
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe=_WRITABLE)}"
