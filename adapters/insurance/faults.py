"""What the authority's answers mean: maKetQua by a table. The class of a code is not HTTP's (reference 1.1c).

The card check's own list of codes is business and stands in its sheet.
"""

from dataclasses import dataclass

from adapters._kit.soap_inner import Inner
from adapters._kit.xml import Element


@dataclass(frozen=True, slots=True)
class Told(Inner):
    """An answer of the authority, as parsed."""

    root: Element
