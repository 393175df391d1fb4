"""What we believe beside what a peer lists: every difference by its name, and no other."""

from datetime import UTC, datetime, timedelta

from bus.ports import Listed
from bus.reconciling import Count, Difference, compare

DAY = datetime(2026, 4, 15, tzinfo=UTC)
NEXT = DAY + timedelta(days=1)


def one(number: str, status: str, hours: float = 9) -> Listed:
    """A dossier that changed so many hours into the day."""
    return Listed(number, "1.001", status, DAY + timedelta(hours=hours))


def test_each_difference_is_named_and_what_agrees_is_not() -> None:
    """Each kind of difference once, beside one that agrees and one heard of later than listed."""
    here = {"A": one("A", "2"), "B": one("B", "2"), "C": None, "F": one("F", "4", 10)}
    listed = [one("A", "2"), one("B", "4"), one("C", "2"), one("D", "2"), one("F", "2")]
    found = compare(listed, [one("A", "2"), one("E", "3")], lambda n: (n in here, here.get(n)), DAY, NEXT)
    assert found.differences == (
        Difference("other status", "B", "1.001", "2", "4"),
        Difference("not told", "C", "1.001", theirs="2"),
        Difference("unknown here", "D", "1.001", theirs="2"),
        Difference("not there", "E", "1.001", ours="3"),
    )
    assert found.compared == 6
    assert found.counts == (
        Count("1.001", "2", 2, 4),
        Count("1.001", "3", 1, 0),
        Count("1.001", "4", 1, 1),
    )


def test_what_changed_after_the_day_is_there_and_is_not_compared() -> None:
    """A dossier told on the day and listed under a later time is no difference."""
    found = compare([one("A", "4", 30)], [one("A", "2")], lambda _: (True, one("A", "2")), DAY, NEXT)
    assert (found.compared, found.differences) == (0, ())


def test_a_list_without_procedures_is_counted_under_ours() -> None:
    """A row that names no procedure counts under the one we know."""
    row = Listed("A", "", "2", DAY)
    found = compare([row], [], lambda _: (True, one("A", "2")), DAY, NEXT)
    assert (found.counts, found.differences) == ((Count("1.001", "2", 1, 1),), ())
