"""A durable cursor over a peer's search by time of change, which forgets nothing that moves while it reads.

The cursor is a text: where a scan stands, and how far the feed was read. Pages are asked for by time, not by
number, because a record that changes between two pages moves to the end and its neighbours move up. Each
scan begins `overlap` before the last one's end, for records that become visible late; those seen before are
recognised by whoever reads the rows.
"""

import itertools
from collections.abc import Sequence

import msgspec


class Scan(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where reading stands. Times are the peer's own texts, of one form, so that they sort as they are.

    `high`: the latest change seen; `at`: rows from here on are asked for; `page`: how many pages that begin
    there were read; `more`: the scan is under way.
    """

    high: str = ""
    at: str = ""
    page: int = 0
    more: bool = False


def read(cursor: str) -> Scan:
    """Read a cursor; an empty one is the beginning of the feed."""
    return msgspec.json.decode(cursor, type=Scan) if cursor else Scan()


def write(scan: Scan) -> str:
    """Write a cursor."""
    return msgspec.json.encode(scan).decode()


def begin(scan: Scan, at: str) -> Scan:
    """Begin a scan at `at`, unless one is under way."""
    return scan if scan.more else Scan(scan.high, at, 0, more=True)


def advance(scan: Scan, times: Sequence[str], *, last: bool, latest: str) -> Scan:
    """Take note of a page whose rows changed at `times`; `last` ends the scan.

    A time after `latest` (a little after now) is a mistake of somebody's clock: if the cursor believed it, it
    would pass over everything until then.

    Where rows come in order of change the next page begins at the last one's time (rows of that instant come
    again); where they do not, or a whole page shares one instant, pages are counted.
    """
    high = max((scan.high, *(time for time in times if time <= latest)))
    if last:
        return Scan(high)
    ordered = all(earlier <= later for earlier, later in itertools.pairwise(times))
    if times and ordered and times[-1] > scan.at:
        return Scan(high, times[-1], 0, more=True)
    return Scan(high, scan.at, scan.page + 1, more=True)
