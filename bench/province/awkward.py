"""The 40 awkward facts: what real dossiers hold and a tidy example never does.

A fact is a sentence, a way to plant it and an independent way to recognise it. Facts that touch the same
`slots` of a record are never planted together.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from bench.province import marks, plants
from bench.province.tables import Tables

Record = dict[str, Any]


@dataclass(frozen=True)
class Fact:
    """One awkward fact: `english` and `vietnamese` say it, `plant` makes it, `present` finds it."""

    id: str
    english: str
    vietnamese: str
    slots: frozenset[str]
    plant: Callable[[Record, Random, Tables], Record]
    present: Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True)
class Coverage:
    """Which facts a list of records has (`covered`), which not (`missing`), and how often each is."""

    covered: tuple[str, ...]
    missing: tuple[str, ...]
    counts: Mapping[str, int]


def _fact(name: str, slots: str, english: str, vietnamese: str) -> Fact:
    places = frozenset(slots.split())
    return Fact(name, english, vietnamese, places, getattr(plants, name), getattr(marks, name))


FACTS: tuple[Fact, ...] = (
    _fact(
        "partial_birth_date",
        "owner",
        "Only the year, or year and month, of birth is known",
        "Chỉ biết năm sinh hoặc tháng, năm sinh",
    ),
    _fact("one_word_name", "owner", "The owner has a name of one word", "Chủ hồ sơ có tên một chữ"),
    _fact(
        "decomposed_unicode",
        "owner",
        "The name is in decomposed Unicode (NFD)",
        "Tên ở dạng Unicode tổ hợp (NFD)",
    ),
    _fact(
        "two_owners", "owner", "Two owners, each with a number", "Hai chủ hồ sơ, mỗi người một số định danh"
    ),
    _fact(
        "same_name_twice",
        "owner",
        "Two owners of the same name, told apart by their numbers",
        "Hai chủ hồ sơ trùng họ tên, khác số định danh",
    ),
    _fact(
        "doubled_spaces", "owner", "Two blanks between the words of a name", "Tên có hai dấu cách liền nhau"
    ),
    _fact(
        "apostrophe_name", "owner", "A name with an apostrophe or a hyphen", "Tên có dấu nháy hoặc gạch nối"
    ),
    _fact("khmer_name", "owner", "A Khmer name (family Danh or Thạch)", "Tên người Khmer (họ Danh, Thạch)"),
    _fact("foreign_passport", "owner", "A foreigner with a passport", "Người nước ngoài dùng hộ chiếu"),
    _fact("old_identity_card", "owner", "An identity card of nine digits", "Chứng minh nhân dân 9 số"),
    _fact(
        "unmapped_identity_kind",
        "owner",
        "A kind of identity that no list names",
        "Loại định danh không có trong danh mục",
    ),
    _fact(
        "household_business",
        "owner",
        "A household business, filed as an enterprise",
        "Hộ kinh doanh, ghi là doanh nghiệp",
    ),
    _fact("branch_tax", "owner", "A branch's tax code, ten digits and three", "Mã số thuế chi nhánh 10-3"),
    _fact(
        "owner_not_submitter",
        "owner",
        "Somebody else submits for the owner",
        "Người nộp không phải chủ hồ sơ",
    ),
    _fact("no_phone", "owner", "No phone number", "Không có số điện thoại"),
    _fact("international_phone", "owner", "A phone number with +84", "Số điện thoại dạng +84"),
    _fact("upper_case_email", "owner", "An e-mail in capitals", "Thư điện tử viết hoa"),
    _fact(
        "abolished_ward",
        "owner time procedure files fees papers",
        "An address in a ward and district that were abolished",
        "Địa chỉ ở xã, huyện đã giải thể",
    ),
    _fact(
        "procedure_suffix",
        "procedure",
        "The procedure's code carries the province's suffix",
        "Mã thủ tục có đuôi của tỉnh",
    ),
    _fact(
        "intake_elsewhere",
        "procedure",
        "Taken in outside the handling agency's area",
        "Tiếp nhận phi địa giới hành chính",
    ),
    _fact(
        "long_subject",
        "subject procedure",
        "A subject close to the limit of 1000 characters",
        "Trích yếu gần chạm giới hạn 1000 ký tự",
    ),
    _fact("line_breaks", "note", "Line breaks and tabs in a note", "Ghi chú có xuống dòng và tab"),
    _fact(
        "markup",
        "subject procedure",
        "Angle brackets, quotes and ampersands in the subject",
        "Trích yếu có dấu <, >, & và ngoặc kép",
    ),
    _fact("rare_characters", "other", "Nôm letters and an emoji", "Chữ Nôm và biểu tượng cảm xúc"),
    _fact(
        "awkward_file_name",
        "files",
        "A file name with accents, blanks and quotes",
        "Tên tệp có dấu, dấu cách và ngoặc",
    ),
    _fact("same_file_name_twice", "files", "Two files of the same name", "Hai tệp trùng tên"),
    _fact("removed_attachment", "files", "An attachment marked as removed", "Tệp đính kèm đã đánh dấu xóa"),
    _fact(
        "attachment_in_base64",
        "files",
        "An attachment with its bytes and no address",
        "Tệp gửi bằng Base64, không có đường dẫn",
    ),
    _fact(
        "newer_fields",
        "files",
        "Fields newer than the guide (digitised, reused)",
        "Trường mới hơn tài liệu (số hóa, tái sử dụng)",
    ),
    _fact(
        "three_absences",
        "files fees papers",
        "An empty list, a null and a missing list",
        "Danh sách rỗng, null và thiếu hẳn",
    ),
    _fact("zero_copies", "papers", "A paper with zero copies", "Giấy tờ có số lượng bằng 0"),
    _fact("zero_fee", "fees", "A fee of 0 đồng", "Lệ phí 0 đồng"),
    _fact("large_fee", "fees", "A fee greater than a 32-bit number", "Khoản thu lớn hơn số nguyên 32 bit"),
    _fact(
        "leap_day",
        "owner time procedure files fees papers",
        "Submitted on 29 February",
        "Nộp ngày 29 tháng 2",
    ),
    _fact("midnight", "time", "Submitted at midnight exactly", "Nộp đúng 0 giờ"),
    _fact("public_holiday", "time", "Submitted on a public holiday", "Nộp vào ngày lễ"),
    _fact("year_end", "time", "Submitted in the last second of a year", "Nộp vào giây cuối của năm"),
    _fact("unknown_field", "unknown", "A field that no list names", "Trường lạ, không có trong tài liệu"),
    _fact(
        "supplement_beforehand",
        "supplements time",
        "A supplement before anyone asked for it",
        "Bổ sung trước khi được yêu cầu",
    ),
    _fact(
        "counter_channel",
        "owner",
        "Marked as handed in at the counter although from the portal",
        "Ghi kênh trực tiếp dù nộp từ Cổng",
    ),
)
"""Exactly 40; the list is printed with the demo's coverage."""

FACT_BY_ID: Mapping[str, Fact] = {fact.id: fact for fact in FACTS}


def present_facts(record: Mapping[str, Any]) -> frozenset[str]:
    """List the ids of the facts that are recognised in one record, planted or not."""
    return frozenset(fact.id for fact in FACTS if fact.present(record))


def coverage(records: Iterable[Mapping[str, Any]]) -> Coverage:
    """Measure which of the 40 facts the portal records have. Does not look at what was planted."""
    counts = Counter(name for record in records for name in present_facts(record))
    return Coverage(
        covered=tuple(fact.id for fact in FACTS if counts[fact.id]),
        missing=tuple(fact.id for fact in FACTS if not counts[fact.id]),
        counts={fact.id: counts[fact.id] for fact in FACTS},
    )
