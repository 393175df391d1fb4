"""Reads and judges what an agency hands in: JSON and packages alike, every problem in one answer."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import BinaryIO

import msgspec

from adapters.agency import reading
from adapters.agency.asked import Asked, Body, Judged
from adapters.agency.judging import Judge, Known
from adapters.agency.packages import Packages, Unpacked, as_sent, at_element
from adapters.agency.parts import parts_of
from adapters.agency.problems import DoorError, Wrong, wrong_content
from adapters.agency.province import Province
from adapters.agency.weighing import too_heavy
from bus.desk import Desk, source_of
from bus.files import FileStore
from bus.media_types import media_type
from mappings.dossier import Dossier, File
from mappings.engine_values import FieldProblem

LARGE = 64 * 1024
"""Bytes of a body from which on it is read in a thread."""

Seen = Callable[[Dossier], Awaitable[Iterable[File]]]

_STEPS = re.compile(r"[./\[\]]+")


@dataclass(frozen=True, slots=True)
class TakingIn:
    """Whoever takes bodies in: over the bus's desk, the tables and the file store.

    `together` is how many bytes the files of one dossier may be; 0: as many as come.
    """

    desk: Desk
    province: Province
    store: FileStore
    packages: Packages | None = None
    together: int = 0

    @property
    def judge(self) -> Judge:
        """Who judges what is handed in."""
        return Judge(self.province, self._rehearse)

    def _rehearse(self, kind: str, dossier: Dossier) -> tuple[FieldProblem, ...]:
        return self.desk.rehearse(source_of("rehearsal"), kind, dossier)

    async def read(
        self, asked: Asked, body: Body, kind: str, *, seen: Seen, held: Seen, keep: bool = True
    ) -> Judged[Dossier]:
        """The dossier that a body tells, judged and completed; raises `DoorError` with every problem.

        `seen` tells the files of dossiers that the agency sees anyway: it may name them beside its own;
        `held` those that the dossier itself has so far. A package and its files are in the store when this
        returns, unless nothing is to be kept.
        """
        if body.package is not None:
            if keep:
                self.desk.check_room()
            said = await asyncio.to_thread(self._said, body.package, keep=keep)
            heavy = await self._heavy(said.dossier, held)
            return await asyncio.to_thread(self._unpacked, asked, said, kind, heavy)
        if len(body.raw) < LARGE:
            dossier, wrong = _read_partly(body.raw)
        else:
            dossier, wrong = await asyncio.to_thread(_read_partly, body.raw)
        known = await self._known(asked, dossier, seen)
        heavy = await self._heavy(dossier, held)
        if len(body.raw) < LARGE:
            return self._judged(asked, dossier, (wrong, heavy), body.raw, kind, known)
        return await asyncio.to_thread(self._judged, asked, dossier, (wrong, heavy), body.raw, kind, known)

    def _judged(
        self,
        asked: Asked,
        dossier: Dossier,
        found: tuple[tuple[Wrong, ...], tuple[Wrong, ...]],
        raw: bytes,
        kind: str,
        known: Known,
    ) -> Judged[Dossier]:
        """`found` is what could not be read, and which files are too much."""
        wrong, heavy = found
        judged = self.judge.judge(asked.agency, dossier, asked.day, kind, known)
        if problems := merged(wrong, [*judged, *heavy]):
            raise wrong_content(problems)
        content = msgspec.json.encode(msgspec.json.decode(raw), order="deterministic")
        return Judged(self.judge.completed(asked.agency, dossier, asked.day), content, raw)

    async def _heavy(self, dossier: Dossier, held: Seen) -> tuple[Wrong, ...]:
        """The files that are too much for one dossier."""
        if not any(parts_of(File, dossier)):
            return ()
        return tuple(too_heavy(dossier, await held(dossier), self.together))

    def _said(self, package: BinaryIO, *, keep: bool) -> Unpacked:
        assert self.packages is not None  # noqa: S101 - for mypy: who has none refuses packages before
        try:
            return self.packages.read(package, keep=keep)
        except reading.WrongError as error:
            raise wrong_content(error.problems) from None

    def _unpacked(self, asked: Asked, said: Unpacked, kind: str, heavy: tuple[Wrong, ...]) -> Judged[Dossier]:
        known = _facts(said.files)
        try:
            judged = self.judge.judge(asked.agency, said.dossier, asked.day, kind, known)
        except DoorError as error:
            error.problem = as_sent(error.problem, said.paths)
            raise
        if problems := merged(said.wrong, [at_element(one, said.paths) for one in (*judged, *heavy)]):
            raise wrong_content(problems)
        message = self.judge.completed(asked.agency, said.dossier, asked.day)
        return Judged(message, said.content, said.raw, "application/xml", said.paths)

    async def weigh(self, judged: Judged[Dossier], held: Seen) -> None:
        """Raise `DoorError` where a dossier that was judged is too heavy beside what is held by now."""
        if heavy := await self._heavy(judged.message, held):
            raise wrong_content([at_element(one, judged.paths) for one in heavy])

    async def _known(self, asked: Asked, dossier: Dossier, seen: Seen) -> Known:
        """What this agency may name of the files that a dossier names, and what is true of them."""
        named = {file.hash for _, file in parts_of(File, dossier)}
        if not named:
            return {}
        uploaded = await self.desk.files_of(asked.sources, named)
        before = _facts(file for file in await seen(dossier) if file.hash in named - uploaded)
        stored = await asyncio.to_thread(self._stored, uploaded | set(before))
        return {file: stored[file] | before.get(file, frozenset()) for file in stored}

    def _stored(self, files: Iterable[str]) -> dict[str, frozenset[tuple[int, str]]]:
        """Size and type of those that the store has, told by their bytes."""
        found = {}
        for file in files:
            try:
                with self.store.open(file) as content:
                    found[file] = frozenset({(self.store.size(file), media_type(content))})
            except FileNotFoundError:
                continue
        return found


def _facts(files: Iterable[File]) -> dict[str, frozenset[tuple[int, str]]]:
    found: dict[str, frozenset[tuple[int, str]]] = {}
    for file in files:
        found[file.hash] = found.get(file.hash, frozenset()) | {(file.size, file.media_type)}
    return found


def _read_partly(raw: bytes) -> tuple[Dossier, tuple[Wrong, ...]]:
    try:
        return reading.read_partly(Dossier, raw)
    except reading.WrongError as error:
        raise wrong_content(error.problems) from None


def merged(read: Iterable[Wrong], judged: Iterable[Wrong]) -> list[Wrong]:
    """All problems, without those that only say that a part could not be read, which is told already."""
    first = list(read)
    steps = [_steps(one.path) for one in first]
    return [*first, *(one for one in judged if not any(_within(_steps(one.path), each) for each in steps))]


def _steps(path: str) -> list[str]:
    return [step for step in _STEPS.split(path) if step]


def _within(one: list[str], other: list[str]) -> bool:
    short = min(len(one), len(other))
    return one[:short] == other[:short]
