"""What an action of the log was about, and why, in its reader's words, with the page that shows it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from bus.ledger import read, schema
from monitoring.console import show

Say = Callable[..., str]

_SHAPES = tuple(
    (name, re.compile(shape), href)
    for name, shape, href in (
        ("delivery", r"delivery (?P<number>\d+)", "/delivery/{number}"),
        ("message", r"message (?P<number>\d+)", "/message/{number}"),
        ("proposal", r"proposal (?P<number>\d+)", "/proposals"),
        ("dossier", r"dossier (?P<number>\d+)", "/dossier/{number}"),
        ("leg", r"dossier (?P<number>\d+) (?P<route>\S+)", "/dossier/{number}"),
        ("package", r"package (?P<digest>[0-9a-f]+)", ""),
        ("run_of", r"run (?P<number>\d+) of (?P<count>\d+)", "/retries/{number}"),
        ("run", r"run (?P<number>\d+)", "/retries/{number}"),
        ("epoch", r"epoch (?P<number>\d+)", ""),
        ("removed", r"(?P<kind>\w+) of (?P<count>\d+) dossiers \((?P<first>\d+) to (?P<last>\d+)\)", ""),
        ("aside", r"\w+: (?P<count>\d+) messages \((?P<first>\d+) to (?P<last>\d+)\)", ""),
        ("files", r"(?P<count>\d+) files of (?P<bytes>\d+) bytes", ""),
        ("file", r"(?P<digest>[0-9a-f]{64})", ""),
        ("everybody", r"every agency", ""),
    )
)
_BACKUP = re.compile(r"of a backup taken at (\d+)")
_AT_CONNECTOR = ("pause", "resume", "probe", "read anew")
"""Actions whose subject begins with the name of a connector."""


@dataclass(frozen=True, slots=True)
class Named:
    """What rows that actions were about are called: a delivery by its route, a message by its kind."""

    routes: Mapping[int, str] = field(default_factory=dict)
    kinds: Mapping[int, str] = field(default_factory=dict)
    codes: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Titles:
    """How a page calls legs, kinds of messages and systems."""

    leg: Callable[[str], str]
    kind: Callable[[str], str]
    system: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class About:
    """What an action was about: words, the address of its page if it has one, the log's own name beside."""

    text: str
    href: str = ""
    small: str = ""


def named(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> Named:
    """What the rows that these actions were about are called; those that are gone have no name."""
    numbers: dict[str, list[int]] = {"delivery": [], "message": [], "dossier": []}
    for row in rows:
        word, _, rest = row["subject"].partition(" ")
        number = rest.partition(" ")[0]
        if word in numbers and number.isdecimal() and len(number) < 16:
            numbers[word].append(int(number))
    d, m = schema.delivery.c, schema.message.c
    return Named(
        _pairs(tx, d.id, d.route, numbers["delivery"]),
        _pairs(tx, m.id, m.kind, numbers["message"]),
        {one: next(iter(codes.values()), "") for one, codes in read.codes_of(tx, numbers["dossier"]).items()},
    )


def _pairs(tx: Connection, key: Any, value: Any, numbers: Sequence[int]) -> dict[int, str]:
    if not numbers:
        return {}
    return {row[0]: row[1] for row in tx.execute(select(key, value).where(key.in_(numbers)))}


def about(what: str, subject: str, names: Named, titles: Titles, t: Say) -> About:
    """What an action was about; a subject that is none of the log's own shapes stands as it is."""
    if what in _AT_CONNECTOR:
        return _connector(subject, titles)
    for name, shape, href in _SHAPES:
        if found := shape.fullmatch(subject):
            parts = found.groupdict()
            text = t(f"subject.{name}", **_worded(parts, titles, t))
            call = _call(name, parts, names, titles)
            return About(f"{text}: {call}" if call else text, href.format(**parts))
    return About(subject)


def _connector(subject: str, titles: Titles) -> About:
    name, _, number = subject.partition(" ")
    text = " ".join(filter(None, (titles.system(name), number)))
    return About(text, f"/connectors/{name}" if titles.system(name) != name else "", name)


def _worded(parts: Mapping[str, str], titles: Titles, t: Say) -> dict[str, str]:
    words = dict(parts)
    if "kind" in words:
        words["kind"] = t(f"removed.{words['kind']}", otherwise=words["kind"])
    if "route" in words:
        words["route"] = titles.leg(words["route"])
    for name in ("count", "bytes"):
        if name in words:
            words[name] = show.count(int(words[name]))
    return words


def _call(name: str, parts: Mapping[str, str], names: Named, titles: Titles) -> str:
    """What a row is called beside its number; "" where that is not known."""
    number = int(parts["number"]) if "number" in parts else 0
    if name == "delivery":
        return titles.leg(names.routes[number]) if number in names.routes else ""
    if name == "message":
        return titles.kind(names.kinds[number]) if number in names.kinds else ""
    return names.codes.get(number, "") if name in ("dossier", "leg") else ""


def because(what: str, reason: str, t: Say) -> str:
    """Why an action was done; what the bus itself wrote there in the reader's words."""
    if what in ("person", "person out"):
        return t(f"role.{reason}", otherwise=reason)
    if found := _BACKUP.fullmatch(reason):
        return t("because.backup", at=show.moment(float(found[1])))
    return t("because.unnamed") if reason == "nothing kept names them" else reason
