"""The GIP's frame: `DATA/HEADER BODY SECURITY` as a text, written once and read as it came (reference 1.2d).

The text is signed, so nothing of it is written anew: what is kept is the text itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from adapters._kit.xml import Element, XmlError, XmlSchema, parse_text

HEADER = (
    "VERSION", "SENDER_CODE", "SENDER_NAME", "RECEIVER_CODE", "RECEIVER_NAME", "TRAN_CODE", "MSG_ID",
    "MSG_REFID", "ID_LINK", "SEND_DATE", "ORIGINAL_CODE", "ORIGINAL_NAME", "ORIGINAL_DATE", "ERROR_CODE",
    "ERROR_DESC", "SPARE1", "SPARE2", "SPARE3",
)  # fmt: skip
"""The header's fields in the order of the observed requests; absent ones are written empty."""


class FrameError(ValueError):
    """A text is no frame of the GIP; `problems` are all of them, without values."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Frame:
    """A message of the gateway: its header, its rows and the whole as parsed, for the signature."""

    header: Mapping[str, str]
    rows: tuple[Element, ...]
    root: Element


class Frames:
    """Writes and reads frames by their schema; safe for many threads."""

    def __init__(self, schema: XmlSchema) -> None:
        self._schema = schema

    def compose(self, header: Mapping[str, str], row: Element) -> Element:
        """Make a frame around a row, not yet signed; the row is copied."""
        root = etree.Element("DATA")
        head = etree.SubElement(root, "HEADER")
        for name in HEADER:
            etree.SubElement(head, name).text = header.get(name) or None
        etree.SubElement(root, "BODY").append(_bare(row))
        etree.SubElement(root, "SECURITY")
        return root

    def read(self, text: object) -> Frame:
        """Read a frame; raises `FrameError` with every problem."""
        try:
            root = parse_text(text, comments=True)
        except XmlError as error:
            raise FrameError(f"the text inside the answer is {error}") from None
        if problems := self._schema.problems(root):
            raise FrameError(*problems)
        head = {each.tag: (each.text or "").strip() for each in root[0].iterchildren("*")}
        return Frame(head, tuple(root[1].iterchildren("ROW")), root)


def as_text(root: Element) -> str:
    """The text that goes over the wire and was signed."""
    return str(etree.tostring(root, encoding="unicode"))


def _bare(row: Element) -> Element:
    """A copy of a row without comments, instructions and blanks between elements."""
    return etree.fromstring(
        etree.tostring(row),
        etree.XMLParser(
            remove_comments=True, remove_pis=True, remove_blank_text=True, resolve_entities=False
        ),
    )
