"""Acknowledgements in ranges, against a broker's own strict book of what is outstanding."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from bus.acks import Acks


class Book:
    """What a broker does: a tag it does not know to be outstanding closes the channel."""

    def __init__(self, delivered: int) -> None:
        self.outstanding = set(range(1, delivered + 1))

    def take(self, tag: int, multiple: bool) -> None:  # noqa: FBT001  the protocol's own word
        """Take an acknowledgement; the tag itself must be outstanding, also with "multiple"."""
        assert tag in self.outstanding, f"406 PRECONDITION_FAILED - unknown delivery tag {tag}"
        self.outstanding -= {
            known for known in self.outstanding if known == tag or (multiple and known < tag)
        }


@given(st.integers(1, 30).flatmap(lambda count: st.permutations(range(1, count + 1))), st.data())
def test_any_order_of_ends_acknowledges_each_once_and_nothing_else(
    ends: list[int], data: st.DataObject
) -> None:
    """Law: after each turn exactly the ended deliveries are no longer outstanding."""
    book = Book(len(ends))
    turns: list[Callable[[], None]] = []
    acks = Acks(book.take, turns.append)
    for place, tag in enumerate(ends, 1):
        acks.done(tag)
        if data.draw(st.booleans()) or place == len(ends):
            while turns:
                turns.pop()()
            assert book.outstanding == set(range(1, len(ends) + 1)) - set(ends[:place])
    assert acks.settled == len(ends)
