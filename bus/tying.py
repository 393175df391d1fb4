"""What a leg sent, for what is said of it afterwards: asked back, changed, revoked.

It is asked for anew at each try, so that a resend speaks of the same, to whom it was sent.
"""

from dataclasses import dataclass

from bus.ledger.ledger import Ledger
from bus.ledger.legs import sent_over, tie_of
from bus.ledger.records import Claimed
from bus.planning import Planner


@dataclass(frozen=True, slots=True)
class Before:
    """What a delivery speaks of: the name under which its peer has it, the connector that it went out over.

    Both "" where nothing was sent before.
    """

    name: str = ""
    connector: str = ""


async def sent_before(ledger: Ledger, planner: Planner, claimed: Claimed) -> Before:
    """What was sent by the leg of a delivery that speaks of it."""
    first = planner.speaks_of_sent(claimed.route, claimed.operation)
    if not first:
        return Before()
    name = await ledger.ask(tie_of, claimed.dossier, claimed.route)
    over = await ledger.ask(sent_over, claimed.dossier, claimed.route, first)
    return Before(name or "", over or "")
