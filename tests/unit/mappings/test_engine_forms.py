"""The compiled form and the careful form are one engine: where the first answers, the second agrees."""

import copy
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.engine import Compiled, MappingError, Note, compile_sheet
from mappings.engine_read import Reading
from mappings.engine_write import Writing
from mappings.laws_make import Maker
from mappings.sheet import load_sheets
from mappings.tables import load

TABLES = Path(__file__).parents[3] / "deploy" / "tables"
SHEETS = load_sheets()
NAMES = tuple(SHEETS)
JSON_NAMES = tuple(name for name in NAMES if SHEETS[name].carrier == "json")
ODD: tuple[Any, ...] = (
    None,
    "",
    "  ",
    " x ",
    "Nguye\u0302\u0303n",
    "1",
    "x" * 5000,
    0,
    1,
    True,
    False,
    3.5,
    [],
    {},
    [None],
    ["a"],
    {"la": 1},
    "2026-11-23T09:00:00.5+07:00",
    "20261123093900",
)


@cache
def compiled(name: str) -> Compiled:
    """Compile a shipped sheet once."""
    return compile_sheet(SHEETS[name], load([TABLES]))


def spots(tree: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the places of a tree."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [spot for key, value in pairs for spot in ((*at, key), *spots(value, (*at, key)))]


def with_odd(tree: Any, random: Random) -> Any:
    """Put something odd into one place, or take the place away."""
    changed = copy.deepcopy(tree)
    places = spots(changed)
    if not places:
        return changed
    *way, last = random.choice(places)
    node = changed
    for step in way:
        node = node[step]
    if isinstance(node, dict) and random.random() < 0.2:
        del node[last]
    else:
        node[last] = copy.deepcopy(random.choice(ODD))
    return changed


def outcome(sheet: Compiled, tree: Any) -> Any:
    """Return the message that was read, or the problems; of an XML sheet from the tree of a document."""
    if sheet.sheet.carrier == "xml":
        reading = Reading(sheet.plan, "peer", None)
        result = reading.message(tree, None)
        return reading.problems if result is None else result.message
    try:
        return sheet.read(tree, source="peer").message
    except MappingError as error:
        return error.problems


def written(sheet: Compiled, random: Random) -> tuple[Any, Any]:
    """Draw a message and what the careful form writes of it."""
    message = Maker(random, "peer").message(sheet.plan)
    return message, Writing(sheet.plan, "peer", None).message(message).tree


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32))
def test_where_the_compiled_form_reads_the_careful_form_reads_the_same(name: str, seed: int) -> None:
    """On good messages, and with something odd in one place: same value, same notes, no problem."""
    sheet, random = compiled(name), Random(seed)  # noqa: S311 - a seeded stream
    _, tree = written(sheet, random)
    tree = with_odd(tree, random) if random.random() < 0.8 else tree
    before = copy.deepcopy(tree)
    notes: list[Note] = []
    try:
        fast = sheet.code.read(tree, "peer", None, {}, None, notes)
    except Exception:  # noqa: BLE001 - giving up is always allowed
        return
    reading = Reading(sheet.plan, "peer", None)
    result = reading.message(tree, None)
    assert reading.problems == []
    assert result is not None
    assert result.message == fast
    assert [note for note in result.notes if note.path] == notes or sheet.plan.checks
    assert tree == before


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32))
def test_where_the_compiled_form_writes_the_careful_form_writes_the_same(name: str, seed: int) -> None:
    """Field for field and in the same order, without a note."""
    sheet, random = compiled(name), Random(seed)  # noqa: S311 - a seeded stream
    message = Maker(random, "peer").message(sheet.plan)
    try:
        fast = sheet.code.write(message, "peer", None, message)
    except Exception:  # noqa: BLE001 - giving up is always allowed
        return
    writing = Writing(sheet.plan, "peer", None)
    result = writing.message(message)
    assert (writing.problems, result.notes) == ([], ())
    assert repr(result.tree) == repr(fast)


@pytest.mark.parametrize("name", JSON_NAMES)
@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32))
def test_whatever_comes_is_read_or_refused_with_problems(name: str, seed: int) -> None:
    """A message with odd things in several places ends as a value or as problems, never as anything else."""
    sheet, random = compiled(name), Random(seed)  # noqa: S311 - a seeded stream
    _, tree = written(sheet, random)
    for _ in range(4):
        tree = with_odd(tree, random)
    ended = outcome(sheet, tree)
    assert isinstance(ended, sheet.canonical) or (ended and all(each.what and each.vi for each in ended))


@pytest.mark.parametrize("name", NAMES)
def test_the_compiled_form_takes_what_is_ordinary(name: str) -> None:
    """Of fifty ordinary messages it gives up only on those that the careful form has a word to say about."""
    sheet, random = compiled(name), Random(5)  # noqa: S311 - a seeded stream
    for _ in range(50):
        message, _ = written(sheet, random)
        writing = Writing(sheet.plan, "peer", None)
        result = writing.message(message)
        if writing.problems or result.notes:
            continue
        assert sheet.code.write(message, "peer", None, message) == result.tree
        reading = Reading(sheet.plan, "peer", None)
        back = reading.message(result.tree, None)
        if back is not None and not back.notes:
            assert sheet.code.read(result.tree, "peer", None, {}, None, []) == back.message


def test_the_generated_source_can_be_read() -> None:
    """Who wants to know what a sheet does finds plain Python."""
    text = compiled("national_portal/progress").code.text
    assert "def read_message" in text
    assert "t_get('MaHoSo')" in text
