"""Masks citizens' identifiers in texts that people or logs may see.

Masked: personal number (CCCD, 12 digits), old identity number (CMND, 9), tax code (10, 10-3), social
insurance number (BHXH, 10) and card (15), telephone, e-mail. Kept: dossier and procedure numbers, dates,
amounts with separators, hashes. A digit run of such a length is masked wherever it stands: better one number
too many than a citizen's. A person's name is known by its label alone (họ tên, chủ hồ sơ, người nộp, name):
words after it that begin with a capital are covered but for that letter.
"""

import re
import unicodedata
from typing import Any

_EMAIL = re.compile(r"[\w.+'-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")
_ESCAPE = r"(?<=\\[nrt])"
"""Behind what JSON writes for the end of a line, whose last letter is no part of what follows."""
_CARD = re.compile(rf"(?:{_ESCAPE}|(?<![0-9A-Za-z]))[A-Z]{{2}}\d{{13}}(?!\d)")
_TAX_BRANCH = re.compile(r"(?<![\d.-])\d{10}-\d{3}(?![\d-])")
_PHONE = re.compile(rf"(?:{_ESCAPE}|(?<![\w.]))(?:\+84|0084|0)(?:[ .-]?\d){{9,10}}(?![\d])")
_RUN = re.compile(
    rf"(?:{_ESCAPE}|(?<![0-9A-Za-z.-]))(?:\d{{9,10}}|\d{{12}}|\d{{15}})(?![0-9A-Za-z])(?![.-]\d)"
)
_LETTERS = r"(?:[^\W\d_][\u0300-\u036f]*+)++"
"""A word of a name, of letters and marks that stand beside them."""
_BY_NUMBER = re.compile(r"\\+u([0-9a-fA-F]{4})")
"""A letter by its number, as JSON may write it, however often the text was put into another."""
_NAMED = re.compile(
    rf"(?P<label>(?:{_ESCAPE}|(?<![^\W_]))(?:họ(?: và)? tên|hoten|ho_ten|chủ hồ sơ|chuhoso|"
    r"(?:tên )?người nộp(?: hồ sơ)?|tennguoinop|nguoinop|full ?name|name|owner|applicant)"
    r"[\"']?\s{0,3}(?:[:=>]\s{0,3}|là\s|\s)[\"']?)"
    rf"(?P<name>{_LETTERS}(?:\s{_LETTERS}){{0,6}})(?!•)",
    re.IGNORECASE,
)
_MASK = "•"


def redacted(text: str) -> str:
    r"""Return the text with identifiers masked but for their last two characters; may be repeated.

    Letters by their number (`\u1ec7`) are written out first, and those whose marks stand beside them (NFD)
    put together (NFC): a label or a name is known in whichever way it came.
    """
    if "\\u" in text:
        text = _BY_NUMBER.sub(_written, text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    text = _NAMED.sub(_name, _EMAIL.sub(_email, text))
    for shape in (_CARD, _TAX_BRANCH, _PHONE, _RUN):
        text = shape.sub(_masked, text)
    return text


def redacted_tree(tree: Any) -> Any:
    """Return a JSON tree with every text in it masked."""
    if isinstance(tree, str):
        return redacted(tree)
    if isinstance(tree, dict):
        return {name: redacted_tree(value) for name, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [redacted_tree(value) for value in tree]
    return tree


def _masked(found: re.Match[str]) -> str:
    return _MASK * (len(found[0]) - 2) + found[0][-2:]


def _written(found: re.Match[str]) -> str:
    """The letter or digit; what is none, or half of a pair, stays a number: what was JSON remains JSON."""
    letter = chr(int(found[1], 16))
    is_half = 0xD800 <= ord(letter) <= 0xDFFF
    return letter if not is_half and (letter.isalnum() or not letter.isascii()) else found[0]


def _name(found: re.Match[str]) -> str:
    """The label, and the words behind it that begin with a capital, covered; what follows them as it is."""
    words = re.split(r"(\s)", found["name"])
    end = next((at for at, word in enumerate(words) if at % 2 == 0 and not _is_name(word)), len(words))
    hidden = [word if at % 2 else f"{word[0]}{_MASK * 3}" for at, word in enumerate(words[:end])]
    return found["label"] + "".join(hidden + words[end:])


def _is_name(word: str) -> bool:
    """Whether a word begins with a capital."""
    return word[0].isupper()


def _email(found: re.Match[str]) -> str:
    name, _, host = found[0].replace("%40", "@").partition("@")
    return f"{name[:1]}{_MASK * 3}@{host}"
