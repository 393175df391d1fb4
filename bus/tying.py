"""What a leg sent is known by (`tie`), for what is said of it afterwards: asked back, changed, revoked.

It is asked for anew at each try, so that a resend speaks of the same.
"""

from bus.ledger.ledger import Ledger
from bus.ledger.legs import tie_of
from bus.ledger.records import Claimed
from bus.planning import Planner


async def tied(ledger: Ledger, planner: Planner, claimed: Claimed) -> str:
    """The name under which the peer has what a delivery speaks of; "" where nothing was sent before."""
    if not planner.speaks_of_sent(claimed.route, claimed.operation):
        return ""
    return await ledger.ask(tie_of, claimed.dossier, claimed.route) or ""
