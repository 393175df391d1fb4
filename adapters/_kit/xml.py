"""The one parser for XML that comes from outside, and checks against XML schemas that never say a value.

No document type, no entity, nothing fetched: a document that declares any is refused whole.
"""

import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lxml import etree

from bus.errors import ConfigurationError

Element = Any
"""An lxml element; lxml's own type is private."""
Load = Callable[[str], bytes]
"""Gives what stands at an address; raises OSError for one that it does not know."""

HUGE = 9_000_000
"""Bytes below libxml2's limit of 10 MB for one text; a longer document is parsed with the limit off."""


class XmlError(ValueError):
    """What came is no XML that we take; the text says why and quotes nothing of it."""


def parse(content: bytes, *, comments: bool = False) -> Element:
    """Parse a document; `comments` keeps comments, as signed texts need. Raises `XmlError`."""
    try:
        root = etree.fromstring(content, _parser(huge=len(content) > HUGE, comments=comments))
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise XmlError(f"no well-formed XML (line {line}, column {column})") from None
    except ValueError:  # a text with an encoding declaration, given as text
        raise XmlError("no well-formed XML") from None
    info: Any = root.getroottree().docinfo
    if info.doctype or info.internalDTD is not None:
        raise XmlError("XML with a document type (DTD), which is never taken")
    return root


def parse_text(text: object, *, comments: bool = False) -> Element:
    """Parse a document that came as a text inside another one. Raises `XmlError`.

    It is in the encoding of what carried it, whatever its declaration says of itself (.NET writes "utf-16").
    """
    if not isinstance(text, str):
        raise XmlError("no text at all")
    bare = text.lstrip("\ufeff \t\r\n")
    declared = _DECLARATION.match(bare)
    try:
        return parse(bare[declared.end() :].encode() if declared else bare.encode(), comments=comments)
    except UnicodeEncodeError:
        raise XmlError("no well-formed XML") from None


_DECLARATION = re.compile(r"<\?xml\s[^>]*?\?>")


def _parser(*, huge: bool, comments: bool, resolver: etree.Resolver | None = None) -> etree.XMLParser:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=huge,
        remove_comments=not comments,
        remove_pis=False,
    )
    if resolver is not None:
        parser.resolvers.add(resolver)
    return parser


class XmlSchema:
    """A compiled XML schema; safe for many threads."""

    def __init__(self, content: bytes, load: Load, address: str = "") -> None:
        """Compile; what it imports is given by `load` alone. Raises `XmlError` with the compiler's words."""
        try:
            document = etree.fromstring(
                content, _parser(huge=False, comments=False, resolver=_Given(load)), base_url=address
            )
            self._schema = etree.XMLSchema(document)
        except (etree.XMLSchemaParseError, etree.XMLSyntaxError, OSError) as error:
            raise XmlError(f"the schema cannot be used: {error}") from None
        self._lock = threading.Lock()

    def problems(self, element: Element) -> tuple[str, ...]:
        """Give every problem of an element as "path: what is wrong", without values: they are citizens'."""
        with self._lock:  # an lxml schema keeps the log of its last check
            if self._schema.validate(element):
                return ()
            log: Any = self._schema.error_log
            return tuple(dict.fromkeys(_problem(entry) for entry in log))


def read_xsd(path: Path) -> XmlSchema:
    """Read a schema file that is shipped or configured; it may import files of its own folder alone."""
    return XmlSchema(path.read_bytes(), lambda url: _beside(path.parent, url), str(path))


def read_own(own: Path | None, shipped: Path, name: str) -> XmlSchema:
    """Read a schema by its file name: the installation's own where its folder has it, else the shipped one.

    Raises `ConfigurationError` that names the file.
    """
    path = own / name if own is not None and (own / name).is_file() else shipped / name
    try:
        return read_xsd(path)
    except XmlError as error:
        raise ConfigurationError([f"{path}:1:1: {error}"]) from None


def _beside(folder: Path, url: str) -> bytes:
    path = Path(url).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise FileNotFoundError(f"{url} is not beside the schema")
    return path.read_bytes()


class _Given(etree.Resolver):
    """Answers every address by `load`, so that nothing is fetched."""

    def __init__(self, load: Load) -> None:
        self._load = load

    def resolve(self, system_url: str, public_id: str, context: Any) -> Any:  # type: ignore[override]  # the stubs lack the context
        """Give the document of an address; raises what `load` raises."""
        del public_id
        return self.resolve_string(self._load(system_url), context, base_url=system_url)


_NAMED = re.compile(
    r"Element '(?:\{[^}']*\})?([^']+)'(?:, attribute '(?:\{[^}']*\})?([^']+)')?: (.*)", re.DOTALL
)
_WHAT: Mapping[str, str] = {
    "SCHEMAV_CVC_ELT_1": "is no element that the schema knows",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": "holds text where elements are meant",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": "is an attribute that is not allowed",
    "SCHEMAV_CVC_COMPLEX_TYPE_4": "lacks an attribute",
    "SCHEMAV_CVC_ELT_3_1": "must not be nil",
}
_FORM = "has not the form that the schema wants"


def _problem(entry: Any) -> str:
    """Say one line of libxml2's log without the value that it quotes."""
    found = _NAMED.match(entry.message)
    if found is None:
        return f"the message: {_FORM}"
    name = f"{found[1]}/@{found[2]}" if found[2] else found[1]
    if (
        entry.type_name == "SCHEMAV_ELEMENT_CONTENT"
    ):  # names alone: "This element is not expected. Expected …"
        return f"{name}: {re.sub(r'{[^}]*}', '', found[3]).strip()}"
    return f"{name}: {_WHAT.get(entry.type_name, _FORM)}"
