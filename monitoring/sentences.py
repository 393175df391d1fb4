"""Why something is so, in Vietnamese: the sentences of bus and connectors, around what a peer said itself."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bus.redaction import redacted
from monitoring.words import REASONS, in_vietnamese

FILE = Path(__file__).with_name("sentences.toml")


@dataclass(frozen=True, slots=True)
class Sentences:
    """Those that are said whole, how peers are called, and those with something in them."""

    whole: Mapping[str, str]
    peers: Mapping[str, str]
    forms: tuple[tuple[re.Pattern[str], str], ...]


@cache
def sentences() -> Sentences:
    """Every sentence of `sentences.toml`, read once."""
    read = tomllib.loads(FILE.read_text(encoding="utf-8"))
    forms = tuple((re.compile(one["says"], re.DOTALL), one["words"]) for one in read["form"])
    return Sentences(REASONS | read["whole"], read["peers"], forms)


def told(text: str) -> str:
    """A reason in Vietnamese, covered; what somebody else said in it, and what is unknown, as it came."""
    known = sentences()
    if text in known.whole:
        return known.whole[text]
    for form, words in known.forms:
        if found := form.fullmatch(text):
            return words.format(**{name: _part(name, said) for name, said in found.groupdict().items()})
    return redacted(text)


def _part(name: str, said: str) -> str:
    match name:
        case "inner":
            return told(said)
        case "peer":
            return sentences().peers.get(said, said)
        case "state":
            return in_vietnamese(said) or said
    return redacted(said)
