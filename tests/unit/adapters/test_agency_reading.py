"""What an agency sends is read, or every problem is told at the sender's own path; never anything else."""

import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.agency.not_theirs import DECIDED, OURS
from adapters.agency.problems import MOST, Wrong
from adapters.agency.reading import WrongError, read, read_partly
from mappings.dossier import Dossier
from tests.acceptance.agency_world import dossier

_LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
_TREES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)
_FIELDS = st.sampled_from(sorted(Dossier.__struct_fields__))


def problems(raw: bytes) -> list[Wrong]:
    """What is wrong with a body."""
    with pytest.raises(WrongError) as told:
        read(Dossier, raw)
    return list(told.value.problems)


@given(st.binary())
def test_any_bytes_are_read_or_their_problems_told(raw: bytes) -> None:
    """Malformed bodies give sentences, never another exception."""
    found: tuple[Wrong, ...] = ()
    try:
        read(Dossier, raw)
    except WrongError as error:
        found = error.problems
    assert all(one.what and one.fix and one.rule for one in found)


@given(st.dictionaries(_FIELDS | st.text(), _TREES, max_size=8))
def test_any_object_is_read_or_every_one_of_its_fields_that_is_wrong_is_named(tree: dict[str, Any]) -> None:
    """What is wrong together is what is wrong alone: no problem hides another."""
    together = _paths(tree)
    alone = {path for name, value in tree.items() for path in _paths({name: value})}
    assert together == alone


def _paths(tree: dict[str, Any]) -> set[str]:
    try:
        read(Dossier, json.dumps(tree).encode("utf-8", "surrogatepass"))
    except WrongError as error:
        return {one.path for one in error.problems}
    return set()


def test_a_name_in_decomposed_letters_is_composed_and_times_are_whole_seconds() -> None:
    """Vietnamese names are one text however they were typed."""
    decomposed = dossier(1, subject="Câ\u0301p", submitted_at="2026-11-25T08:30:00.75+07:00", note=None)
    found = read(Dossier, json.dumps(decomposed).encode())
    assert found.subject == "Cấp"
    assert found.submitted_at is not None
    assert found.submitted_at.isoformat() == "2026-11-25T08:30:00+07:00"


@pytest.mark.parametrize(
    ("change", "path", "value"),
    [
        ({"submitted_at": "2026-11-25T08:30:00"}, "submitted_at", "2026-11-25T08:30:00"),
        ({"channel": "quay"}, "channel", "quay"),
        ({"owner": {"name": 4}}, "owner.name", "4"),
        ({"documents": [{"id": "1"}]}, "documents[0].name", None),
        ({"papers": {"name": "x"}}, "papers", None),
        ({"fees": [{"name": "Lệ phí", "amount": 1.5}]}, "fees[0].amount", "1.5"),
        ({"subject": "a\x00b"}, "subject", "a\x00b"),
        ({"on_the_spot": "true"}, "on_the_spot", "true"),
    ],
)
def test_a_problem_has_the_senders_path_and_value(
    change: dict[str, Any], path: str, value: str | None
) -> None:
    """So that whoever wrote it finds it."""
    (wrong,) = problems(json.dumps(dossier(1, **change)).encode())
    assert (wrong.path, wrong.value) == (path, value)


@pytest.mark.parametrize("name", sorted(OURS))
def test_what_the_bus_writes_is_no_senders_to_write(name: str) -> None:
    """A number of others in `codes` would show a dossier of others."""
    (wrong,) = problems(json.dumps(dossier(1, **{name: {}})).encode())
    assert (wrong.path, wrong.rule) == (name, "not yours")


@pytest.mark.parametrize("name", sorted(DECIDED))
def test_what_others_decide_of_a_dossier_is_no_senders_to_write(name: str) -> None:
    """Whoever hands in says no state and no result; the sentence tells who does, or where it goes instead."""
    assert name in Dossier.__struct_fields__
    (wrong,) = problems(json.dumps(dossier(1, **{name: "finished"})).encode())
    assert (wrong.path, wrong.value, wrong.rule) == (name, "finished", "not yours")
    assert wrong.fix.startswith("Bỏ trường này: ")


@pytest.mark.parametrize("raw", [b"", b"[", b"\xff", b"[" * 100_000, b'{"code":"\\ud800"}', b"1", b"null"])
def test_what_is_no_object_is_told_in_one_sentence(raw: bytes) -> None:
    """However deep or broken."""
    (wrong,) = problems(raw)
    assert wrong.path == ""


def test_what_is_wrong_deep_in_a_form_leaves_nothing_of_it_behind() -> None:
    """A form with a text that cannot be taken is left out whole: what was read can be written again."""
    told, wrong = read_partly(Dossier, b'{"form": {"a": [[null, "\\u001f"]], "b": {"c": "\\u0000"}}}')
    assert {one.path for one in wrong} == {"form.a[0][1]", "form.b.c"}
    assert told.form is None
    assert msgspec.json.decode(msgspec.json.encode(told), type=Dossier) == told


def test_a_field_that_is_written_twice_is_told_wherever_it_stands() -> None:
    """Some readers take the first and some the last, so neither counts; other problems come after."""
    raw = (
        b'{"code": "a", "owner": {"name": "x", "name": "x"}, "code": "a", "form": {"a": [{"b": 1, "b": 2}]}}'
    )
    told = problems(raw)
    assert {(one.path, one.rule) for one in told} == {
        ("code", "twice"),
        ("owner.name", "twice"),
        ("form.a[0].b", "twice"),
    }


@pytest.mark.parametrize(
    "raw",
    [
        json.dumps({f"k{at}": 1 for at in range(200_000)}).encode(),
        json.dumps({"documents": [{"id": at, "nam": "x"} for at in range(50_000)]}).encode(),
        json.dumps({"x" * 3_000_000: 1, "channel": "y" * 900_000}).encode(),
        b"{" + b",".join([b'"a":1'] * 500_000) + b"}",
        b'{"form":{"a":' + b"[" * 900 + b"]" * 900 + b"}}",
        b'{"form":{"a":' + b'{"a":' * 500_000 + b"1" + b"}" * 500_002,
    ],
    ids=["keys", "items", "long words", "one name", "deep", "deeper"],
)
def test_a_body_that_is_made_to_take_long_does_not(raw: bytes) -> None:
    """As many problems as are told, and no more time; a great name is compared with nothing."""
    began = time.process_time()
    told = problems(raw)
    assert 1 <= len(told) <= MOST
    assert time.process_time() - began < 1.5


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"  ", "nội dung trống"),
        (b"\xef\xbb\xbf{}", "BOM"),
        ('{"a":1}'.encode("utf-16"), "BOM"),
        (b'{"a":"\xff"}', "có byte không phải UTF-8"),
        (b'{"a":1e999}', "có số quá lớn"),
        (b'{"a":NaN}', "sai ở byte 5"),
        (b'{"a":"\\ud800"}', "ký tự hỏng"),
    ],
)
def test_what_is_no_json_is_told_in_words_that_help(raw: bytes, says: str) -> None:
    """What broke it, where that can be told."""
    (one,) = problems(raw)
    assert says in one.what


@pytest.mark.parametrize("written", ['"NaN"', '"Infinity"', '"1e400"', '" 1"', '"1,5"', "true"])
def test_a_decimal_number_is_one(written: str) -> None:
    """As JSON has it, or its digits as a text: nothing that only some library takes for a number."""
    raw = f'{{"land": {{"houses": [{{"area_m2": {written}}}]}}}}'.encode()
    assert [one.path for one in problems(raw)] == ["land.houses[0].area_m2"]
    for fine in (b"120.5", b'"120.50"', b"0"):
        read(Dossier, raw.replace(written.encode(), fine))
