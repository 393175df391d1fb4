"""Dated tables: a look-up is as of a day, an overlay wins, every mistake has its place."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.source import ProblemsError
from mappings.tables import Table, load, parse

AGENCIES = """code,old_code,name,from,until
H12,000.00.00.H12,"Ủy ban nhân dân tỉnh Cà Mau, cũ",2020-03-01,2025-06-30
H12,000.00.00.H12,Ủy ban nhân dân tỉnh Cà Mau,2025-07-01,
H04,000.00.00.H04,Ủy ban nhân dân tỉnh Bạc Liêu,,2025-06-30
"""


def table(text: str, name: str = "t") -> Table:
    """Parse a text."""
    return parse(name, text.encode(), f"{name}.csv")


def test_a_look_up_is_as_of_a_day() -> None:
    """The row of that day, both ends included; without a day the open one; also by the old code."""
    agencies = table(AGENCIES)
    names = [
        (agencies.find("H12", day) or {}).get("name") for day in (date(2025, 6, 30), date(2025, 7, 1), None)
    ]
    assert names == [
        "Ủy ban nhân dân tỉnh Cà Mau, cũ",
        "Ủy ban nhân dân tỉnh Cà Mau",
        "Ủy ban nhân dân tỉnh Cà Mau",
    ]
    assert agencies.find("000.00.00.H12", None) is not None
    assert agencies.find("H04", None) is None
    assert agencies.find("H04", date(1999, 1, 1)) is not None
    assert agencies.keys(None) == ("H12",)


def test_a_procedure_is_found_with_and_without_its_suffix() -> None:
    """One side may carry the province's suffix (reference 5): matched by prefix, whichever side it is."""
    bare = table("code,name,from,until\n1.001193,Khai sinh,,\n")
    suffixed = table("code,name,from,until\n1.001193.000.00.00.H12,Khai sinh,,\n")
    for each in (bare, suffixed):
        for code in ("1.001193", "1.001193.000.00.00.H12"):
            assert (each.find(code, None) or {})["name"] == "Khai sinh"


def test_an_overlay_replaces_a_table_of_the_same_name(tmp_path: Path) -> None:
    """The later folder wins, whole."""
    for folder, name in (("shipped", "a"), ("overlay", "b")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.csv").write_text(f"code,name,from,until\n1,{name},,\n", encoding="utf-8")
    (tmp_path / "shipped" / "y.csv").write_text("code,from,until\n1,,\n", encoding="utf-8")
    tables = load([tmp_path / "shipped", tmp_path / "overlay"])
    assert (tables["x"].find("1", None) or {})["name"] == "b"
    assert set(tables) == {"x", "y"}


def test_a_table_without_code_has_rows_but_no_look_up() -> None:
    """Pairs such as group and procedure may repeat."""
    groups = table("group,procedure,from,until\na,1,,\na,2,,\n")
    assert not groups.keyed
    assert len(groups.rows(None)) == 2


@pytest.mark.parametrize(
    ("text", "place", "part"),
    [
        ("code,successor,from,until\nH04,H21,,2025-06-30\nH12,,,", "t.csv:2:5", 'Did you mean "H12"'),
        ("", "t.csv:1:1", "no header"),
        ("code,name\n1,a\n", "t.csv:1:1", '"from" is missing'),
        ("code,code,from,until\n", "t.csv:1:6", "said twice"),
        ("code,from,until\n1,,\n,,\n", "t.csv:3:1", "blank"),
        ("code,from,until\n1,2025-13-01,\n", "t.csv:2:3", "no day"),
        ("code,from,until\n1,2025-02-01,2025-01-01\n", "t.csv:2:14", "ends before"),
        ("code,name,from,until\n1,a,b,,\n", "t.csv:2:1", "5 cells"),
        ('code,name,from,until\n1,"a\nb",,\n2,c,x,\n', "t.csv:4:5", "no day"),
        ("code,from,until\n1,,\n1,2025-01-01,\n", "t.csv:3:1", "holds twice"),
        ("code,successor,from,until\nH04.1,H21.2,,\nH12.2,,,\n", "t.csv:2:7", 'Did you mean "H12.2"'),
    ],
)
def test_a_mistake_has_its_place(text: str, place: str, part: str) -> None:
    """file:line:column, what is wrong, what to do."""
    with pytest.raises(ProblemsError) as caught:
        table(text)
    assert any(str(problem).startswith(place) and part in str(problem) for problem in caught.value.problems)


def test_all_mistakes_of_all_tables_come_at_once(tmp_path: Path) -> None:
    """One reading tells everything."""
    (tmp_path / "a.csv").write_text("code,from,until\n,,\n1,x,y\n", encoding="utf-8")
    (tmp_path / "b.csv").write_bytes(b"code,from,until\n\xff,,\n")
    with pytest.raises(ProblemsError) as caught:
        load([tmp_path])
    assert len(caught.value.problems) == 4


def test_a_comment_line_is_no_row() -> None:
    """Lines that begin with # are for the reader."""
    assert table("# why\ncode,from,until\n# more\n1,,\n").keys(None) == ("1",)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=6), min_size=1, max_size=5
    )
)
def test_cells_come_back_as_they_were_quoted(names: list[str]) -> None:
    """Quotes, commas and Vietnamese letters survive; outer blanks go."""
    quoted = "".join(
        f'{count},"{name.replace(chr(34), chr(34) * 2)}",,\n' for count, name in enumerate(names)
    )
    read = table(f"code,name,from,until\n{quoted}")
    assert [row["name"] for row in read.rows(None)] == [name.strip() for name in names]


def test_the_shipped_tables_are_sound() -> None:
    """Every shipped table loads, and each procedure's agency is an agency of its own days."""
    tables = load([Path(__file__).parents[3] / "deploy" / "tables"])
    agencies = tables["agencies"]
    for row in tables["procedures"].rows(None):
        assert agencies.find(row["agency"], None), row["code"]


def test_an_abolished_code_is_named_by_its_heir_or_as_it_was() -> None:
    """A dossier of before a merger is still spoken of; one of a code that is to come is not."""
    found = table(
        "code,name,successor,from,until\n"
        "H04,Tỉnh Bạc Liêu,H12,,2025-06-30\nH04.1,Thành phố,,,2025-06-30\n"
        "H12,Cà Mau,,,\nH13,Sau,,2030-01-01,\n"
    )
    names = {code: found.named(code, date(2026, 1, 1)) for code in ("H04", "H04.1", "H12", "H13", "H99")}
    told = {code: row["name"] if row else None for code, row in names.items()}
    assert told == {"H04": "Cà Mau", "H04.1": "Thành phố", "H12": "Cà Mau", "H13": None, "H99": None}
    then = found.named("H04", date(2025, 1, 1))
    assert then is not None
    assert then["name"] == "Tỉnh Bạc Liêu"
