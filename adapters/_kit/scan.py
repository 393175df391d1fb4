"""A durable cursor over a peer's search by time of change, which forgets nothing that moves while it reads.

The cursor is a text: where a scan stands, and how far the feed was read. Pages are asked for by time, not by
number, because a record that changes between two pages moves to the end and its neighbours move up. Each
scan begins `overlap` before the last one's end, for records that become visible late; those seen before are
recognised by whoever reads the rows.
"""

import itertools
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace


class Scan(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where reading stands. Times are the peer's own texts, of one form, so that they sort as they are.

    `high`: the latest change seen; `at`: rows from here on are asked for; `page`: how many pages that begin
    there were read; `more`: the scan is under way. `start`: where it began; `counted`: it had to count pages;
    `before`: the latest change that a counting scan from there had seen at its end, `again` how often it was
    repeated.
    """

    high: str = ""
    at: str = ""
    page: int = 0
    more: bool = False
    start: str = ""
    counted: bool = False
    before: str = ""
    again: int = 0


MOST_AGAIN = 5
"""How often a scan that counts pages is repeated at most: a peer that never rests is not read for ever."""


def read(cursor: str) -> Scan:
    """Read a cursor; an empty one is the beginning of the feed."""
    return msgspec.json.decode(cursor, type=Scan) if cursor else Scan()


def write(scan: Scan) -> str:
    """Write a cursor."""
    return msgspec.json.encode(scan).decode()


def begin(scan: Scan, at: str) -> Scan:
    """Begin a scan at `at`, unless one is under way."""
    return scan if scan.more else Scan(scan.high, at, 0, more=True, start=at)


def advance(scan: Scan, times: Sequence[str], *, last: bool, latest: str) -> Scan:
    """Take note of a page whose rows changed at `times`; `last` ends the scan.

    A time after `latest` (a little after now) is a mistake of somebody's clock: if the cursor believed it, it
    would pass over everything until then.

    Where rows come in order of change the next page begins at the last one's time (rows of that instant come
    again); where they do not, or a whole page shares one instant, pages are counted. A record that changes
    while pages are counted moves the others up, and one of them into a page that was read: such a scan is
    repeated until nothing has changed meanwhile.
    """
    high = max((scan.high, *(time for time in times if time <= latest)))
    if last:
        return _ended(scan, high)
    ordered = all(earlier <= later for earlier, later in itertools.pairwise(times))
    if times and ordered and times[-1] > scan.at:
        return replace(scan, high=high, at=times[-1], page=0)
    return replace(scan, high=high, page=scan.page + 1, counted=True)


def _ended(scan: Scan, high: str) -> Scan:
    if not scan.counted or high == scan.before or scan.again >= MOST_AGAIN:
        return Scan(high)
    return Scan(high, scan.start, more=True, start=scan.start, before=high, again=scan.again + 1)
