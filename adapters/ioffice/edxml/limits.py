"""How much a package may be before it is refused; every limit is there against one attack or accident."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes. `package` bounds the whole XML, `attachment` one file as its receiver gets it.

    `elements`, `depth`, `attributes` and `text` (of one element), `token` (one tag, comment or instruction)
    bound what is held in memory and the time it takes. `ratio` is how much more an archive may unpack to,
    counted beyond its first 16 MB; `entries` is how many names of an archive are looked at.
    """

    package: int = 600_000_000
    attachment: int = 200_000_000
    attachments: int = 200
    elements: int = 20_000
    depth: int = 32
    attributes: int = 32
    text: int = 100_000
    token: int = 1_000_000
    ratio: int = 250
    entries: int = 10_000


DEFAULT = Limits()
