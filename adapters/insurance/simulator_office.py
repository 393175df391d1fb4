"""The simulated insurance office: files taken in, questions asked, cards issued, files refused or withdrawn.

Nothing is repeatable: the same file handed in twice is two, both kept and counted. A file's state only
climbs. The office works by the clock, from the seed: what it makes of a file is fixed when it is handed in.
"""

from collections import defaultdict
from collections.abc import Callable
from random import Random
from typing import Any

import msgspec

from adapters._kit.simulator import Workshop

TAKEN, ASKED, COMPLETE, DONE, WITHDRAWN, REFUSED = "1", "2", "3", "4", "5", "6"
"""The interlinked procedure's states (reference 1.1a): 5 and 6 are exits, and so is 4."""
_HEIGHT = {TAKEN: 0, ASKED: 1, COMPLETE: 2, DONE: 3, WITHDRAWN: 3, REFUSED: 3}
_ENDS = (DONE, WITHDRAWN, REFUSED)


class Card(msgspec.Struct, frozen=True):
    """A card as issued: 15 characters, the last ten the insurance number."""

    number: str
    insured: str
    name: str
    born: str
    valid_from: str
    valid_to: str
    facility: str


class File(msgspec.Struct, frozen=True):
    """One file at the office. `number` is its own, `dossier` and `transaction` the sender's."""

    number: str
    dossier: str
    transaction: str
    form: str
    person: str
    born: str
    facility: str
    state: str
    moves_at: float
    will_ask: bool
    will_refuse: bool
    question: str
    answered: tuple[str, ...] = ()
    card: Card | None = None


class Conduct(msgspec.Struct, frozen=True):
    """How the office behaves: seconds until it moves, shares of files that it asks about or refuses."""

    seed: int
    seconds: float
    ask_share: float
    refuse_share: float


class Office:
    """All files, kept on a shelf."""

    def __init__(self, workshop: Workshop, conduct: Conduct, clock: Callable[[], float]) -> None:
        self._shelf = workshop.shelf("files")
        self._conduct, self._clock = conduct, clock
        self._of: dict[str, list[str]] = defaultdict(list)
        self._cards: dict[str, str] = {}
        for number, value in self._shelf.items():
            self._note(number, msgspec.convert(value, File))

    def take(
        self, dossier: str, transaction: str, form: str, person: tuple[str, str, str]
    ) -> tuple[File, bool]:
        """Take a file in; tells whether it is the first of its transaction."""
        first = all(file.transaction != transaction for file in self.of(dossier))
        random = Random(f"{self._conduct.seed}:{dossier}:{form}")
        file = File(
            number=f"{len(self._shelf) + 1:05}/2026/09601",
            dossier=dossier,
            transaction=transaction,
            form=form,
            person=person[0],
            born=person[1],
            facility=person[2],
            state=TAKEN,
            moves_at=self._clock() + self._conduct.seconds,
            will_ask=random.random() < self._conduct.ask_share,
            will_refuse=random.random() < self._conduct.refuse_share,
            question=f"BS{random.randrange(10**6):06}",
        )
        self._note(file.number, file)
        return self._keep(file), first

    def of(self, dossier: str) -> list[File]:
        """All files of a dossier as they stand now."""
        return [self._now(number) for number in self._of.get(dossier, ())]

    def all(self) -> list[File]:
        """All files as they stand now."""
        return [self._now(number) for number in list(self._shelf)]

    def answer(self, dossier: str, question: str) -> str:
        """Take what was asked for: "new", "again", or "unknown" where nobody asked."""
        for file in self.of(dossier):
            if file.question == question and file.state != TAKEN:
                answered = (*file.answered, question)
                state = COMPLETE if file.state == ASKED else file.state
                moves = self._clock() + self._conduct.seconds
                self._keep(msgspec.structs.replace(file, answered=answered, state=state, moves_at=moves))
                return "again" if question in file.answered else "new"
        return "unknown"

    def withdraw(self, dossier: str) -> str:
        """Withdraw what is under way: "new", "again", or "late" where a file has ended otherwise."""
        files = self.of(dossier)
        opened = [file for file in files if file.state not in _ENDS]
        for file in opened:
            self._keep(msgspec.structs.replace(file, state=WITHDRAWN))
        if opened:
            return "new"
        return "again" if files and all(file.state == WITHDRAWN for file in files) else "late"

    def card(self, number: str) -> Card | None:
        """Find a card by its number or the insurance number in it."""
        known = self._cards.get(number)
        return self._now(known).card if known else None

    def counts(self) -> dict[str, Any]:
        """Return how many files, files handed in again and cards there are."""
        files = self.all()
        keys = {(file.dossier, file.form) for file in files if file.state != WITHDRAWN}
        standing = [file for file in files if file.state != WITHDRAWN]
        return {
            "files": len(files),
            "files_again": len(standing) - len(keys),
            "cards": sum(file.card is not None for file in files),
            "states": {state: sum(file.state == state for file in files) for state in sorted(_HEIGHT)},
        }

    def _note(self, number: str, file: File) -> None:
        self._of[file.dossier].append(number)
        self._note_card(file)

    def _note_card(self, file: File) -> None:
        if file.card is not None:
            self._cards |= {file.card.number: file.number, file.card.insured: file.number}

    def _now(self, number: str) -> File:
        """Let happen what was to happen by now."""
        file = msgspec.convert(self._shelf.get(number), File)
        if file.state not in (TAKEN, COMPLETE) or self._clock() < file.moves_at:
            return file
        if file.state == TAKEN and file.will_ask:
            return self._keep(msgspec.structs.replace(file, state=ASKED))
        if file.will_refuse:
            return self._keep(msgspec.structs.replace(file, state=REFUSED))
        card = self._issued(file) if file.form == "TK1-TS" else None
        return self._keep(msgspec.structs.replace(file, state=DONE, card=card))

    def _issued(self, file: File) -> Card:
        """A child's card: TE, right 1, province 96, ten digits (reference 1.1b)."""
        insured = f"96{Random(f'{self._conduct.seed}:{file.number}').randrange(10**8):08}"
        return Card(
            f"TE196{insured}",
            insured,
            file.person,
            file.born,
            "25/11/2026",
            "30/09/2032",
            file.facility or "96001",
        )

    def _keep(self, file: File) -> File:
        before = self._shelf.get(file.number)
        if before is not None and _HEIGHT[before["state"]] > _HEIGHT[file.state]:
            raise RuntimeError(f"{file.number}: the state would fall from {before['state']} to {file.state}")
        self._shelf.put(file.number, msgspec.to_builtins(file))
        self._note_card(file)
        return file
