"""What the gateway's answers mean: codes and wordings by a table, for the texts of its lists are not public.

A code stands in the header, in the row of an acknowledgement, or as the result of a question.
"""

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from lxml import etree

from adapters._kit.soap_inner import Inner
from adapters._kit.wordings import Wording, meaning
from adapters._kit.xml import Element
from adapters._kit.xml_signature import SignatureError
from adapters.tax.frame import Frame, FrameError
from adapters.tax.settings import Names

FOREIGN = (etree.LxmlError, InvalidSignature, FrameError, SignatureError)
"""What reading an answer may raise beside the transport's errors; all of it means that it cannot be used."""


@dataclass(frozen=True, slots=True)
class Told(Inner):
    """An answer of the gateway, and its frame."""

    frame: Frame

    @property
    def row(self) -> Element:
        """The first row; a frame has at least one."""
        return self.frame.rows[0]


def normal_code(text: str) -> str:
    """Write a code one way: "0" and "00" are the same; "" is none."""
    bare = text.strip()
    return bare if bare.strip("0") or not bare else "0"


def told(frame: Frame, text: str, service: str, wordings: tuple[Wording, ...], names: Names) -> Told:
    """Find what an answer says, its header first. Raises `FrameError` where it says two things at once."""
    row = frame.rows[0]
    for name in (".//ERROR_CODE", names.code):
        if len({normal_code(each.text or "") for one in frame.rows for each in one.iterfind(name)}) > 1:
            raise FrameError(f"it has several {name.removeprefix('.//')} that differ")
    pairs = [
        (frame.header.get("ERROR_CODE", ""), frame.header.get("ERROR_DESC", "")),
        (row.findtext(".//ERROR_CODE", ""), row.findtext(".//ERROR_DESC", "")),
        (row.findtext(names.code, ""), row.findtext(names.said, "")),
    ]
    coded = [(normal_code(code), said.strip()) for code, said in pairs if code.strip()]
    code, said = next((pair for pair in coded if pair[0] != "0"), coded[0] if coded else ("", ""))
    return Told(text, code, said, meaning(wordings, service, code, said), frame)
