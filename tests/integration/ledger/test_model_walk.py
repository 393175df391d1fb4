"""Random walks of the delivery protocol's model, every step done to a real ledger too: they must agree.

Only what the ledger sees is done to it: keep, claim, ask, settle, a lease that runs out. Persons are left out
(their commands have tests of their own). Where the ledger is stricter than the model (a late "failed" leaves
unknown what is unknown) the walk ends.
"""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from bus.ledger import schema
from bus.ledger.ledger import Ledger
from bus.ledger.records import Claim, Claimed, Settle
from bus.ledger.store import Store
from bus.ledger.sweep_records import Sweep
from tests.integration.ledger.conftest import keep_of, merge, plan
from tests.unit.test_moves import folded, model

pytestmark = pytest.mark.integration

STEPS, WALKS = 60, 40
KINDS = {False: "portal.supplement", True: "onestop.dossier"}
"""A message kind whose one delivery appends, or replaces."""


def _is_trouble(what: str) -> bool:
    """Faults and useless steps come, but seldom enough for a walk to get somewhere."""
    return any(word in what for word in ("killed", "wiped", "lost", "lease", "drops", "published", "broken"))


class Walk:
    """One walk: the model's state, the ledger, and what each worker of both holds."""

    def __init__(self, ledger: Ledger, theirs: Any, *, replaces: bool, name: str, seed: int) -> None:
        self.ledger, self.theirs = ledger, theirs
        self.random = random.Random(seed)  # noqa: S311  the same walks every time
        plan_ = ("A1", "A2", "A3")
        case = theirs.Case("walk", "", theirs.Design(replaces=replaces), plan=plan_, tries=(2, 2, 2))
        self.protocol = theirs.Protocol(case)
        self.state = theirs.State((theirs.Row(),) * 3)
        self.kind, self.name = KINDS[replaces], name
        self.ids: dict[int, int] = {}
        self.held: dict[int, tuple[Claimed, bool]] = {}
        self.moves: Counter[tuple[str, str]] = Counter()

    async def go(self) -> None:
        """Walk until nothing is left, the steps are used up, or the ledger is stricter."""
        for _ in range(STEPS):
            steps = [step for step in self.protocol.steps(self.state) if step.by != "person"]
            if not steps:
                return
            step = self.random.choices(steps, [0.1 if _is_trouble(one.what) else 1.0 for one in steps])[0]
            before, self.state = self.state, step.state
            await self._do(step.what, before)
            if not self._agrees(before, step.what):
                return

    async def _do(self, what: str, before: Any) -> None:
        after = self.state
        changed = [i for i, (old, new) in enumerate(zip(before.rows, after.rows, strict=True)) if old != new]
        if "is kept" in what:
            i = next(i for i in changed if before.rows[i].state == "absent")
            await self._keep(i)
        elif "lease of" in what:
            await self._lease_over(changed[0])
        elif " claims " in what:
            await self._claim(int(what.split()[1]) - 1, changed[0])
        elif "asks the peer" in what:
            worker = int(what.split()[1]) - 1
            await self._ask(worker, after.workers[worker].delivery)
        elif " settles " in what:
            await self._settle(int(what.split()[1]) - 1, what.rpartition(" as ")[2], before)

    async def _keep(self, i: int) -> None:
        source = self.kind.split(".")[0]
        kept = await self.ledger.keep(keep_of(self.kind, f"{self.name}-{i}", {source: self.name}))
        with self.ledger.store.read() as tx:
            row = schema.delivery.c
            query = schema.delivery.select().where(row.message == kept.message)
            self.ids[i] = tx.execute(query).one().id

    async def _lease_over(self, i: int) -> None:
        with self.ledger.store.write() as tx:
            tx.execute(update(schema.delivery).where(schema.delivery.c.id == self.ids[i]).values(lease=-1.0))
        await self.ledger.sweep(Sweep({"": 0.0}, under_way=frozenset()))

    async def _claim(self, worker: int, i: int) -> None:
        claimed = await self.ledger.claim(Claim(self.ids[i], self.ledger.store.holder, 1e9))
        assert claimed is not None, "the model claims what the ledger does not give"
        assert (claimed.state, claimed.attempt) == ("sending", self.state.rows[i].attempt)
        self.held[worker] = (claimed, False)

    async def _ask(self, worker: int, i: int) -> None:
        with self.ledger.store.write() as tx:
            tx.execute(update(schema.delivery).where(schema.delivery.c.id == self.ids[i]).values(due_at=0.0))
        claimed = await self.ledger.claim(Claim(self.ids[i], self.ledger.store.holder, 1e9))
        assert claimed is not None, "the model asks about what the ledger does not"
        assert claimed.state == "unknown"
        self.held[worker] = (claimed, True)

    async def _settle(self, worker: int, outcome: str, before: Any) -> None:
        claimed, asked = self.held.pop(worker)
        i = next(place for place, number in self.ids.items() if number == claimed.delivery)
        left = before.rows[i].attempt < 2
        meant = {"applied": "delivered", "unknown": "unknown", "refused": "refused", "broken": "dead"}
        word = meant.get(outcome) or ("ready" if left else "dead")
        holder = self.ledger.store.holder
        await self.ledger.settle(Settle(claimed.delivery, claimed.attempt, holder, word, lookup=asked))  # type: ignore[arg-type]  # a word of the outcomes

    def _agrees(self, before: Any, what: str) -> bool:
        """Whether ledger and model are in the same state; False where the ledger stays in doubt."""
        with self.ledger.store.read() as tx:
            rows = {row.id: row for row in tx.execute(schema.delivery.select())}
        for i, number in self.ids.items():
            ours, theirs = rows[number], self.state.rows[i]
            if folded(ours.state) != theirs.state and ours.state == "unknown":
                assert " settles " in what or "lease of" in what
                return False
            assert (folded(ours.state), ours.attempt) == (theirs.state, max(theirs.attempt, ours.attempt)), (
                what
            )
            if before.rows[i].state != theirs.state:
                self.moves[before.rows[i].state, theirs.state] += 1
        return True


@pytest.mark.parametrize("replaces", [False, True])
async def test_the_ledger_goes_where_the_model_goes(tmp_path: Path, *, replaces: bool) -> None:
    """Every move of the machine is among them."""
    theirs = model()
    ledger = Ledger(Store(f"sqlite:///{tmp_path / 'ledger.db'}"), plan, merge)
    moves: Counter[tuple[str, str]] = Counter()
    try:
        for number in range(WALKS):
            walk = Walk(ledger, theirs, replaces=replaces, name=f"{number}", seed=number)
            await walk.go()
            moves += walk.moves
    finally:
        ledger.close()
    machine = {
        (before, after)
        for before, followers in theirs.LEGAL.items()
        for after in followers
        if before != "dead" and (before, after) != ("unknown", "sending")
    }
    if not replaces:
        machine -= {("waiting", "superseded")}
    assert machine <= moves.keys(), machine - moves.keys()
