"""The seeded stream of submitted dossiers. Dossier number i depends on (seed, i) alone, never on n."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from bench.province import marks
from bench.province.awkward import FACT_BY_ID, FACTS, Fact, Record
from bench.province.form import of_old_days, submitted
from bench.province.matters import filled_in
from bench.province.mix import draw_kind, draw_procedure, kind_of, reserved_kinds
from bench.province.tables import Tables

Via = Literal["search", "push", "both"]

_WAYS: tuple[Via, ...] = ("search", "search", "push", "push", "both")
_AWKWARD_EVERY = 3
_SECOND_FACT = 0.2
_OLD_DAYS = 0.04
"""Of the dossiers without a planted fact, about half of all: facts have days and agencies of their own."""
_BARE_CODE = len("1.001193")


@dataclass(frozen=True)
class Submission:
    """A dossier as a citizen submits it.

    `record`: fields of section 2 of the reference, with a MaHoSo that the portal may have given.
    `via`: how the province is to learn of it. `facts`: ids of the awkward facts planted. `kind`: see `mix`.
    """

    record: dict[str, Any]
    via: Via
    facts: frozenset[str]
    kind: str
    on_the_spot: bool
    intake_elsewhere: bool


@dataclass(frozen=True)
class _Plan:
    seed: int
    reserved: dict[int, str]
    order: tuple[Fact, ...]


def submissions(n: int, seed: int, tables: Tables) -> Iterator[Submission]:
    """Make the first `n` dossiers of the stream `seed`: published mix, a fact in every third, all 40 in 120.

    One in fifty is of before July 2025, when the communes were others.

    MaHoSo is unique within a stream up to a million dossiers, and between streams whose seeds differ by less
    than a hundred.
    """
    plan = _plan(seed)
    for index in range(n):
        yield _submission(index, plan, tables)


def _plan(seed: int) -> _Plan:
    order = list(FACTS)
    Random(f"{seed}:facts").shuffle(order)
    return _Plan(seed, reserved_kinds(seed), tuple(order))


def _submission(index: int, plan: _Plan, tables: Tables) -> Submission:
    rng = Random(f"{plan.seed}:{index}")
    kind = plan.reserved.get(index) or draw_kind(rng)
    facts = _facts(rng, index, kind, plan)
    record = submitted(rng, draw_procedure(rng, kind, tables), tables)
    for fact in facts:
        record = fact.plant(record, rng, tables)
    procedure = tables.by_code[record["MaTTHC"][:_BARE_CODE]]
    days = Random(f"{plan.seed}:{index}:days")
    if not facts and days.random() < _OLD_DAYS:
        record = of_old_days(record, days, procedure, tables)
    apart = Random(f"{plan.seed}:{index}:matter")
    record = {"MaHoSo": _number(plan.seed, index, record), **record}
    if told := filled_in(apart, procedure.group, record, tables):
        record["ThongTinDaNop"] = told
    elsewhere = marks.intake_elsewhere(record)
    return Submission(
        record=record,
        via=rng.choice(_WAYS),
        facts=frozenset(fact.id for fact in facts),
        kind=kind_of(procedure, intake_elsewhere=elsewhere),
        on_the_spot=procedure.on_the_spot,
        intake_elsewhere=elsewhere,
    )


def _facts(rng: Random, index: int, kind: str, plan: _Plan) -> list[Fact]:
    wanted = [FACT_BY_ID["intake_elsewhere"]] if kind == "elsewhere" else []
    if index % _AWKWARD_EVERY == 0:
        wanted.insert(0, plan.order[index // _AWKWARD_EVERY % len(plan.order)])
    if index not in plan.reserved and rng.random() < _SECOND_FACT:
        wanted.append(rng.choice(FACTS))
    return _together(wanted)


def _together(wanted: list[Fact]) -> list[Fact]:
    chosen: list[Fact] = []
    taken: set[str] = set()
    for fact in wanted:
        if taken.isdisjoint(fact.slots):
            chosen.append(fact)
            taken |= fact.slots
    return chosen


def _number(seed: int, index: int, record: Record) -> str:
    return f"G22.99.{seed % 100:02d}-{record['NgayNopHoSo'][2:8]}-{index % 1_000_000:06d}"
