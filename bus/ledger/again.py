"""Send again what a peer was shown and does not have (gửi lại điều bên nhận không còn giữ).

What was delivered stays delivered. Its message is told once more for the one route, as a message of its own
that points to the first, and its new delivery goes the ordinary way: its turn in the lane, the dossier as it
stands now, the comparison with what the peer has, the status guard. For these what we believe of the peer is
put right first. Never where anything of the lane is open or needs a person: that comes first.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, exists, select

from bus.errors import NotPossibleError
from bus.ledger import lanes, schema
from bus.ledger.handling import delivery_row
from bus.ledger.handling_records import Again
from bus.ledger.keep import Keeper
from bus.ledger.merge import refuse_merged
from bus.ledger.people import Note, log
from bus.ledger.records import Keep, Kept
from bus.ledger.store import Store
from bus.ledger.told_again import told_again, whole_messages

STATUS = "status "
"""Under which key of `peer_view` the status of a dossier itself is remembered (`bus.sending`)."""

_d, _m, _v = schema.delivery.c, schema.message.c, schema.peer_view.c


class Repeater:
    """Tells delivered messages again."""

    def __init__(self, store: Store, keeper: Keeper) -> None:
        self._store = store
        self._keeper = keeper

    def agains(self, tx: Connection, agains: Sequence[Again]) -> list[Kept]:
        """Send again, each as a new delivery of a new message; answers what was kept.

        Raises `NotPossibleError` with a sentence, and then nothing was written.
        """
        return [self._again(tx, one) for one in agains]

    def _again(self, tx: Connection, one: Again) -> Kept:
        row = delivery_row(tx, one.delivery)
        self._store.lock_dossiers(tx, [row.dossier])
        refuse_merged(tx, [row.dossier])
        row = delivery_row(tx, one.delivery)
        if why := _why_not(tx, row):
            raise NotPossibleError(f"delivery {row.id}: {why}")
        self._believe(tx, row, one.shown)
        kept = self._keeper.keep(tx, [_told_again(tx, row, one)])[0]
        if not tx.execute(select(exists().where(_d.message == kept.message))).scalar_one():
            raise NotPossibleError(f"delivery {row.id}: {row.route} of the routes in use does not send it")
        log(self._store, tx, Note(one.who, "send again", f"delivery {row.id}", one.reason))
        return kept

    def _believe(self, tx: Connection, row: Any, shown: str | None) -> None:
        """The peer does not have our last word, and shows another status or none."""
        table = schema.peer_view
        ours = (_v.dossier == row.dossier, _v.connector == row.connector, _v.operation == row.operation)
        tx.execute(table.delete().where(*ours, _v.key == ""))
        if shown is None:
            tx.execute(table.delete().where(*ours, _v.key == STATUS))
        else:
            tx.execute(table.update().where(*ours, _v.key == STATUS).values(digest=shown.encode()))


def _why_not(tx: Connection, row: Any) -> str:
    """Why a delivery's word is not told again now; "" where it is."""
    if row.state != "delivered":
        return f"it is {row.state}: only what was delivered is told again"
    return _barred(tx, row) or _overtaken(tx, row)


def _barred(tx: Connection, row: Any) -> str:
    """Why nothing of its dossier is sent."""
    own = schema.dossier.c
    mark = tx.execute(select(own.withdrawn, own.held_by, own.reduced_at).where(own.id == row.dossier)).one()
    if mark.reduced_at is not None:
        return "the data of its dossier were removed after their time"
    if mark.withdrawn and not row.after_withdrawal:
        return "its dossier was withdrawn meanwhile (hồ sơ đã rút)"
    if mark.held_by is not None:
        return f"its dossier is held by {mark.held_by}: release it first"
    return ""


def _overtaken(tx: Connection, row: Any) -> str:
    """What is on its way, or was sent since."""
    lane = lanes.read_lanes(tx, [row.dossier]).get((row.dossier, row.connector), [])
    if lane:
        return f"delivery {lane[0].id} to {row.connector} is {lane[0].state}: that comes first"
    same = (_d.dossier == row.dossier, _d.connector == row.connector, _d.operation == row.operation)
    newer = select(_d.id).where(*same, _d.id > row.id, _d.state == "delivered").limit(1)
    if (later := tx.execute(newer).scalar()) is not None:
        return f"delivery {later}, which is newer, was delivered meanwhile: compare again"
    return ""


def _told_again(tx: Connection, row: Any, one: Again) -> Keep:
    told = tx.execute(whole_messages().where(_m.id == row.message)).one()
    why = f"{one.who}: {one.reason}"
    return told_again(told, row.dossier, key=f"again-{row.id}", why=why, only=row.route)
