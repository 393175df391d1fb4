"""The two laws of every shipped sheet; and that a sheet which breaks one is found out."""

from pathlib import Path

import pytest

from mappings.engine import Compiled, compile_sheet
from mappings.laws import prove
from mappings.rules import PythonRule
from mappings.sheet import Functions, load_sheets, parse_sheet
from mappings.tables import load

TABLES = Path(__file__).parents[3] / "deploy" / "tables"


SHEETS = load_sheets()


@pytest.mark.parametrize("name", sorted(SHEETS))
def test_both_laws_hold_for_every_shipped_sheet(name: str) -> None:
    """in(out(x)) = x on two-way lines, out(in(m)) = m in the normal form."""
    proof = prove(compile_sheet(SHEETS[name], load([TABLES])), 60)
    assert proof.holds, [str(each) for each in proof.counterexamples]


def sheet(
    rule: PythonRule, line: str = '{ their = "A", ours = "note", rule = "python it" }', rest: str = ""
) -> Compiled:
    """Compile a sheet of one line."""
    text = f'[sheet]\nname = "x/y"\ncanonical = "Dossier"\nextras = "keep"\nrows = [ {line} ]\n{rest}'
    return compile_sheet(parse_sheet(text, "y.toml", functions=Functions(rules={"it": rule})))


@pytest.mark.parametrize(
    ("lie", "law"),
    [
        (PythonRule(str.lower, str.upper, lambda _: "Ab"), "in(out(x)) = x"),
        (PythonRule(lambda value: value[:-1], str, lambda _: "abc"), "in(out(x)) = x"),
        (PythonRule(str, lambda value: value * (1 + len(value) % 2), lambda _: "ab "), "in(out(x)) = x"),
    ],
)
def test_a_rule_that_breaks_a_law_is_found_out(lie: PythonRule, law: str) -> None:
    """The counterexample names the law and our field."""
    proof = prove(sheet(lie), 20)
    assert not proof.holds
    assert {(each.law, each.path) for each in proof.counterexamples} >= {(law, "note")}


def test_an_honest_rule_holds() -> None:
    """The same sheet with a true inverse."""
    assert prove(
        sheet(PythonRule(lambda value: value[1:], lambda value: f"x{value}", lambda _: "ab")), 20
    ).holds


def test_what_carries_nothing_back_is_listed() -> None:
    """Look-ups, fixed values, one-way lines, cut texts, and the words of a list that are lost."""
    shipped = prove(compile_sheet(SHEETS["national_portal/record"], load([TABLES])), 5)
    told = {(each.their, each.ours) for each in shipped.one_way}
    assert ("TenTTHC", "procedure") in told
    assert ("GhiChu", "note") in told
    assert ("LoaiDoiTuong", "owner.kind = household_business") in told
    assert all(each.why and each.vi for each in shipped.one_way)


def test_the_same_seed_proves_the_same() -> None:
    """A proof can be repeated."""
    lie = PythonRule(str.lower, str.upper, lambda random: random.choice(("Ab", "ab")))
    assert prove(sheet(lie), 10, seed=3) == prove(sheet(lie), 10, seed=3)
