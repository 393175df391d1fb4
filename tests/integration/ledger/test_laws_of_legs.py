"""Laws of legs, whatever comes in whatever order: one end each, one fan-in, all accounted for."""

import asyncio
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappings.dossier import Dossier, Message
from tests.integration.ledger.flowing import Flowing
from tests.integration.ledger.test_legs import (
    ACCEPTED,
    ASKED,
    BIRTH,
    CARD,
    CERTIFICATE,
    GIVEN,
    NO_CARD,
    NOTICE,
    RUT,
)

pytestmark = pytest.mark.integration

SAID: dict[str, tuple[str, Message]] = {
    "accepted": ("onestop.dossier", ACCEPTED),
    "finished": ("onestop.dossier", Dossier(status="finished")),
    "certificate": ("onestop.result", CERTIFICATE),
    "notice": ("onestop.result", NOTICE),
    "card": ("insurance.card_result", CARD),
    "no card": ("insurance.card_result", NO_CARD),
    "asked": ("insurance.supplement_request", ASKED),
    "given": ("onestop.supplement", GIVEN),
    "withdrawn": ("national_portal.withdrawn", RUT),
}
CALLS = ("delivered", "refused", "retrying", "dead", "unknown")
WORDS = st.builds(
    lambda first, story, extra: [*first, *story, *extra],
    st.sampled_from([(), ("certificate",), ("certificate", "delivered")]),
    st.permutations(["certificate", "notice", "card", "no card", "asked", "given", "again", "delivered"]),
    st.lists(
        st.sampled_from(["withdrawn", "restart", "finished", "card", "no card", "delivered", *CALLS]),
        max_size=5,
    ),
).flatmap(lambda words: st.permutations(words[-4:]).map(lambda end: [*words[:-4], *end]))
ENDS = ("done", "refused", "undone")
_dossiers = count(1)


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flowing]:
    """One ledger for all examples, each of which has a dossier of its own."""
    folder: Path = tmp_path_factory.mktemp("laws")
    one = Flowing(f"sqlite:///{folder / 'ledger.db'}", BIRTH)
    yield one
    one.ledger.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=WORDS)
def test_whatever_comes_in_whatever_order_each_leg_ends_once_and_all_is_accounted_for(
    bus: Flowing, words: list[str]
) -> None:
    """Answers early, late and twice, calls that fail, a withdrawal, restarts between them."""
    asyncio.run(_through(bus, ["accepted", *words], f"H12-{next(_dossiers)}"))


async def _through(bus: Flowing, words: list[str], code: str) -> None:
    last: tuple[str, Message] | None = None
    ended: dict[str, str] = {}
    withdrawn_with: int | None = None
    dossier = 0
    for word in words:
        if word == "restart":
            bus.ledger.close()
            bus.open()
        elif word in CALLS:
            await _call(bus, dossier, word)
        else:
            last = SAID.get(word, last)
            if last is None:
                continue
            kept = await bus.say(*last, codes={"onestop": code})
            dossier = kept.dossier or dossier
        if word == "withdrawn" and withdrawn_with is None:
            withdrawn_with = len([row for row in _rows(bus, dossier) if row.role != "undo"])
        _check(bus, dossier, ended, withdrawn_with)


async def _call(bus: Flowing, dossier: int, outcome: str) -> None:
    """End the oldest call that may be made, if there is one; one in doubt is found done at last."""
    for row in _rows(bus, dossier):
        if row.state == "ready":
            await bus.settle(await bus.claim(row.id), outcome)
            return
        if row.state == "unknown":
            asked = await bus.claim(row.id)
            await bus.settle(asked, "delivered", lookup=True)
            return


def _rows(bus: Flowing, dossier: int) -> list[Any]:
    return [row for row in bus.rows() if row.dossier == dossier]


def _check(bus: Flowing, dossier: int, ended: dict[str, str], withdrawn_with: int | None) -> None:
    legs = bus.legs(dossier)
    for name, state in ended.items():
        assert legs[name] == state
    ended.update({name: state for name, state in legs.items() if state in ENDS})
    rows = _rows(bus, dossier)
    assert len([row for row in rows if row.operation == "set_ready"]) <= 1
    assert len([row for row in rows if row.operation == "request_card"]) <= 1
    assert len([row for row in rows if row.operation == "cancel_card"]) <= 1
    before = {name: legs.get(name) for name in ("birth", "residence", "card")}
    if legs.get("close") in ("open", "done", "refused"):
        assert before["birth"] == before["residence"] == "done"
        assert before["card"] in ("done", "refused")
    if withdrawn_with is not None:
        assert len([row for row in rows if row.role != "undo"]) == withdrawn_with
        assert set(legs.values()) <= {*ENDS, "undoing"}
    account = bus.account()
    assert account.unaccounted == 0
