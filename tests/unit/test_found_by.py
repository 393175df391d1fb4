"""The words that a dossier is found by."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from bus.found_by import MOST, compact, is_number, plain, words
from mappings.dossier import Dossier, Identity, Party

NAMES = st.lists(
    st.text(st.sampled_from("aăâbcdđeêghiklmnoôơpqrstuưvxyÁẠẮỆỄỊỢỮỸ"), min_size=1, max_size=7),
    min_size=1,
    max_size=6,
).map(" ".join)


@given(NAMES)
def test_a_name_is_compared_without_its_marks_however_it_is_composed(name: str) -> None:
    """Composed or decomposed, capital or small: one word; and what is plain already stays."""
    assert plain(unicodedata.normalize("NFD", name)) == plain(name) == plain(name.upper())
    assert plain(plain(name)) == plain(name)


def test_a_person_is_found_from_any_word_of_the_name() -> None:
    """Nguyễn Thị Đào: by all of it, by "Thị Đào", by "dao"."""
    found = words(Dossier(owner=Party(name="Nguyễn Thị Đào")))
    assert {"nguyen thi dao", "thi dao", "dao"} <= found


def test_identifiers_of_everybody_in_it_are_words() -> None:
    """Owner and submitter; blanks and dots in a number do not count."""
    dossier = Dossier(
        owner=Party(name="A", identities=(Identity(kind="citizen_id", number="096 090 001 234"),)),
        submitter=Party(name="B", phone="0912.345.678", tax_code="2001234567-001"),
    )
    assert {"096090001234", "0912345678", "2001234567001"} <= words(dossier)


def test_a_dossier_with_hundreds_of_people_has_bounded_words() -> None:
    """The index cannot be blown up by one dossier."""
    crowd = tuple(Identity(kind="citizen_id", number=f"0960900{place:05}") for place in range(1000))
    assert len(words(Dossier(owner=Party(name="A", identities=crowd)))) == MOST


@given(st.text(max_size=300))
def test_whatever_is_typed_is_a_word_or_nothing(typed: str) -> None:
    """No text breaks the search, and none makes a long word."""
    word = compact(typed) if is_number(typed) else plain(typed)
    assert len(word) <= 80
