"""The simulated one-stop put together: register, officials, announcements. Used on the event loop only."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.onestop import simulator_dossier, simulator_flows
from adapters.onestop.simulator_dossier import Dossier
from adapters.onestop.simulator_plan import Shares, dice
from adapters.onestop.simulator_register import Register
from adapters.onestop.simulator_tables import Catalogue
from adapters.onestop.simulator_webhook import Announcer
from adapters.onestop.simulator_words import PAYMENT_DUE, REGISTERED, STATUS_NAMES, SUPPLEMENT_REQUESTED

COUNTER_STEPS = 3
"""How many steps' time a person needs who has to come to the counter, to pay or to bring a paper."""

Record = Callable[..., None]
"""The journal's `record(operation, key, effect, request_id, **detail)`."""


@dataclass(frozen=True)
class Conduct:
    """How this one-stop behaves."""

    seed: int = 1
    pace: float = 1.0
    """seconds a step of the officials takes, give or take a half"""
    agency: str = "H12"
    """who takes a dossier in that names no agency"""
    shares: Shares = field(default_factory=Shares)
    flows: frozenset[str] = frozenset()
    """the flows with other authorities that its officials know (`simulator_flows.FLOWS`)"""


@dataclass(frozen=True)
class Site:
    """All that a request or an official's step touches."""

    conduct: Conduct
    tables: Catalogue
    register: Register
    announcer: Announcer
    record: Record

    def changed(self, dossier: Dossier) -> None:
        """Make a change known: to the disk, to the search, and to whoever registered for announcements."""
        self.register.publish(dossier)
        self.announcer.announce(dossier.facts)

    def bring_to(self, dossier: Dossier, status: int, content: str = "", *, listed: bool = True) -> None:
        """Move a dossier to a status and make it known."""
        simulator_dossier.move(dossier, status, content=content, listed=listed)
        self.changed(dossier)

    def happened(self, dossier: Dossier, event: str) -> None:
        """Note what another authority has done; a plan that waits for it goes on."""
        dossier.events.add(event)
        if dossier.waits_for == event:
            self.step(dossier, dossier.taken)

    def expect_step(self, dossier: Dossier) -> None:
        """Let the officials take the next step when its time has come, unless something else came first."""
        if dossier.ended or dossier.taken >= len(dossier.plan) or _waits_for_citizen(dossier):
            return
        if dossier.interrupted is not None:
            wait = self.conduct.pace * COUNTER_STEPS
            asyncio.get_running_loop().call_later(wait, self.answered_at_counter, dossier)
            return
        slow = COUNTER_STEPS if dossier.status in (SUPPLEMENT_REQUESTED, PAYMENT_DUE) else 1
        rng = dice(self.conduct.seed, dossier.number, f"pace {dossier.taken}")
        wait = self.conduct.pace * slow * rng.uniform(0.5, 1.5)
        asyncio.get_running_loop().call_later(wait, self.step, dossier, dossier.taken)

    def step(self, dossier: Dossier, taken: int) -> None:
        """Take the plan's step `taken`, unless the dossier went on or ended since it was expected."""
        if dossier.ended or dossier.taken != taken or taken >= len(dossier.plan):
            return
        if dossier.interrupted is not None or (dossier.waits_for and dossier.waits_for not in dossier.events):
            return
        if dossier.status == SUPPLEMENT_REQUESTED and not dossier.online:
            simulator_dossier.answer_supplement(dossier, {"content": "Công dân nộp trực tiếp tại quầy."})
        item = dossier.plan[taken]
        dossier.taken += 1
        if isinstance(item, int):
            self.bring_to(dossier, item)
        elif item in simulator_flows.ACTS:
            simulator_flows.act(dossier, item, self.tables)
            self.changed(dossier)
        else:
            dossier.events.discard(item.removeprefix(simulator_flows.GATE))
        self.expect_step(dossier)

    def answered_at_counter(self, dossier: Dossier) -> None:
        """Take what another authority asked for from a citizen who comes to the counter."""
        if dossier.interrupted is not None and not dossier.ended:
            simulator_dossier.answer_supplement(dossier, {"content": "Công dân nộp trực tiếp tại quầy."})
            self.resume(dossier)

    def resume(self, dossier: Dossier) -> None:
        """Go back to where another authority's question found a dossier."""
        before, dossier.interrupted = dossier.interrupted, None
        if before is not None:
            self.bring_to(dossier, before, content="Đã nhận giấy tờ bổ sung, chuyển cơ quan yêu cầu.")
            self.expect_step(dossier)

    async def officials(self) -> None:
        """Take up the work on every open dossier again after a restart; runs until the process ends."""
        for dossier in self.register.by_id.values():
            self.expect_step(dossier)
        try:
            await asyncio.Event().wait()
        finally:
            self.announcer.close()

    def state(self) -> Mapping[str, Any]:
        """Return what a person asks first: dossiers by status, those created twice, announcements."""
        statuses = Counter(dossier.status for dossier in self.register.by_id.values())
        return {
            "dossiers": sum(statuses.values()),
            "open": self.register.open(),
            "statuses": {STATUS_NAMES[status]: statuses[status] for status in sorted(statuses)},
            "registered": statuses[REGISTERED],
            "waiting_supplement": statuses[SUPPLEMENT_REQUESTED],
            "created_twice": [code for code, ids in self.register.by_nation_code.items() if len(ids) > 1],
            "webhook": dict(self.announcer.counts),
        }

    def facts(self) -> Mapping[str, Any]:
        """Return what the account of effects is joined by: how many dossiers are not at an end."""
        return {"open": self.register.open(), "dossiers": len(self.register.by_id)}

    def unfinished(self) -> list[dict[str, str]]:
        """Return each dossier not at an end, and what it waits for there."""
        return [
            {"dossier": one.facts["code"], "number": one.number, "waits": _waiting(one)}
            for one in self.register.unfinished()
        ]


def _waiting(dossier: Dossier) -> str:
    named = STATUS_NAMES[dossier.status]
    if _waits_for_citizen(dossier):
        asked = [each["id"] for each in dossier.facts["supplements"] if not each["answered"]]
        return f"{named}: its citizen, for {len(asked)} supplement(s)"
    if dossier.waits_for:
        return f"{named}: another authority, for {dossier.waits_for}"
    return f"{named}: its officials"


def _waits_for_citizen(dossier: Dossier) -> bool:
    return dossier.status == SUPPLEMENT_REQUESTED and dossier.online
