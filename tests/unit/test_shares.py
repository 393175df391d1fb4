"""Shares: however processes come, go, die and look, together they never have more than the connector may."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from bus.ledger.shares import Granted, Held, divide


@dataclass
class Table:
    """What the ledger's rows say, by process; and how many slots each process has at work."""

    most: int
    rows: dict[int, Granted] = field(default_factory=dict)
    busy: dict[int, int] = field(default_factory=dict)

    def look(self, me: int) -> None:
        """One process's look, as a transaction of the ledger does it."""
        others = {
            holder: Held("peer", holder, one.slots, one.part, 0.0)
            for holder, one in self.rows.items()
            if holder != me
        }
        self.rows[me] = divide(self.most, self.busy.get(me, 0), me, others)

    def work(self, me: int, wanted: int) -> None:
        """Have so many at work, as far as the process's slots go; what is at work beyond them stays."""
        have, slots = self.busy.get(me, 0), self.rows.get(me, Granted()).slots
        self.busy[me] = wanted if wanted <= have else max(have, min(wanted, slots))

    def leave(self, me: int) -> None:
        """End, and all its calls with it."""
        self.rows.pop(me, None)
        self.busy.pop(me, None)


steps = st.lists(
    st.tuples(st.sampled_from(["look", "work", "leave"]), st.integers(1, 5), st.integers(0, 9)), max_size=60
)


@given(st.integers(1, 9), steps)
def test_together_they_never_have_more_than_there_is(most: int, happened: list[tuple[str, int, int]]) -> None:
    """Law: slots, calls at work and parts of the rate, after every single step."""
    table = Table(most)
    for what, who, number in happened:
        if what == "work":
            table.work(who, number)
        else:
            table.look(who) if what == "look" else table.leave(who)
        assert sum(one.slots for one in table.rows.values()) <= most
        assert sum(table.busy.values()) <= most
        assert sum(one.part for one in table.rows.values()) < 1 + 1e-9


@given(st.integers(1, 9), steps)
def test_left_alone_they_come_to_a_fair_division(most: int, happened: list[tuple[str, int, int]]) -> None:
    """Law: with nothing at work, two looks of each use up everything, and no two differ by more than one."""
    table = Table(most)
    for what, who, _ in happened:
        table.look(who) if what != "leave" else table.leave(who)
    for _ in range(2):
        for who in sorted(table.rows):
            table.look(who)
    if table.rows:
        slots = [one.slots for one in table.rows.values()]
        assert (sum(slots), max(slots) - min(slots) <= 1) == (most, True)
        assert all(abs(one.part - 1 / len(slots)) < 1e-9 for one in table.rows.values())
