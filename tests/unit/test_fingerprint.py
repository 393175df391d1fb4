"""Two tellings are of one content unless a field that both tell differs."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from bus.fingerprint import digest_of, same_content

told = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["", "1", "2", "ă"]))


@given(told, told)
def test_content_is_the_same_exactly_if_no_common_field_differs(
    one: dict[str, str], two: dict[str, str]
) -> None:
    """Both ways round; what one alone tells does not count."""
    same = all(one[name] == two[name] for name in one.keys() & two.keys())
    assert same_content(digest_of(one), digest_of(two)) is same
    assert same_content(digest_of(two), digest_of(one)) is same


@given(told)
def test_the_order_of_fields_is_no_content(fields: dict[str, str]) -> None:
    """The digest is the same, byte for byte."""
    assert digest_of(fields) == digest_of(dict(reversed(fields.items())))


@given(told, st.binary(max_size=40))
def test_another_kind_of_digest_is_compared_as_a_whole(fields: dict[str, str], text: bytes) -> None:
    """A SHA-256 is equal to itself alone, also where it begins like a digest of fields."""
    for whole in (hashlib.sha256(text).digest(), b"F" + hashlib.sha256(text).digest()[1:]):
        assert same_content(whole, whole)
        assert not same_content(whole, digest_of(fields))
