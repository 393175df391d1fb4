"""Dossiers in edXML packages at the agencies' door: the port to a codec, and the sender's own paths.

The codec is another connector's, so whoever puts the door together hands it in (`Packages`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from msgspec.structs import replace

from adapters.agency.problems import Problem, Wrong
from mappings.dossier import Dossier, File
from mappings.sheet_values import Line, Sheet

MEDIA_TYPES = frozenset({"application/xml", "text/xml"})

_INDEX = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What a package says. `content` are equal bytes for packages that say the same.

    `raw` is what is kept of it: all but the files' bytes, for which their hashes stand, and the hash of the
    whole as it came. `files` are what was attached, `paths` our field -> its element, as `paths_of` gives it.
    `wrong` is what is wrong with it, at the sender's paths; then `dossier` is what could be read.
    """

    dossier: Dossier
    content: bytes
    raw: bytes
    files: tuple[File, ...]
    paths: Mapping[str, str]
    wrong: tuple[Wrong, ...] = ()


class Packages(Protocol):
    """Whoever reads packages. Blocking; may be repeated."""

    @property
    def most(self) -> int:
        """Bytes that a package may have."""
        ...

    def read(self, package: BinaryIO, *, keep: bool) -> Unpacked:
        """Take a package apart; with `keep` it and its files are in the file store when this returns.

        Raises `adapters.agency.reading.WrongError` where nothing of it can be read, and `UnavailableError`
        where the disk does not take a file.
        """
        ...


def paths_of(sheet: Sheet) -> dict[str, str]:
    """Our fields as a sheet reads them -> their elements, through its parts ("documents.name")."""
    found: dict[str, str] = {}

    def walk(lines: Iterable[Line], ours: str, theirs: str) -> None:
        for line in lines:
            there = _joined(theirs, "/".join(line.their), "/")
            for each in line.ours if line.reads else ():
                here = _joined(ours, ".".join(each.steps), ".")
                if line.rule in ("part", "each") and line.argument in sheet.parts:
                    walk(sheet.parts[line.argument].lines, here, there)
                if here:
                    found.setdefault(here, there)

    walk(sheet.lines, "", "")
    return found


def _joined(before: str, after: str, by: str) -> str:
    return f"{before}{by}{after}" if before and after else before or after


def as_sent(problem: Problem, paths: Mapping[str, str]) -> Problem:
    """A whole answer of problems, each at the element in which the sender wrote it."""
    return replace(problem, problems=tuple(at_element(one, paths) for one in problem.problems))


def at_element(wrong: Wrong, paths: Mapping[str, str]) -> Wrong:
    """A problem of our field, at the element in which the sender wrote it ("documents[0].name")."""
    return replace(wrong, path=_theirs(wrong.path, paths))


def _theirs(path: str, paths: Mapping[str, str]) -> str:
    at = _INDEX.search(path)
    name = _INDEX.sub("", path)
    while name not in paths and "." in name:
        name = name.rpartition(".")[0]
    if name not in paths:
        return _container(name, paths) or path
    there = paths[name]
    if at and (group := paths.get(path[: at.start()])):
        there = f"{group}/{at[1]}{there[len(group) :]}"
    return there


def _container(name: str, paths: Mapping[str, str]) -> str:
    """The element that holds all of a group ("intake_agency" is `From`); "" where there is none."""
    below = [there.split("/") for ours, there in paths.items() if ours.startswith(f"{name}.")]
    if not below:
        return ""
    shared = []
    for steps in zip(*below, strict=False):
        if len(set(steps)) > 1:
            break
        shared.append(steps[0])
    return "/".join(shared)
