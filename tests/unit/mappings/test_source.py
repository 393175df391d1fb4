"""The positioned reader agrees with tomllib and knows where everything stands."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.source import Keys, Place, Problem, ProblemsError, did_you_mean, read, read_file

TEXT = '''# c
top = 1
a.b."c d" = "x"
[t.u]
k = { x = 1, y.z = [1, {q=2}] }
[[arr]]
n = 1
[[arr.sub]]
m = 2
[[arr]]
n = 3
[arr.tab]
z = """
multi"""
"é\\u0041" = [ # reason
  5,
]
"ế" = { "ộ" = 1, x = 2 }
'''

PLACES: list[tuple[Keys, str, tuple[int, int]]] = [
    (("top",), "key", (2, 1)),
    (("top",), "value", (2, 7)),
    (("a", "b"), "key", (3, 3)),
    (("a", "b", "c d"), "value", (3, 13)),
    (("t", "u"), "value", (4, 2)),
    (("t", "u", "k", "y", "z", 1, "q"), "value", (5, 27)),
    (("t", "u", "k", "y", "z", 0), "value", (5, 21)),
    (("arr", 0, "n"), "value", (7, 5)),
    (("arr", 0, "sub", 0, "m"), "key", (9, 1)),
    (("arr", 1, "n"), "value", (11, 5)),
    (("arr", 1, "tab", "z"), "key", (13, 1)),
    (("arr", 1, "tab", "éA", 0), "value", (16, 3)),
    (("arr", 1, "tab", "ế", "x"), "key", (18, 18)),
    (("t", "u", "k", "nothing"), "key", (5, 1)),
    (("nothing", 3), "value", (1, 1)),
]


@pytest.mark.parametrize(("path", "of", "expected"), PLACES)
def test_every_key_path_has_its_place(path: Keys, of: Any, expected: tuple[int, int]) -> None:
    """Keys, values, items of arrays, arrays of tables, dotted and quoted keys; else the enclosing place."""
    place = read(TEXT, "f.toml").place(path, of=of)
    assert (place.line, place.column) == expected
    assert place.file == "f.toml"


def test_values_are_those_of_tomllib() -> None:
    """The positions never change a value."""
    assert read(TEXT, "f").value == tomllib.loads(TEXT)


@pytest.mark.parametrize(
    ("text", "line", "column", "part"),
    [
        ("a = \n", 1, 5, "no TOML value"),
        ("a = {\n b=1 }", 1, 6, "one line"),
        ("b = 0\na = 1\na = 2", 3, 1, '"a" is said twice'),
        ("[a]\n[a]\n", 2, 2, '"a" is said twice'),
        ("[t", 1, 3, "not closed"),
        ('x = "abc\n', 1, 9, "not closed on its line"),
        ("a = 1 b = 2", 1, 7, "follows the value"),
        ("x = [1,2\n y=3", 2, 2, "comma"),
        ('x = "\\q"', 1, 8, "backslash"),
        ('x="\x01"', 1, 4, "no TOML"),
        ("x = {a = 1, a = 2}", 1, 13, "said twice"),
    ],
)
def test_a_syntax_error_says_where_and_what_to_do(text: str, line: int, column: int, part: str) -> None:
    """One problem with file, line and column, in words of this house."""
    with pytest.raises(ProblemsError) as caught:
        read(text, "f.toml")
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.column) == ("f.toml", line, column)
    assert part in str(problem)


def test_a_file_that_is_not_utf8_or_not_there_is_a_problem(tmp_path: Path) -> None:
    """Reading a file fails as a problem with a place, never as a traceback."""
    bad = tmp_path / "bad.toml"
    bad.write_bytes(b'a = 1\nb = "\xff"\n')
    with pytest.raises(ProblemsError, match=r"bad\.toml:2:6: is not UTF-8"):
        read_file(bad, "bad.toml")
    with pytest.raises(ProblemsError, match=r"none\.toml:1:1: cannot be read"):
        read_file(tmp_path / "none.toml", "none.toml")


def test_problems_come_sorted_and_once() -> None:
    """All problems at once, in the order of file and line, none twice."""
    one, two = Problem("a", 2, 1, "x", "Do y"), Problem("a", 10, 1, "z")
    assert ProblemsError([two, one, one]).problems == (one, two)
    assert str(one) == "a:2:1: x. Do y"
    assert str(Place("a", 2, 1)) == "a:2:1"


def test_did_you_mean_finds_the_near_word_only() -> None:
    """A near word is proposed whatever its case; a far one is not."""
    assert did_you_mean("persn_name", ["person_name", "money"]) == "person_name"
    assert did_you_mean("MAHOSO", ["MaHoSo"]) == "MaHoSo"
    assert did_you_mean("zzz", ["person_name"]) is None


_KEY = st.from_regex(r"[a-z]{1,4}", fullmatch=True)


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(_KEY, st.lists(st.integers(0, 99), min_size=1, max_size=3), min_size=1, max_size=5))
def test_the_place_of_a_value_is_where_its_text_stands(tables: dict[str, list[int]]) -> None:
    """At the place of each number of a generated file stands that number."""
    text = "".join(f"[{name}]\n  v = {values}\n" for name, values in tables.items())
    source = read(text, "f")
    lines = text.split("\n")
    for name, values in tables.items():
        for count, value in enumerate(values):
            place = source.place((name, "v", count))
            assert lines[place.line - 1][place.column - 1 :].startswith(str(value))
