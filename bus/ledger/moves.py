"""Which state of a delivery may follow which: the table of the protocol's model, with our two states.

The model's `ready` stands for ready, retrying and held. With the table an audit (`drill`) can judge every
change that a database has seen.
"""

from collections.abc import Mapping

READY = frozenset({"ready", "retrying", "held"})
"""What the model calls ready: may go, may go later, may go when a person lets it."""

ENTRIES = frozenset({"waiting", "ready", "held", "sending", "superseded", "unknown"})
"""How a delivery begins. `sending`: kept and claimed in one transaction (decision 14); `superseded`: kept
together with the newer one that takes its place; `unknown`: said before a restore (decision 29)."""

LEGAL: Mapping[str, frozenset[str]] = {
    # a merge of two dossiers sets back what is ready behind an open one of the other
    # to unknown: what a backup left waiting is asked about when its turn comes (rule 23)
    "waiting": frozenset({"ready", "held", "sending", "superseded", "unknown"}),
    "ready": frozenset({"sending", "held", "waiting", "superseded"}),
    "retrying": frozenset({"ready", "held", "waiting", "superseded"}),
    "held": frozenset({"ready", "waiting", "superseded"}),
    "sending": frozenset({"delivered", "refused", "superseded", "dead", "unknown", *READY}),
    "unknown": frozenset({"delivered", "refused", "dead", "sending", *READY}),
    # by a person alone: retry, retry of an overtaken one, discard
    "dead": frozenset({"ready", "held", "waiting", "superseded", "discarded"}),
    "delivered": frozenset(),
    "refused": frozenset(),
    "superseded": frozenset(),
    "discarded": frozenset(),
}
"""State -> the states that may follow it; staying is no move."""


def is_legal(before: str | None, after: str) -> bool:
    """Whether a delivery may go from one state to another; None is before its beginning."""
    if before is None:
        return after in ENTRIES
    return before == after or after in LEGAL.get(before, frozenset())
