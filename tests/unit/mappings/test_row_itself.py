"""A part made of the columns of the row itself: `each PART` and `part PART` at "."."""

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from mappings.dossier import FinancialObligation, Payer, TaxNotice
from mappings.dossier_finance import NoticeKind
from mappings.engine import Compiled, MappingError, compile_sheet
from mappings.engine_write import Writing
from mappings.laws import prove
from mappings.sheet import parse_sheet
from mappings.source import ProblemsError

ROW = """
[sheet]
name      = "tax/row"
canonical = "FinancialObligation"
carrier   = "CARRIER"
root      = "ROW"
empty     = "EMPTY"
extras    = "EXTRAS"
source    = "columns of the land gateway (reference 1.2b)"
rows = [
  { their = "MA_HS",         ours = "code",       rule = "dossier_code", required = true },
  { their = ".",             ours = "payers",     rule = "each Payer" },
  { their = "MA_KETQUA",     ours = "state",      rule = "codes state", required = true },
  { their = "KET/DIEN_GIAI", ours = "state_text" },
]
[part.Payer]
rows = [
  { their = "NNT_MST",       ours = "tax_code", rule = "tax_code", required = true },
  { their = ".", ours = "notices", part = "Notice", rule = "spread LPTB=registration_fee TNCN=income_tax" },
  { their = "TONG_CON_PNOP", ours = "total",    rule = "money", required = true },
]
[part.Notice]
rows = [
  { their = "SO_THONG_BAO",   ours = "number",    required = true },
  { their = "CON_PNOP",       ours = "remaining", rule = "money", required = true },
  { their = ".",              ours = "parcel",    rule = "part Parcel" },
]
[part.Parcel]
rows = [
  { their = "THUA",           ours = "number" },
  { their = "TO",             ours = "map_sheet" },
]
[codes.state]
unmapped = { in = "park", out = "fail" }
rows = [{ their = "0", ours = "owing", vi = "Còn nợ" }]
"""
FORMS = [
    ("xml", "omit", "note"),
    ("xml", "blank", "note"),
    ("json", "null", "keep"),
    ("json", "blank", "note"),
]


@cache
def compiled(carrier: str = "xml", empty: str = "omit", extras: str = "note") -> Compiled:
    """The sheet above in one of its forms."""
    text = ROW.replace("CARRIER", carrier).replace("EMPTY", empty).replace("EXTRAS", extras)
    return compile_sheet(
        parse_sheet(text if carrier == "xml" else text.replace('root      = "ROW"', ""), "row.toml")
    )


WIRE = (
    "<ROW><MA_HS>H12.16-261125-0001</MA_HS><NNT_MST>0100109106</NNT_MST>"
    "<LPTB_SO_THONG_BAO>1</LPTB_SO_THONG_BAO><LPTB_CON_PNOP>10</LPTB_CON_PNOP><LPTB_THUA>12</LPTB_THUA>"
    "<TNCN_SO_THONG_BAO>2</TNCN_SO_THONG_BAO><TNCN_CON_PNOP>20</TNCN_CON_PNOP>"
    "<TONG_CON_PNOP>30</TONG_CON_PNOP><MA_KETQUA>0</MA_KETQUA><KET><DIEN_GIAI>Còn nợ</DIEN_GIAI></KET></ROW>"
)


def owing(*payers: Payer) -> FinancialObligation:
    """What is owed by these."""
    return FinancialObligation(code="H12.16-261125-0001", state="owing", payers=payers)


def test_the_one_taxpayer_of_a_row_is_a_list_of_one_and_comes_back_in_place() -> None:
    """Its columns stand among those of the row, in the sheet's order; nothing is noted as unknown."""
    read = compiled().read(etree.fromstring(WIRE), source="tax")
    assert read.notes == ()
    (payer,) = read.message.payers
    assert (payer.tax_code, payer.total) == ("0100109106", 30)
    assert [(each.kind, each.remaining) for each in payer.notices] == [
        ("registration_fee", 10),
        ("income_tax", 20),
    ]
    assert payer.notices[0].parcel.number == "12"
    assert etree.tostring(compiled().write(read.message, source="tax").tree, encoding="unicode") == WIRE


def test_a_row_without_such_columns_has_no_such_item() -> None:
    """Absent or blank: an empty list, not an item of nothing; and a column nobody knows is noted once."""
    bare = "<ROW><MA_HS>H12.16-261125-0001</MA_HS>{}<MA_KETQUA>0</MA_KETQUA></ROW>"
    for columns in ("", "<NNT_MST/><TONG_CON_PNOP> </TONG_CON_PNOP>"):
        read = compiled().read(etree.fromstring(bare.format(columns)), source="tax")
        assert read.message.payers == ()
        assert read.notes == ()
    odd = compiled().read(etree.fromstring(bare.format("<LA>1</LA>")), source="tax")
    assert [note.path for note in odd.notes] == ["LA"]


def test_what_such_an_item_lacks_is_told_by_its_column() -> None:
    """A taxpayer with a total and no number: the problem names their field and ours."""
    broken = WIRE.replace("<NNT_MST>0100109106</NNT_MST>", "").replace(">10<", ">1.0<")
    with pytest.raises(MappingError) as caught:
        compiled().read(etree.fromstring(broken), source="tax")
    told = {(each.path, each.ours) for each in caught.value.problems}
    assert ("NNT_MST", "payers.0.tax_code") in told
    assert any(path.endswith("CON_PNOP") for path, _ in told)


def test_two_items_have_no_place_in_one_row() -> None:
    """Neither is dropped in silence."""
    two = owing(Payer(tax_code="0100109106", total=0), Payer(tax_code="2000000010", total=0))
    with pytest.raises(MappingError, match="2 items"):
        compiled().write(two, source="tax")


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
@settings(deadline=None, max_examples=12)
@given(seed=st.integers(0, 2**32))
def test_both_laws_hold_for_columns_of_the_row_itself(form: tuple[str, str, str], seed: int) -> None:
    """There and back, in any order, absence said in any way; in XML and JSON, with and without extras."""
    proof = prove(compiled(*form), 6, seed)
    assert proof.holds, [str(each) for each in proof.counterexamples]


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
@settings(deadline=None, max_examples=15)
@given(amounts=st.lists(st.integers(0, 10**14), max_size=2), parcel=st.booleans(), nobody=st.booleans())
def test_both_engines_write_the_same_in_the_same_order(
    form: tuple[str, str, str],
    amounts: list[int],
    parcel: bool,  # noqa: FBT001 - drawn
    nobody: bool,  # noqa: FBT001 - drawn
) -> None:
    """The compiled form and the careful one: elements of XML have an order."""
    kinds: tuple[NoticeKind, ...] = ("registration_fee", "income_tax")
    notices = tuple(
        TaxNotice(number=str(n), kind=kind, remaining=each)
        for n, (kind, each) in enumerate(zip(kinds, amounts, strict=False))
    )
    message: Any = owing(
        *(() if nobody else (Payer(tax_code="0100109106", total=sum(amounts), notices=notices),))
    )
    sheet = compiled(*form)
    quick = sheet.code.write(message, "tax", None, message)
    careful = Writing(sheet.plan, "tax", None).message(message).tree
    assert list(quick.items()) == list(careful.items())


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{ their = "TONG_CON_PNOP", ours = "state_text" },', "same place"),
        ('{ their = "LPTB_THUA", ours = "state_text" },', "same place"),
        ('{ their = ".", ours = "state_text" },', "cannot write the row itself"),
    ],
    ids=["a column of the part", "a column of its groups", "a text"],
)
def test_a_row_is_not_written_twice_in_one_place(line: str, says: str) -> None:
    """`check` tells it with its line, before anything is sent."""
    text = ROW.replace("CARRIER", "xml").replace("EMPTY", "omit").replace("EXTRAS", "note")
    old = '{ their = "KET/DIEN_GIAI", ours = "state_text" },'
    with pytest.raises(ProblemsError, match=says):
        parse_sheet(text.replace(old, line), "row.toml")
