"""Groups of columns as notices: the prefix is theirs, the kind is our word."""

from typing import Any

import pytest
from lxml import etree

from mappings.engine import compile_sheet
from mappings.laws import prove
from mappings.sheet import parse_sheet
from mappings.source import ProblemsError

SPREAD = "spread LPTB=registration_fee TSDD=land_use_levy TNCN=income_tax TMD=land_rent TMN=water_rent"
GROUPS = """
[sheet]
name      = "tax/groups"
canonical = "FinancialObligation"
carrier   = "xml"
root      = "ROW"
source    = "columns of the land gateway (reference 1.2b)"
rows = [
  { their = "MA_HS",         ours = "code",     rule = "dossier_code", required = true },
  { their = "MA_KETQUA",     ours = "state",    rule = "codes state", required = true },
  { their = "NNT",           ours = "payers",   rule = "each Payer" },
]
[part.Payer]
rows = [
  { their = "NNT_MST",       ours = "tax_code", rule = "tax_code", required = true },
  { their = "TONG_CON_PNOP", ours = "total",    rule = "money", required = true },
  { their = ".", ours = "notices", part = "Notice", rule = "SPREAD" },
]
[part.Notice]
rows = [
  { their = "SO_THONG_BAO",   ours = "number",    required = true },
  { their = "NGAY_THONG_BAO", ours = "issued_on", rule = "day yyyy-MM-dd" },
  { their = "HAN_NOP",        ours = "due_on",    rule = "day yyyy-MM-dd" },
  { their = "PHAI_NOP",       ours = "due",       rule = "money" },
  { their = "MIEN_GIAM",      ours = "exempt",    rule = "money" },
  { their = "DA_NOP",         ours = "paid",      rule = "money" },
  { their = "CON_PNOP",       ours = "remaining", rule = "money", required = true },
]
[codes.state]
unmapped = { in = "park", out = "fail" }
rows = [{ their = "0", ours = "owing", vi = "Còn nợ" }]
""".replace("SPREAD", SPREAD)


def test_five_groups_of_columns_are_notices_of_five_kinds() -> None:
    """The land gateway's columns: prefixes are theirs, `kind` is our word; both laws hold."""
    compiled = compile_sheet(parse_sheet(GROUPS, "groups.toml"))
    proof = prove(compiled, 60)
    assert proof.holds, [str(each) for each in proof.counterexamples]
    row = etree.fromstring(
        "<ROW><MA_HS>H12.16-261125-0001</MA_HS><MA_KETQUA>0</MA_KETQUA><NNT><NNT_MST>0100109106</NNT_MST>"
        "<TONG_CON_PNOP>30</TONG_CON_PNOP><LPTB_SO_THONG_BAO>1</LPTB_SO_THONG_BAO><LPTB_CON_PNOP>10</LPTB_CON_PNOP>"
        "<TMN_SO_THONG_BAO>2</TMN_SO_THONG_BAO><TMN_CON_PNOP>20</TMN_CON_PNOP></NNT></ROW>"
    )
    message: Any = compiled.read(row, source="tax").message
    notices = message.payers[0].notices
    assert [(each.kind, each.remaining) for each in notices] == [("registration_fee", 10), ("water_rent", 20)]
    assert etree.tostring(compiled.write(message, source="tax").tree) == etree.tostring(row)


def test_a_group_whose_kind_is_no_word_of_ours_is_told() -> None:
    """With the likely right word."""
    wrong = GROUPS.replace("TMN=water_rent", "TMN=water_rnt")
    with pytest.raises(ProblemsError, match="water_rent"):
        parse_sheet(wrong, "groups.toml")
