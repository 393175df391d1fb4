"""What we believe beside what a peer lists: every difference by its name, and no other."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from bus.ledger.beliefs import Shown
from bus.reconciling import Count, Difference, compare, compare_shown, compare_steps
from bus.status_order import StatusOrder, reachable
from bus.views import Listed

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


def test_what_is_only_seen_to_be_there_is_not_compared() -> None:
    """A row that may be what we wrote differs in nothing, and what was told stands beside it."""
    row = Listed("A", "1.001", "4", DAY, compared=False)
    found = compare([row], [one("A", "1")], lambda _: (False, None), DAY, NEXT)
    assert (found.compared, found.differences) == (0, ())


ORDER = StatusOrder(lambda _: ("", ""), reachable({"1": ["2"], "2": ["4"], "4": ["5", "9"], "5": ["4"]}))


def shown(number: str, status: str, **more: bool) -> Shown:
    """What a peer last got from us, by delivery 7."""
    return Shown(7, 1, number, "1.001", status, more.get("withdrawn", False), more.get("theirs", False))


def test_a_lost_step_is_named_by_its_key_and_who_shows_no_steps_is_not_compared() -> None:
    """Two lost of one dossier are two differences, none is none; of the third nothing could be asked."""
    two, none, unasked = (
        replace(shown(number, "4"), dossier=dossier)
        for dossier, number in enumerate(("two", "none", "unasked"), 1)
    )
    ours = [unasked, none, two]
    found = compare_steps(ours, {1: ("two|2|a", "two|4|b"), 2: ()})
    assert found.compared == 2
    assert [(one.number, one.what, one.ours) for one in found.differences] == [
        ("two", "step lost there", "two|2|a"),
        ("two", "step lost there", "two|4|b"),
    ]


def test_what_a_peer_shows_is_behind_ahead_lost_or_cannot_be_told() -> None:
    """By the order of its statuses; of two that may each follow the other nobody knows the later."""
    ours = [
        shown("same", "4"),
        shown("behind", "9"),
        shown("ahead", "2"),
        shown("turns", "4"),
        shown("lost", "4"),
        shown("gone", "4", theirs=True),
        shown("withdrawn", "2", withdrawn=True),
    ]
    said = {"same": "4", "behind": "2", "ahead": "9", "turns": "5", "withdrawn": "9"}
    theirs = {number: Listed(number, "", status) for number, status in said.items()}
    found = compare_shown(ours, theirs, ORDER)
    assert {one.number: one.what for one in found.differences} == {
        "behind": "behind",
        "ahead": "ahead",
        "turns": "other status",
        "lost": "lost there",
        "gone": "not there",
    }
    assert {one.delivery for one in found.differences} == {7}
    assert found.compared == len(ours)
    assert Count("1.001", "9", 1, 2) in found.counts
