"""A sheet's mistakes: every one at once, each with its place, and "did you mean" where a word is near."""

from pathlib import Path

import pytest

from mappings.rules import PythonRule
from mappings.sheet import Functions, load_sheets, parse_sheet
from mappings.source import ProblemsError
from tests.unit.mappings.xml_structs import FUNCTIONS, REGISTRY

HEAD = """[sheet]
name = "x/y"
canonical = "Dossier"
{more}
rows = [
{rows}
]
"""

FUNCTION = Functions(rules={"one": PythonRule(read=str)})


def problems(rows: str, more: str = "", rest: str = "") -> list[str]:
    """Return the problems of a sheet, without the file's name."""
    text = HEAD.format(rows=rows, more=more) + rest
    try:
        parse_sheet(text, "y.toml", functions=FUNCTION)
    except ProblemsError as error:
        return [str(problem).removeprefix("y.toml:") for problem in error.problems]
    return []


PART = """[part.P]
rows = [ {{ their = "a", ours = "{ours}" }} ]
"""
CODES = """[codes.c]
unmapped = {{ in = "{way}", out = "fail" }}
rows = [ {rows} ]
"""

MISTAKES = [
    ('{ their = "A", our = "code" }', "", "", '6:16: unknown key "our". Did you mean "ours"?'),
    ('{ their = "A", ours = "code", rule = "persn_name" }', "", "", 'Did you mean "person_name"?'),
    ('{ their = "A", ours = "cod" }', "", "", 'Did you mean "code"?'),
    ('{ their = "A", ours = "owner.nam" }', "", "", 'Did you mean "owner.name"?'),
    ('{ their = "A", ours = "code.x" }', "", "", "there is no field in Dossier"),
    ('{ their = "A", ours = "due_at" }', "", "", 'does not fit the field "due_at", which is time'),
    ('{ their = "A", ours = "due_at", rule = "time yyyyMMdd" }', "", "", "needs a pattern with each of"),
    ('{ their = "A", ours = "due_at", rule = "money" }', "", "", "It fits: int"),
    ('{ their = "A", ours = "fees", rule = "each P" }', "", "", 'there is no part "P"'),
    ('{ their = "A", ours = "fees", rule = "each text" }', "", "", "is no list of texts"),
    (
        '{ their = "A", ours = "databases", rule = "each P" }',
        "",
        PART.format(ours="name"),
        "the item, a plain text",
    ),
    ('{ their = "A", ours = "status", rule = "codes c" }', "", "", 'there is no code list "c"'),
    (
        '{ their = "A", ours = "status", rule = "codes c" }',
        "",
        CODES.format(way="pass", rows='{ their = "1", ours = "accepted" }'),
        "is a closed list",
    ),
    (
        '{ their = "A", ours = "status", rule = "codes c" }',
        "",
        CODES.format(way="park", rows='{ their = "1", ours = "acepted" }'),
        'Did you mean "accepted"?',
    ),
    (
        '{ their = "A", ours = "note", rule = "codes c" }',
        "",
        CODES.format(way="park", rows='{ their = "1", ours = "a" }, { their = "1", ours = "b" }'),
        "Say prefer = true in one of them",
    ),
    (
        '{ their = "A", ours = "note", rule = "codes c" }',
        "",
        CODES.format(way="park", rows='{ their = "1", ours = "a" }, { their = 2, ours = "b" }'),
        "texts and numbers mixed",
    ),
    (
        '{ their = "A", ours = "code" }, { their = "A", ours = "note" }',
        "",
        "",
        "two lines write the same place",
    ),
    (
        '{ their = "A", ours = "code" }, { their = "A/B", ours = "note" }',
        "",
        "",
        "two lines write the same place",
    ),
    (
        '{ their = "A", ours = "code" }, { their = "B", ours = "code" }',
        "",
        "",
        "two lines read into the same field",
    ),
    (
        '{ their = "A", ours = "owner", rule = "part P" }, { their = "B", ours = "owner.name" }',
        "",
        PART.format(ours="kind").replace('"kind" }', '"phone" }'),
        "two lines read into the same field",
    ),
    (
        '{ their = "A", ours = "code", rule = "lookup agencies name", way = "both" }',
        "",
        "",
        "carries nothing back",
    ),
    ('{ their = "A", ours = "code", rule = "python two" }', "", "", "no python rule beside this sheet"),
    ('{ their = "A", ours = "code", rule = "python one" }', "", "", 'Write way = "in"'),
    ('{ their = "A", ours = "code", default = 3 }', "", "", "default = 3 does not fit"),
    ('{ their = "A", ours = "channel", rule = "text" }', "", "", "which is words"),
    ('{ their = "A", ours = "code", required = "yes" }', "", "", '"required" must be'),
    ('{ their = "A", ours = "code", max = 0 }', "", "", '"max" must be at least 1'),
    ('{ their = "A", ours = "code", over = "cut" }', "", "", 'says nothing without "max"'),
    ('{ their = "A", ours = "code", when = { channel = "online" } }', "", "", "which no line beside it has"),
    ('{ their = "A", ours = "code", when = { chanel = "online" } }', "", "", 'Did you mean "channel"?'),
    ('{ their = "A", ours = ["code", "note"] }', "", "", "needs ours = one field"),
    ('{ their = "A", ours = "code", rule = "join /" }', "", "", 'two fields, ours = ["a", "b"]'),
    ('{ their = "/A", ours = "code" }', "", "", "is no path"),
    ('{ their = "A/1/B", ours = "code" }', "", "", "only the first item"),
    (
        '{ their = "A", ours = "fees", rule = "each P" }',
        "",
        PART.format(ours="name"),
        'no line reads "amount"',
    ),
    ('{ their = "A", ours = "code" }', "", PART.format(ours="name"), 'no line names the part "P"'),
    (
        '{ their = "A", ours = "owner", rule = "part P" }',
        "",
        '[part.P]\nrows = [ { their = "B", ours = ".", rule = "part P" } ]\n',
        "contains itself",
    ),
    ('{ their = "A", ours = "code" }', 'checks = ["nobody"]', "", "no check beside this sheet"),
    ('{ their = "A", ours = "code" }', 'carrier = "yaml"', "", '"carrier" cannot be "yaml"'),
    ('{ their = "A", ours = "code" }', 'carrier = "xml"', "", 'needs root = "NAME"'),
    ('{ their = "A", ours = "code" }', 'carrier = "xml"\nroot = "R"\nextras = "keep"', "", "cannot be kept"),
    ('{ their = "A", ours = "results", rule = "spread A B" }', "", "", 'needs part = "NAME"'),
    ('{ their = "A", ours = "results", rule = "spread A=x B=x" }', "", "", "a kind of its own"),
]


@pytest.mark.parametrize(("rows", "more", "rest", "expected"), MISTAKES)
def test_a_mistake_is_said_with_its_place_and_what_to_do(
    rows: str, more: str, rest: str, expected: str
) -> None:
    """Line and column, what is wrong, and the near word or the way out."""
    found = problems(rows, more, rest)
    assert any(expected in each for each in found), found
    assert all(each.split(":")[0].isdigit() and each.split(":")[1].isdigit() for each in found)


def test_all_mistakes_come_at_once() -> None:
    """Three mistakes of meaning in three lines are three problems, each in its own line."""
    rows = '{ their = "A", ours = "cod" },\n{ their = "B", ours = "due_at" },\n{ their = "C", ours = "x" }'
    assert [each.split(":")[0] for each in problems(rows)] == ["6", "7", "8"]


def test_an_unknown_canonical_struct_has_a_near_one() -> None:
    """The head of a sheet is checked like its lines."""
    text = HEAD.format(rows="", more="").replace("Dossier", "Dosier")
    with pytest.raises(
        ProblemsError, match=r'y\.toml:3:13: there is no canonical struct "Dosier".*"Dossier"'
    ):
        parse_sheet(text, "y.toml")


def test_dated_codes_may_repeat_where_their_days_do_not_meet() -> None:
    """One code, two words, one after the other: no preference is needed."""
    rows = (
        '{ their = "1", ours = "a", until = 2025-06-30 }, { their = "1", ours = "b", from = 2025-07-01 },'
        ' { their = "2", ours = "a", from = 2025-07-01 }'
    )
    line = '{ their = "A", ours = "note", rule = "codes c" }'
    assert problems(line, rest=CODES.format(way="park", rows=rows)) == []
    meeting = rows.replace("2025-07-01 },", "2025-06-30 },", 1)
    assert any("prefer" in each for each in problems(line, rest=CODES.format(way="park", rows=meeting)))


def test_the_shipped_sheets_are_sound_and_carry_their_digest() -> None:
    """Every sheet of the product reads without a problem, under its own name."""
    sheets = load_sheets()
    assert {"national_portal/record", "onestop/dossier"} <= sheets.keys()
    assert all(sheet.name == name and len(sheet.digest) == 64 for name, sheet in sheets.items())


def test_an_overlay_replaces_a_sheet_and_its_functions(tmp_path: Path) -> None:
    """A sheet in a later folder wins; functions beside it are found."""
    peer = tmp_path / "x"
    peer.mkdir()
    (peer / "functions.py").write_text(
        "from mappings.rules import PythonRule\nRULES = {'shout': PythonRule(str.upper, str.lower)}\n"
    )
    line = '{ their = "A", ours = "code", rule = "python shout" }'
    (peer / "y.toml").write_text(HEAD.format(rows=line, more=""))
    assert load_sheets([tmp_path])["x/y"].functions["shout"].read("a") == "A"
    (peer / "y.toml").rename(peer / "z.toml")
    with pytest.raises(ProblemsError, match="but the file is x/z"):
        load_sheets([tmp_path])


@pytest.mark.parametrize("name", ["tax_obligation", "ioffice_document"])
def test_xml_sheets_of_later_systems_are_sound(name: str) -> None:
    """The forms of tax and iOffice read against small structs of the test's own."""
    text = (Path(__file__).parent / "sheets" / f"{name}.toml").read_text(encoding="utf-8")
    assert parse_sheet(text, name, canonical=REGISTRY, functions=FUNCTIONS).carrier == "xml"
