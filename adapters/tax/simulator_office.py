"""The simulated tax office: slips taken in, questions asked, notices made, money received.

Nothing is repeatable: the same slip filed twice is two, both kept and counted. A dossier's state only climbs.
The office works by the clock, from the seed: what it makes of a slip is fixed when it is filed.
"""

from collections.abc import Callable
from random import Random
from typing import Any, Literal

import msgspec

from adapters._kit.simulator import Workshop

State = Literal["taken", "asked", "answered", "noticed", "settled"]
LADDER: tuple[State, ...] = ("taken", "asked", "answered", "noticed", "settled")
SUBSECTIONS = (("2801", "Lệ phí trước bạ nhà đất"), ("1006", "Thuế TNCN BĐS"), ("1401", "Tiền sử dụng đất"))


class Person(msgspec.Struct, frozen=True):
    """A land user as a slip names them."""

    name: str
    code: str
    identity: str


class Notice(msgspec.Struct, frozen=True):
    """A notice of one amount; `remaining` falls when it is paid."""

    number: str
    subsection: str
    subsection_name: str
    issued_on: str
    due_on: str
    remaining: int


class Owed(msgspec.Struct, frozen=True):
    """What one person owes."""

    person: Person
    notices: tuple[Notice, ...]


class Voucher(msgspec.Struct, frozen=True):
    """Money received; `taken_back` is how often it was taken back, for a second time is one too many."""

    number: str
    notice: str
    amount: int
    paid_at: str
    person: Person
    taken_back: int = 0


class Case(msgspec.Struct, frozen=True):
    """One dossier at the tax office. `slips` are the numbers filed, in order, the repeated ones too."""

    dossier: str
    slips: tuple[str, ...]
    certificate: str
    parcel: str
    map_sheet: str
    state: State
    moves_at: float
    will_ask: bool
    question: str
    answers: tuple[str, ...]
    owed: tuple[Owed, ...]
    vouchers: tuple[Voucher, ...] = ()
    will_correct: bool = False


class Conduct(msgspec.Struct, frozen=True):
    """How the office behaves: seconds until it moves, shares of slips that it asks about or refuses.

    `correct_share`: so many it notices wrongly at first, and puts right after as long again.
    """

    seed: int
    seconds: float
    ask_share: float
    refuse_share: float
    correct_share: float = 0.0


class Office:
    """All dossiers, kept on a shelf."""

    def __init__(self, workshop: Workshop, conduct: Conduct, clock: Callable[[], float]) -> None:
        self._shelf = workshop.shelf("cases")
        self._conduct, self._clock = conduct, clock
        self._unsettled = dict.fromkeys(
            number for number, case in self._shelf.items() if case["state"] != "settled"
        )

    def find(self, dossier: str) -> Case | None:
        """Return a dossier as it stands now: what was to happen by now has."""
        kept = self._shelf.get(dossier)
        if kept is None:
            return None
        case = msgspec.convert(kept, Case)
        if case.state in ("taken", "answered") and self._clock() >= case.moves_at:
            asks = case.will_ask and case.state == "taken"
            moves_at = case.moves_at + self._conduct.seconds
            state: State = "asked" if asks else "noticed"
            case = self._keep(msgspec.structs.replace(case, state=state, moves_at=moves_at))
        if case.state == "noticed" and case.will_correct and self._clock() >= case.moves_at:
            case = self._keep(_corrected(case, self._drawn(case.dossier, "corrected")))
        return case

    def refuses(self, dossier: str, slip: str) -> bool:
        """Whether the office refuses this slip, always the same."""
        return self._drawn(dossier, slip).random() < self._conduct.refuse_share

    def file(self, case: Case) -> bool:
        """Take a slip; tells whether it is the first of its number."""
        held = self.find(case.dossier)
        first = held is None or case.slips[0] not in held.slips
        if held is not None:
            case = msgspec.structs.replace(held, slips=(*held.slips, *case.slips))
        self._keep(case)
        return first

    def make(self, dossier: str, slip: str, people: list[Person], land: tuple[str, str, str]) -> Case:
        """Make a new case of a slip: who will owe what, and whether the office will ask first."""
        random = self._drawn(dossier, slip)
        random.random()
        return Case(
            dossier=dossier,
            slips=(slip,),
            certificate=land[0],
            parcel=land[1],
            map_sheet=land[2],
            state="taken",
            moves_at=self._clock() + self._conduct.seconds,
            will_ask=random.random() < self._conduct.ask_share,
            question=f"YC{random.randrange(10**7):07}",
            answers=(),
            owed=tuple(Owed(person, _notices(random)) for person in people),
            will_correct=random.random() < self._conduct.correct_share,
        )

    def answer(self, case: Case, question: str) -> bool:
        """Take an answer to the office's question; tells whether it is the first."""
        first = question not in case.answers
        state: State = "answered" if case.state == "asked" else case.state
        self._keep(
            msgspec.structs.replace(
                case,
                answers=(*case.answers, question),
                state=state,
                moves_at=self._clock() + self._conduct.seconds,
            )
        )
        return first

    def pay(self, dossier: str, number: str, at: str) -> Voucher | None:
        """Receive the money of a notice; None where nothing is owed by that number."""
        case = self.find(dossier)
        if case is None or case.state != "noticed":
            return None
        found = [(owed, each) for owed in case.owed for each in owed.notices if each.number == number]
        if not found or not found[0][1].remaining:
            return None
        owed, notice = found[0]
        voucher = Voucher(
            f"CT{len(case.vouchers) + 1:04}-{number}", number, notice.remaining, at, owed.person
        )
        people = tuple(_left(each, number, 0) for each in case.owed)
        left = sum(each.remaining for one in people for each in one.notices)
        state: State = "noticed" if left else "settled"
        self._keep(
            msgspec.structs.replace(case, owed=people, vouchers=(*case.vouchers, voucher), state=state)
        )
        return voucher

    def voucher(self, number: str, payer: str) -> tuple[Case, Voucher] | None:
        """Find a voucher by its number and by who paid."""
        for case in self.cases():
            for each in case.vouchers:
                if each.number == number and payer in (each.person.code, each.person.identity):
                    return case, each
        return None

    def take_back(self, case: Case, voucher: Voucher) -> bool | None:
        """Give the money of a voucher back: what it paid is owed again; tells whether it is the first time.

        None, and nothing done, where the dossier is settled: its state would fall.
        """
        if case.state == "settled":
            return None
        first = not voucher.taken_back
        again = msgspec.structs.replace(voucher, taken_back=voucher.taken_back + 1)
        owed = (
            tuple(_left(each, voucher.notice, voucher.amount) for each in case.owed) if first else case.owed
        )
        vouchers = tuple(again if each.number == voucher.number else each for each in case.vouchers)
        self._keep(msgspec.structs.replace(case, owed=owed, vouchers=vouchers))
        return first

    def counts(self) -> dict[str, Any]:
        """Return how many dossiers, slips and slips filed again there are."""
        cases = [msgspec.convert(value, Case) for _, value in self._shelf.items()]
        slips = sum(len(case.slips) for case in cases)
        return {
            "cases": len(cases),
            "slips": slips,
            "slips_again": slips - sum(len(set(case.slips)) for case in cases),
            "states": {state: sum(case.state == state for case in cases) for state in LADDER},
        }

    def cases(self) -> list[Case]:
        """Return all dossiers as they stand now."""
        return [case for number in list(self._shelf) if (case := self.find(number)) is not None]

    def owing(self) -> list[Case]:
        """Return the dossiers that owe something now; most are settled, so these are few."""
        found = (self.find(number) for number in list(self._unsettled))
        return [case for case in found if case is not None and case.state == "noticed"]

    def _keep(self, case: Case) -> Case:
        before = self._shelf.get(case.dossier)
        if before is not None and LADDER.index(before["state"]) > LADDER.index(case.state):
            raise RuntimeError(f"{case.dossier}: the state would fall from {before['state']} to {case.state}")
        self._shelf.put(case.dossier, msgspec.to_builtins(case))
        if case.state == "settled":
            self._unsettled.pop(case.dossier, None)
        else:
            self._unsettled[case.dossier] = None
        return case

    def _drawn(self, dossier: str, slip: str) -> Random:
        return Random(f"{self._conduct.seed}:{dossier}:{slip}")


def _corrected(case: Case, random: Random) -> Case:
    """The first notice that nobody has paid is taken back, and one of another number and amount comes."""
    owed = list(case.owed)
    for place, each in enumerate(owed):
        unpaid = [notice for notice in each.notices if notice.remaining]
        if unpaid:
            amount = unpaid[0].remaining // 2 + 1
            new = msgspec.structs.replace(unpaid[0], number=_number(random), remaining=amount)
            notices = (new if notice == unpaid[0] else notice for notice in each.notices)
            owed[place] = Owed(each.person, tuple(notices))
            break
    return msgspec.structs.replace(case, owed=tuple(owed), will_correct=False)


def _number(random: Random) -> str:
    return f"LTB{random.randrange(10**7):07}-TK{random.randrange(10**7):07}/TB-CCT"


def _notices(random: Random) -> tuple[Notice, ...]:
    kinds = random.sample(SUBSECTIONS, random.randint(1, len(SUBSECTIONS)))
    return tuple(
        Notice(
            number=_number(random),
            subsection=code,
            subsection_name=name,
            issued_on="2026-11-20",
            due_on="2026-12-20",
            remaining=random.randint(1, 200_000) * 1000 + random.randint(0, 999),
        )
        for code, name in kinds
    )


def _left(owed: Owed, number: str, amount: int) -> Owed:
    """Owed with another amount left of one notice."""
    notices = (
        msgspec.structs.replace(each, remaining=amount) if each.number == number else each
        for each in owed.notices
    )
    return Owed(owed.person, tuple(notices))
