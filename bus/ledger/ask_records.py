"""The values of questions to peers that never call back: taken when they are due, noted when asked."""

from collections.abc import Mapping

import msgspec

from bus.ledger.records import Claimed


class TakeAsks(msgspec.Struct, frozen=True, gc=False):
    """Ask for the legs whose peers are to be asked now, at most so many.

    `every` are seconds until the next question, by route without a value; `ways` (connector, operation).
    """

    every: Mapping[str, float]
    ways: Mapping[str, tuple[str, str]]
    most: int


class Asked(msgspec.Struct, frozen=True, gc=False):
    """A leg whose peer is asked now, with what the question needs; `reason` is the leg's present one."""

    dossier: int
    route: str
    reason: str
    claimed: Claimed


class AskNoted(msgspec.Struct, frozen=True, gc=False):
    """Note on an open leg why its peer could not be asked; "" once it could."""

    dossier: int
    route: str
    reason: str
