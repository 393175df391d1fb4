"""`needs` of a part: fields without which an item of a list is not written."""

import pytest

from mappings.sheet import parse_sheet
from mappings.source import ProblemsError


def test_what_a_part_needs_must_be_a_required_line() -> None:
    """`needs` names fields of ours that a line with required = "out" writes; anything else is a mistake."""
    text = """
[sheet]
name = "x/y"
canonical = "Dossier"
rows = [ { their = "Files", ours = "documents", rule = "each File", way = "out" } ]
[part.File]
needs = ["url", "colour"]
rows = [
  { their = "Id",   ours = "id" },
  { their = "Name", ours = "name" },
  { their = "Url",  ours = "url", required = "out" },
]
"""
    with pytest.raises(ProblemsError) as caught:
        parse_sheet(text, "y.toml")
    assert ['"colour"' in str(each) for each in caught.value.problems] == [True]
