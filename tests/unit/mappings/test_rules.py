"""Every rule of the closed list: both directions, strictness, and that a fault is said in both languages."""

from datetime import UTC, date, datetime, timedelta, timezone
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.rules import ICT, RULES, Bound, Fault, Noted, Setting
from mappings.rules_terms import kind_of
from mappings.rules_time import compile_pattern
from mappings.sheet_values import CodeList, CodeRow
from mappings.source import Place

PLACE = Place("t", 1, 1)


def bound(rule: str, carrier: str = "json", ours: int = 1, **more: Any) -> Bound:
    """Bind a rule as a line would."""
    name, _, argument = rule.partition(" ")
    assert RULES[name].check(argument) is None
    return RULES[name].bind(argument, Setting(carrier=carrier, ours=ours, **more))


VALUE_RULES = [
    ("text", "json", 1),
    ("person_name", "json", 1),
    ("integer", "json", 1),
    ("integer", "xml", 1),
    ("boolean", "json", 1),
    ("boolean", "xml", 1),
    ("words True False", "json", 1),
    ("money", "json", 1),
    ("time yyyyMMddHHmmss", "json", 1),
    ("time dd/MM/yyyy HH:mm:ss", "json", 1),
    ("time iso", "json", 1),
    ("day yyyy/MM/dd", "json", 1),
    ("day yyyy-MM-dd 00:00:00.0", "json", 1),
    ("day yyyy-MM-dd HH:mm:ss.0", "xml", 1),
    ("join /", "json", 2),
    ("procedure_code", "json", 1),
    ("procedure_code", "json", 2),
    ("keep", "json", 1),
    *[
        (name, "json", 1)
        for name in [
            "dossier_code",
            "agency_code",
            "organ_id",
            "result_code",
            "tax_code",
            "identity_number",
            "insurance_number",
            "card_number",
            "phone",
            "email",
            "url",
            "file_id",
        ]
    ],
]


@pytest.mark.parametrize(("rule", "carrier", "ours"), VALUE_RULES)
def test_what_a_rule_writes_it_reads_back(rule: str, carrier: str, ours: int) -> None:
    """in(out(x)) = x on two hundred of the rule's own values, and what is written is of the type it reads."""
    bind, random = bound(rule, carrier, ours), Random(11)  # noqa: S311 - a seeded stream
    assert bind.make is not None
    assert bind.read is not None
    assert bind.write is not None
    for _ in range(200):
        value = bind.make(random)
        written = bind.write(value)
        assert bind.read(written) == value
        assert object in bind.theirs or type(written) in bind.theirs


@settings(deadline=None, max_examples=100)
@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001 - bounds are naive by contract
def test_a_time_pattern_is_exact_at_whole_seconds(value: datetime) -> None:
    """Any instant at a whole second comes back equal, whatever offset it was given in."""
    whole = value.replace(microsecond=0)
    for pattern in ("yyyyMMddHHmmss", "dd/MM/yyyy HH:mm:ss", "yyyy-MM-ddTHH:mm:ss"):
        read, write = compile_pattern(pattern, day=False)
        assert read(write(whole)) == whole
        assert read(write(whole)).utcoffset() == timedelta(hours=7)


@settings(deadline=None, max_examples=100)
@given(st.dates())
def test_a_day_pattern_is_exact(value: date) -> None:
    """Any day comes back equal."""
    for pattern in ("yyyyMMdd", "dd/MM/yyyy", "yyyy-MM-dd 00:00:00.0"):
        read, write = compile_pattern(pattern, day=True)
        assert read(write(value)) == value


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=20))
def test_a_time_pattern_accepts_nothing_else(text: str) -> None:
    """A text that is read is written back the same: nothing sloppy gets in."""
    read, write = compile_pattern("yyyyMMddHHmmss", day=False)
    try:
        value = read(text)
    except Fault:
        return
    assert write(value) == text


WRONG = [
    ("money", "8.000"),
    ("money", "8,5"),
    ("money", "-8"),
    ("money", "+8"),
    ("money", " 8"),
    ("money", "٣"),
    ("money", "9" * 16),
    ("integer", True),
    ("integer", "5"),
    ("boolean", 1),
    ("boolean", "true"),
    ("words True False", "true"),
    ("time yyyyMMddHHmmss", "20260230000000"),
    ("time yyyyMMddHHmmss", "2026112309390"),
    ("time yyyyMMddHHmmss", "2026112309390a"),
    ("time yyyyMMddHHmmss", "２０２６１１２３０９３９００"),
    ("time yyyyMMddHHmmss", "20261123246000"),
    ("time iso", "2026-11-23T09:00:00"),
    ("time iso", "2026-11-23"),
    ("time iso", "hôm qua"),
    ("day yyyy-MM-dd 00:00:00.0", "2026-11-23 00:00:01.0"),
    ("day yyyy/MM/dd", "23/11/2026"),
    ("dossier_code", "H12-1-1"),
    ("procedure_code", "1.00119"),
    ("result_code", "KQ.15.000031"),
    ("tax_code", "0100233489"),
    ("tax_code", "12345"),
    ("identity_number", "1234567890"),
    ("identity_number", "12345678"),
    ("insurance_number", "123"),
    ("card_number", "DN41234"),
    ("phone", "không có"),
    ("email", "a@b"),
    ("url", "ftp://x"),
    ("file_id", "xyz"),
]


@pytest.mark.parametrize(("rule", "value"), WRONG)
def test_a_wrong_value_is_a_fault_in_both_languages(rule: str, value: Any) -> None:
    """What a rule cannot take it refuses, in English and in Vietnamese."""
    read = bound(rule).read
    assert read is not None
    with pytest.raises(Fault) as caught:
        read(value)
    assert caught.value.what
    assert caught.value.vi


GOOD = [
    ("tax_code", "0100233488"),
    ("tax_code", "0100233488-001"),
    ("identity_number", "096123456789"),
    ("identity_number", "381234567"),
    ("identity_number", "C12345678"),
    ("dossier_code", "000.00.12.H62-201105-0004"),
    ("dossier_code", "G22.99-251225-020175"),
    ("dossier_code", "G09.20-20260609-0092637"),
    ("agency_code", "002.00.20.H13"),
    ("agency_code", "H15.50.05.13"),
    ("organ_id", "000.00.00.G22"),
    ("organ_id", "28.22.H17"),
    ("organ_id", "00.53.W00"),
    ("organ_id", "vxp.saas.03"),
    ("phone", "+84 290 383 1608"),
    ("email", "NGUYEN.AN@THU.EXAMPLE"),
]


@pytest.mark.parametrize(("rule", "value"), GOOD)
def test_the_examples_of_the_reference_are_taken_as_they_are(rule: str, value: str) -> None:
    """Codes of reference section 5 and awkward but real values pass unchanged."""
    bind = bound(rule)
    assert bind.read is not None
    assert bind.read(value) == value


def test_text_is_normalised_and_names_are_combed() -> None:
    """NFC, outer blanks off; a name has one blank between words and keeps its case."""
    text, name = bound("text").read, bound("person_name").read
    assert text is not None
    assert name is not None
    assert text("  Nguyê\u0303n  An ") == "Nguyễn  An"
    assert name("  danh   Sóc\u00a0Kha ") == "danh Sóc Kha"


def test_iso_times_lose_fractions_with_a_note_and_keep_the_instant() -> None:
    """A foreign offset is the same instant in UTC+7; a fraction is dropped and noted; none is not."""
    read = bound("time iso").read
    assert read is not None
    assert read("2026-11-23T02:00:00.000Z") == datetime(2026, 11, 23, 9, tzinfo=ICT)
    assert read("2026-11-23T02:00:00Z").utcoffset() == timedelta(hours=7)
    with pytest.raises(Noted) as caught:
        read("2026-11-23T09:00:00.250+07:00")
    assert caught.value.value == datetime(2026, 11, 23, 9, tzinfo=ICT)


def test_a_naive_time_is_never_written() -> None:
    """A time without an offset is a fault of ours, not a guess."""
    for rule in ("time yyyyMMddHHmmss", "time iso"):
        write = bound(rule).write
        assert write is not None
        with pytest.raises(Fault):
            write(datetime(2026, 11, 23))  # noqa: DTZ001 - that is the point


def test_fractions_are_dropped_on_the_way_out_too() -> None:
    """A time with a fraction is written in whole seconds, with a note, from any offset."""
    write = bound("time yyyyMMddHHmmss").write
    assert write is not None
    value = datetime(2026, 11, 23, 2, 0, 0, 5, tzinfo=timezone(timedelta(0)))
    with pytest.raises(Noted) as caught:
        write(value)
    assert caught.value.value == "20261123090000"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [(("19600305", "0"), "1960-03-05"), (("196003", "2"), "1960-03"), (("1960", "1"), "1960")],
)
def test_a_partial_day_is_told_by_a_second_field(theirs: tuple[str, str], ours: str) -> None:
    """Day, year and month, or year alone; both fields are written."""
    bind = bound("partial_day yyyyMMdd loaiNgaySinh")
    assert bind.read is not None
    assert bind.write is not None
    assert bind.read(theirs) == ours
    assert bind.write(ours) == theirs


@pytest.mark.parametrize(
    "wrong", [("1960", "0"), ("19601", "2"), ("19600305", None), ("1960", "9"), ("abcd", "1")]
)
def test_a_partial_day_that_contradicts_its_kind_is_a_fault(wrong: tuple[str, Any]) -> None:
    """The kind decides what the text must be."""
    read = bound("partial_day yyyyMMdd loaiNgaySinh").read
    assert read is not None
    with pytest.raises(Fault):
        read(wrong)


def test_join_splits_at_the_first_separator_only() -> None:
    """What stands before the first separator is the first field; a first field that holds it is a fault."""
    bind = bound("join /", ours=2)
    assert bind.read is not None
    assert bind.write is not None
    assert bind.read("12/QĐ/UBND") == ("12", "QĐ/UBND")
    assert bind.read("12") == ("12", None)
    assert bind.write((None, "QĐ")) == "/QĐ"
    with pytest.raises(Fault):
        bind.write(("1/2", "QĐ"))
    with pytest.raises(Noted):
        bind.read("12/")


def test_the_suffix_of_a_procedure_has_its_own_field_or_a_note() -> None:
    """With two fields the suffix is kept apart; with one it has no place and is noted."""
    two, one = bound("procedure_code", ours=2), bound("procedure_code")
    assert two.read is not None
    assert one.read is not None
    assert two.read("1.001776.000.00.00.H12") == ("1.001776", "000.00.00.H12")
    with pytest.raises(Noted) as caught:
        one.read("1.001776.000.00.00.H12")
    assert caught.value.value == "1.001776"


def _list(*rows: CodeRow, unmapped: Any = "fail") -> dict[str, CodeList]:
    return {"c": CodeList("c", rows, unmapped, "fail", PLACE)}


def _row(their: Any, ours: Any, **more: Any) -> CodeRow:
    return CodeRow(their, ours, PLACE, **more)


def test_an_unmapped_code_fails_parks_or_passes() -> None:
    """As the list says; a passed code comes back as it was, even a strange one."""
    rows = (_row("1", "a"),)
    fail, park, keep = (
        bound("codes c", codes=_list(*rows, unmapped=how)) for how in ("fail", "park", "pass")
    )
    assert fail.read is not None
    assert park.read is not None
    assert keep.read is not None
    assert keep.write is not None
    with pytest.raises(Fault) as failed:
        fail.read("9")
    with pytest.raises(Fault) as parked:
        park.read("9")
    assert (failed.value.park, parked.value.park) == (False, True)
    assert keep.write(keep.read("9")) == "9"
    assert keep.read("1") == "a"


def test_codes_that_share_a_word_or_a_code_prefer_one_line() -> None:
    """Several words of one code: the preferred comes back, the other is listed as lost."""
    codes = _list(_row("2", "enterprise", prefer=True), _row("2", "household"), _row("1", "citizen"))
    bind = bound("codes c", codes=codes)
    assert bind.read is not None
    assert bind.write is not None
    assert bind.write("household") == "2"
    assert bind.read("2") == "enterprise"
    assert bind.lost == ("household",)


def test_a_dated_code_means_what_it_meant_on_the_day() -> None:
    """Rows hold from their first to their last day; without a day the open row counts."""
    change = date(2025, 7, 1)
    rows = (_row("1", "old", until=date(2025, 6, 30)), _row("1", "new", since=change), _row("2", "always"))
    bind = bound("codes c", codes=_list(*rows))
    assert bind.dated
    assert bind.read is not None
    assert bind.write is not None
    assert [bind.read("1", day) for day in (date(2020, 1, 1), date(2025, 6, 30), change, None)] == [
        "old",
        "old",
        "new",
        "new",
    ]
    assert bind.read("2", date(1999, 1, 1)) == "always"
    with pytest.raises(Fault):
        bind.write("old", change)


def test_a_number_is_never_taken_for_a_text_code() -> None:
    """1 and true are no "1": JSON's types are part of the code."""
    bind = bound("codes c", codes=_list(_row("1", "a")))
    assert bind.read is not None
    with pytest.raises(Fault):
        bind.read(1)


@pytest.mark.parametrize(
    "rule",
    [
        "text x",
        "time yyyyMMdd",
        "time HH:mm:ss",
        "day yyyyMM",
        "words a a",
        "words a",
        "codes",
        "lookup procedures",
        "always",
        "join",
        "each",
        "spread A",
        "partial_day yyyyMMdd",
        "python",
    ],
)
def test_a_bad_argument_is_complained_about(rule: str) -> None:
    """Every rule checks its own argument and says what it needs."""
    name, _, argument = rule.partition(" ")
    assert RULES[name].check(argument)


def test_what_a_value_is_can_be_said_without_showing_it() -> None:
    """Kind and length alone: values may be personal."""
    assert kind_of("096123456789") == "text of 12 characters"
    assert "096" not in kind_of(["096"]) + kind_of({"096": 1}) + kind_of(None)
