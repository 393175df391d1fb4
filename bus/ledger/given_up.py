"""The mark on a delivery whose work message the broker gave up on (rule 14). It decides nothing."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, update

from bus.ledger import schema
from bus.ledger.driver import many
from bus.ledger.sweep_records import GivenUp

_d = schema.delivery.c
_MARK = (
    update(schema.delivery)
    .where(_d.id == bindparam("number"))
    .values(given_up=_d.given_up + bindparam("times"))
)


def mark(tx: Connection, given: Sequence[GivenUp]) -> list[None]:
    """Count it on the rows, in key order; a delivery that there is not is passed over."""
    times = Counter(delivery for one in given for delivery in one.deliveries)
    many(tx, _MARK, [{"number": delivery, "times": times[delivery]} for delivery in sorted(times)])
    return [None] * len(given)
