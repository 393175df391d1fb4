"""The engine on small sheets: what is read, written, noted, kept, refused and parked."""

from datetime import date, datetime
from typing import Any

import msgspec
import pytest

from mappings.dossier import Dossier, Party, Step
from mappings.engine import Compiled, FieldProblem, MappingError, ParkError, compile_sheet
from mappings.rules import ICT, Finding, PythonRule
from mappings.sheet import Functions, parse_sheet
from mappings.source import ProblemsError
from mappings.tables import parse

TABLES = {
    "agencies": parse(
        "agencies",
        "code,name,from,until\nH12,Tỉnh cũ,,2025-06-30\nH12,Tỉnh Cà Mau,2025-07-01,\nH99,,,\n".encode(),
        "agencies.csv",
    )
}


def late(message: Dossier) -> tuple[Finding, ...]:
    """Find what is due before it was accepted."""
    if message.accepted_at and message.due_at and message.due_at < message.accepted_at:
        return (Finding("due_at", "is before the acceptance", "trước ngày tiếp nhận"),)
    return ()


FUNCTIONS = Functions(
    rules={"both": PythonRule(lambda tree: f"{tree.get('X', '')}+{tree.get('Y', '')}")}, checks={"late": late}
)


def sheet(rows: str, rest: str = "", *, canonical: str = "Dossier", **head: str) -> Compiled:
    """Compile a small sheet."""
    more = "\n".join(f"{key} = {value}" for key, value in head.items())
    text = f'[sheet]\nname = "x/y"\ncanonical = "{canonical}"\n{more}\nrows = [\n{rows}\n]\n{rest}'
    return compile_sheet(parse_sheet(text, "y.toml", functions=FUNCTIONS), TABLES)


def read(compiled: Compiled, tree: Any, **more: Any) -> Any:
    """Read as from the connector `peer`."""
    return compiled.read(tree, source="peer", **more).message


def write(compiled: Compiled, message: Any, **more: Any) -> Any:
    """Write as to the connector `peer`."""
    return compiled.write(message, source="peer", **more).tree


def refused(compiled: Compiled, tree: Any) -> tuple[FieldProblem, ...]:
    """Return the problems of a message that cannot be read."""
    with pytest.raises(MappingError) as caught:
        compiled.read(tree, source="peer")
    return caught.value.problems


CODE = '{ their = "Ma", ours = "code", required = true },\n'
CODES = '[codes.c]\nunmapped = { in = "fail", out = "fail" }\nrows = ['
FEES = """[part.Fee]
rows = [
  { their = "Ten", ours = "name", required = true },
  { their = "Gia", ours = "amount", rule = "money", required = true },
  { their = "Ma", ours = "code" },
]
"""


@pytest.mark.parametrize("nothing", [{"A": ""}, {"A": None}, {"A": "  "}, {}])
@pytest.mark.parametrize("way", ["blank", "null", "omit"])
def test_blank_null_and_missing_say_nothing(nothing: dict[str, Any], way: str) -> None:
    """All three are absent when read; written, absence looks as the sheet says."""
    compiled = sheet('{ their = "A", ours = "note" }', empty=f'"{way}"')
    message = read(compiled, nothing)
    assert message.note is None
    assert write(compiled, message) == {"blank": {"A": ""}, "null": {"A": None}, "omit": {}}[way]


def test_all_problems_of_a_message_come_at_once() -> None:
    """Each with the path as the peer spells it, our path, the rule, and both languages."""
    compiled = sheet(
        CODE + '{ their = "Han", ours = "due_at", rule = "time yyyyMMddHHmmss" },\n'
        '{ their = "Phi", ours = "fees", rule = "each Fee" }, { their = "Ghi", ours = "note", max = 3 }',
        FEES,
    )
    tree = {"Han": "x", "Phi": [{"Ten": "a", "Gia": "1"}, {"Gia": "1.0"}, 5], "Ghi": "dài quá"}
    found = refused(compiled, tree)
    assert [(each.path, each.ours) for each in found] == [
        ("Ma", "code"),
        ("Han", "due_at"),
        ("Phi/1/Ten", "fees.1.name"),
        ("Phi/1/Gia", "fees.1.amount"),
        ("Phi/2", "fees.2"),
        ("Ghi", "note"),
    ]
    assert all(each.what and each.vi for each in found)
    assert "7 characters long, 3 are allowed" in str(found[-1])


def test_a_problem_makes_nothing_else_missing() -> None:
    """What comes after a wrong value is still read: a good required list is not said to be absent."""
    compiled = sheet(
        '{ their = "Ma", ours = "code", max = 3 },'
        '{ their = "Phi", ours = "fees", rule = "each Fee", required = true }',
        FEES,
    )
    found = refused(compiled, {"Ma": "quá dài", "Phi": [{"Ten": "a", "Gia": "1"}]})
    assert [each.path for each in found] == ["Ma"]


def test_values_are_masked_unless_asked_for() -> None:
    """A problem's sentence shows kind and length; the value itself only to who asks."""
    compiled = sheet('{ their = "So", ours = "owner.identity", rule = "identity_number" }')
    (problem,) = refused(compiled, {"So": "09612345678"})
    assert "09612345678" not in str(problem) + repr(problem) + problem.in_vietnamese()
    assert "text of 11 characters" in str(problem)
    assert "09612345678" in problem.shown()


def test_a_parked_code_parks_only_where_nothing_else_is_wrong() -> None:
    """A person decides about an unmapped code; a message with another fault is refused at once."""
    codes = (
        '[codes.c]\nunmapped = { in = "park", out = "fail" }\nrows = [{ their = "1", ours = "accepted" }]\n'
    )
    compiled = sheet(CODE + '{ their = "T", ours = "status", rule = "codes c" }', codes)
    with pytest.raises(ParkError):
        compiled.read({"Ma": "1", "T": "77"}, source="peer")
    with pytest.raises(MappingError) as caught:
        compiled.read({"T": "77"}, source="peer")
    assert not isinstance(caught.value, ParkError)
    assert read(compiled, {"Ma": "1", "T": "1"}).status == "accepted"


def test_what_no_line_names_is_kept_with_its_item_and_given_back_to_that_source_only() -> None:
    """Extras lie with the item, survive both ways, and never reach another connector."""
    compiled = sheet(
        CODE + '{ their = "Phi", ours = "fees", rule = "each Fee" }, { their = "A/B", ours = "note" }',
        FEES,
        extras='"keep"',
        empty='"omit"',
    )
    tree = {
        "Ma": "1",
        "Phi": [{"Ten": "a", "Gia": "1", "La": [1]}],
        "A": {"B": "x", "C": "y"},
        "Khac": {"a": None},
    }
    message = read(compiled, tree)
    assert message.extras == {"peer": {"Khac": {"a": None}, "A": {"C": "y"}}}
    assert message.fees[0].extras == {"peer": {"La": [1]}}
    assert write(compiled, message) == tree
    elsewhere = compiled.write(message, source="another").tree
    assert elsewhere == {"Ma": "1", "Phi": [{"Ten": "a", "Gia": "1"}], "A": {"B": "x"}}


def test_extras_never_overwrite_what_a_line_writes() -> None:
    """A kept field that a newer sheet names is the line's."""
    compiled = sheet(CODE, extras='"keep"')
    message = Dossier(code="ours", extras={"peer": {"Ma": "theirs", "B": 1}})
    assert write(compiled, message) == {"Ma": "ours", "B": 1}


@pytest.mark.parametrize(("mode", "problems", "notes"), [("note", 0, 1), ("refuse", 1, 0)])
def test_an_unknown_field_is_noted_or_refused(mode: str, problems: int, notes: int) -> None:
    """As the sheet says; refused with the near name."""
    compiled = sheet('{ their = "MaHoSo", ours = "code" }', extras=f'"{mode}"')
    tree = {"MaHoSo": "1", "MaHoSO": "2"}
    if problems:
        (problem,) = refused(compiled, tree)
        assert 'did you mean "MaHoSo"' in str(problem)
    else:
        result = compiled.read(tree, source="peer")
        assert [note.path for note in result.notes] == ["MaHoSO"]
        assert len(result.notes) == notes


def test_one_object_counts_as_a_list_and_empty_items_are_dropped() -> None:
    """Lists are taken as peers write them; written, a list is a list."""
    compiled = sheet('{ their = "Phi", ours = "fees", rule = "each Fee" }', FEES)
    assert [fee.name for fee in read(compiled, {"Phi": {"Ten": "a", "Gia": "1"}}).fees] == ["a"]
    rows = [None, {}, "", {"Ten": "", "Gia": " "}, {"Ten": "b", "Gia": "2"}]
    message = read(compiled, {"Phi": rows})
    assert [fee.amount for fee in message.fees] == [2]
    assert write(compiled, message)["Phi"] == [{"Ten": "b", "Gia": "2"}]


def test_a_list_of_plain_texts() -> None:
    """`each text`, and a part whose item is the text itself."""
    plain = sheet('{ their = "D", ours = "databases", rule = "each text" }')
    boxed = sheet(
        '{ their = "D", ours = "databases", rule = "each P" }',
        '[part.P]\nrows = [ { their = "M", ours = ".", required = true } ]\n',
    )
    for compiled, tree in ((plain, {"D": ["1", "7"]}), (boxed, {"D": [{"M": "1"}, {"M": "7"}]})):
        message = read(compiled, tree)
        assert message.databases == ("1", "7")
        assert write(compiled, message) == tree


def test_a_default_is_what_absence_means_to_both_sides() -> None:
    """Read for absence, and always written."""
    codes = (
        '[codes.c]\nunmapped = { in = "fail", out = "fail" }\nrows = [{ their = "1", ours = "counter" }]\n'
    )
    compiled = sheet('{ their = "K", ours = "channel", rule = "codes c", default = "counter" }', codes)
    assert read(compiled, {}).channel == "counter"
    assert write(compiled, Dossier()) == {"K": "1"}


def test_what_contradicts_its_condition_is_read_noted_and_not_written_back() -> None:
    """`when`: written only if our fields have these values."""
    compiled = sheet(
        '{ their = "TT", ours = "status", rule = "codes c" },'
        '{ their = "Tu", ours = "rejected_at", rule = "time yyyyMMddHHmmss",'
        ' when = { status = "not_accepted" } }',
        CODES + '{ their = "3", ours = "not_accepted" }, { their = "4", ours = "in_progress" }]\n',
    )
    good, odd = ({"TT": status, "Tu": "20261123080000"} for status in ("3", "4"))
    assert write(compiled, read(compiled, good)) == good
    result = compiled.read(odd, source="peer")
    assert [note.path for note in result.notes] == ["Tu"]
    assert result.message.rejected_at is not None
    assert write(compiled, result.message) == {"TT": "4"}


def test_a_text_that_is_too_long_is_cut_only_where_the_sheet_says_so() -> None:
    """Cut and noted, or a problem; our own value stays whole."""
    long = "một hai ba bốn"
    cut = sheet('{ their = "G", ours = "note", max = 7, over = "cut" }').write(Dossier(note=long), source="p")
    assert cut.tree == {"G": "một hai"}
    assert len(cut.notes) == 1
    with pytest.raises(MappingError, match="14 characters long"):
        sheet('{ their = "G", ours = "note", max = 7 }').write(Dossier(note=long), source="p")


def test_a_look_up_is_of_the_day_of_the_message() -> None:
    """Another column of a dated table, written only; a code in no line is a problem of the message."""
    compiled = sheet('{ their = "DV", ours = "holder.code", rule = "lookup agencies name", required = true }')
    message = msgspec.convert({"holder": {"code": "H12"}}, Dossier)
    assert write(compiled, message) == {"DV": "Tỉnh Cà Mau"}
    assert write(compiled, message, as_of=date(2024, 1, 1)) == {"DV": "Tỉnh cũ"}
    then = msgspec.structs.replace(message, as_of=datetime(2024, 1, 1, tzinfo=ICT))
    assert write(compiled, then) == {"DV": "Tỉnh cũ"}
    for code, part in (("H77", "in no line of the table"), ("H99", "has nothing in column name")):
        with pytest.raises(MappingError, match=part):
            write(compiled, msgspec.convert({"holder": {"code": code}}, Dossier))


@pytest.mark.parametrize(
    ("rule", "part"),
    [("lookup agencis name", 'Did you mean "agencies"'), ("lookup agencies nam", 'Did you mean "name"')],
)
def test_a_table_or_column_that_is_not_there_fails_at_compiling(rule: str, part: str) -> None:
    """With the place of the line and the near word."""
    with pytest.raises(ProblemsError, match=r"y\.toml:\d+:\d+: .*" + part):
        sheet(f'{{ their = "A", ours = "code", rule = "{rule}" }}')


def test_dated_codes_are_read_as_of_the_message() -> None:
    """The day is the source's, else the one that the message itself says, else the open state."""
    codes = (
        '[codes.c]\nunmapped = { in = "fail", out = "fail" }\nrows = ['
        '{ their = "1", ours = "cu", until = 2025-06-30 },'
        ' { their = "1", ours = "moi", from = 2025-07-01 }]\n'
    )
    compiled = sheet(
        '{ their = "A", ours = "note", rule = "codes c" },'
        '{ their = "Luc", ours = "as_of", rule = "time iso" }',
        codes,
    )
    assert read(compiled, {"A": "1"}).note == "moi"
    assert read(compiled, {"A": "1"}, as_of=datetime(2024, 1, 1, tzinfo=ICT)).note == "cu"
    assert read(compiled, {"A": "1", "Luc": "2024-01-01T00:00:00Z"}).note == "cu"


def test_as_of_is_the_message_s_own_or_else_the_source_s() -> None:
    """A line that reads `as_of` wins over what the source says."""
    compiled = sheet('{ their = "Luc", ours = "as_of", rule = "time iso" }')
    given = datetime(2026, 1, 1, tzinfo=ICT)
    assert read(compiled, {}, as_of=given).as_of == given
    assert read(compiled, {"Luc": "2026-02-01T00:00:00+07:00"}, as_of=given).as_of.month == 2


def test_a_note_at_the_message_s_own_line_keeps_the_compiled_form() -> None:
    """A dropped fraction is noted with its path, and the value is taken."""
    compiled = sheet('{ their = "Luc", ours = "due_at", rule = "time iso" }')
    result = compiled.read({"Luc": "2026-02-01T00:00:00.5+07:00"}, source="peer")
    assert [(note.path, note.ours) for note in result.notes] == [("Luc", "due_at")]
    assert result.message.due_at == datetime(2026, 2, 1, tzinfo=ICT)


def test_what_is_said_from_the_top_in_many_places_must_agree() -> None:
    """`/code`: read from every item, written into each; a difference is a problem."""
    part = FEES.replace('{ their = "Ma", ours = "code" }', '{ their = "HS", ours = "/code" }')
    compiled = sheet('{ their = "Phi", ours = "fees", rule = "each Fee" }', part)
    tree = {"Phi": [{"Ten": "a", "Gia": "1", "HS": "H"}, {"Ten": "b", "Gia": "2", "HS": "H"}]}
    message = read(compiled, tree)
    assert message.code == "H"
    assert write(compiled, message) == tree
    tree["Phi"][1]["HS"] = "K"
    (problem,) = refused(compiled, tree)
    assert problem.path == "Phi/1/HS"


def test_a_path_may_go_through_the_first_item_of_a_list() -> None:
    """A/0/B reads the first item and writes a list of one; further items are kept as they are."""
    compiled = sheet('{ their = "P/T/0/N", ours = "subject" }', extras='"keep"', empty='"omit"')
    tree = {"P": {"T": [{"N": "tên", "L": 228}, {"N": "name"}], "C": "1"}}
    message = read(compiled, tree)
    assert message.subject == "tên"
    assert write(compiled, message) == tree


def test_groups_of_columns_are_a_list_with_the_prefix_as_kind() -> None:
    """`spread`: like-named columns; two items of one kind cannot be written."""
    rows = '{ their = "SO", ours = "number" }, { their = "TEN", ours = "name", required = true }'
    part = f"[part.Giay]\nrows = [ {rows} ]\n"
    compiled = sheet('{ their = ".", ours = "results", rule = "spread LPTB TSDD", part = "Giay" }', part)
    tree = {"LPTB_SO": "1", "LPTB_TEN": "a", "TSDD_TEN": "b"}
    message = read(compiled, tree)
    assert [(each.kind, each.number, each.name) for each in message.results] == [
        ("LPTB", "1", "a"),
        ("TSDD", None, "b"),
    ]
    assert write(compiled, message) == tree
    twice = msgspec.structs.replace(message, results=(message.results[0],) * 2)
    with pytest.raises(MappingError, match="kind that is there already"):
        write(compiled, twice)


def test_a_fixed_value_is_compared_and_written() -> None:
    """`always`: a difference is noted, never refused."""
    compiled = sheet(CODE + '{ their = "L", rule = "always 00110" }')
    assert write(compiled, Dossier(code="1")) == {"Ma": "1", "L": "00110"}
    assert len(compiled.read({"Ma": "1", "L": "9"}, source="p").notes) == 1


def test_a_check_refuses_on_the_way_out_and_notes_on_the_way_in() -> None:
    """A peer's contradiction is its own; ours is not sent."""
    compiled = sheet(
        '{ their = "A", ours = "accepted_at", rule = "time yyyyMMddHHmmss" },'
        '{ their = "B", ours = "due_at", rule = "time yyyyMMddHHmmss" }',
        checks='["late"]',
    )
    result = compiled.read({"A": "20261123080000", "B": "20261122080000"}, source="p")
    assert [note.path for note in result.notes] == ["B"]
    with pytest.raises(MappingError, match="before the acceptance"):
        write(compiled, result.message)


def test_a_value_may_be_taken_from_several_fields_by_a_named_function() -> None:
    """A one-way rule in Python on the whole object, where the peer gives no number of its own."""
    compiled = sheet(
        '{ their = ".", ours = "id", rule = "python both", way = "in" }, { their = "X", ours = "handler" },'
        '{ their = "Y", ours = "content" }, { their = "S", ours = "status", rule = "codes c" },'
        '{ their = "T", ours = "at", rule = "time yyyyMMddHHmmss" }',
        CODES + '{ their = "4", ours = "in_progress" }]\n',
        canonical="Step",
    )
    tree = {"X": "An", "Y": "làm", "S": "4", "T": "20261123080000"}
    step = read(compiled, tree)
    assert isinstance(step, Step)
    assert step.id == "An+làm"
    assert write(compiled, step) == tree
    assert [problem.ours for problem in refused(compiled, {"X": "An", "Y": "làm"})] == ["status", "at"]


def test_codes_of_other_systems_are_a_map() -> None:
    """`codes.NAME`: the number that the peer keeps for another system."""
    compiled = sheet(
        '{ their = "Q", ours = "codes.cong" }, { their = "M", ours = "codes.mot" }', empty='"omit"'
    )
    message = read(compiled, {"Q": "G22.99-1"})
    assert message.codes == {"cong": "G22.99-1"}
    assert write(compiled, message) == {"Q": "G22.99-1"}
    assert read(compiled, {}).codes == {}


@pytest.mark.parametrize("tree", [None, [], "x", 5, [{"Ma": "1"}]])
def test_a_message_that_is_no_object_is_one_problem(tree: Any) -> None:
    """Never a traceback, whatever comes."""
    assert len(refused(sheet(CODE), tree)) == 1


def test_a_wrong_type_anywhere_is_a_problem_with_its_path() -> None:
    """A number where a text is meant, a text where an object is meant."""
    compiled = sheet('{ their = "A/B", ours = "note" }, { their = "C", ours = "code" }')
    found = refused(compiled, {"A": "x", "C": 5})
    assert [each.path for each in found] == ["A", "C"]


def test_a_nested_struct_is_absent_if_it_has_nothing() -> None:
    """No owner is made of blanks."""
    compiled = sheet('{ their = "Ten", ours = "owner.name" }, { their = "Xa", ours = "owner.place.ward" }')
    assert read(compiled, {"Ten": "", "Xa": None}).owner is None
    owner = read(compiled, {"Xa": "32001"}).owner
    assert isinstance(owner, Party)
    assert owner.place is not None
    assert owner.place.ward == "32001"


def test_the_order_of_the_lines_is_the_order_of_the_fields() -> None:
    """Whatever the message's own order."""
    compiled = sheet(
        '{ their = "B", ours = "note" }, { their = "A", ours = "code" }, { their = "O/X", ours = "subject" }'
    )
    assert list(write(compiled, read(compiled, {"O": {"X": "1"}, "A": "2", "B": "3"}))) == ["B", "A", "O"]
