"""The receipt (mã tiếp nhận) is its message's number, and a mistyped one is none."""

import re

from hypothesis import given
from hypothesis import strategies as st

from adapters.agency.receipt import PATTERN, message_of, receipt_of

_NUMBERS = st.integers(min_value=1, max_value=10**15 - 1)


@given(_NUMBERS)
def test_a_receipt_tells_its_message_and_nothing_else_is_needed(message: int) -> None:
    """There and back, in the form that the page describes."""
    receipt = receipt_of(message)
    assert re.fullmatch(PATTERN, receipt)
    assert message_of(receipt) == message


@given(_NUMBERS, st.integers(min_value=3, max_value=11), st.integers(min_value=1, max_value=9))
def test_one_wrong_digit_is_noticed(message: int, at: int, by: int) -> None:
    """ISO 7064 MOD 97-10 finds every single mistake."""
    receipt = receipt_of(message)
    wrong = receipt[:at] + str((int(receipt[at]) + by) % 10) + receipt[at + 1 :]
    assert message_of(wrong) is None
