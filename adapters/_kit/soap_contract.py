"""A peer's SOAP contract: a WSDL and its schemas from files of one folder, never fetched.

What the WSDL imports by a web address is looked up in `catalogue.toml` beside it (`"http://…" = "FILE"`).
zeep does not validate, so the contract's own schemas are compiled beside it.
"""

import logging
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lxml import etree
from zeep import Settings
from zeep.exceptions import Error as ZeepError
from zeep.transports import Transport
from zeep.wsdl import Document
from zeep.wsdl.bindings import Soap11Binding, Soap12Binding

from adapters._kit.xml import Element, XmlError, XmlSchema, parse
from bus.errors import ConfigurationError
from mappings.source import Problem, did_you_mean

CATALOGUE = "catalogue.toml"
SETTINGS = {
    "strict": True, "forbid_dtd": True, "forbid_entities": True, "force_https": False, "xml_huge_tree": True,
}  # fmt: skip
"""strict=False would repair truncated answers and take them for success (reference 2.4). A text of more than
10 MB is no attack (2.6): how large an answer may be is the line's to say, and it was parsed before."""
_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_XSD = "{http://www.w3.org/2001/XMLSchema}"
_UNREADABLE = (
    ZeepError, etree.LxmlError, OSError, ValueError, TypeError, LookupError, AttributeError,
    NotImplementedError, RuntimeError, AssertionError,
)  # fmt: skip
"""What zeep is known to raise over a WSDL that it cannot read (a test walks its own exceptions)."""


class ForeignAddressError(OSError):
    """A contract wants something from outside its folder that the catalogue does not have."""


class Catalogue(Transport):
    """What zeep may read: the files of one folder. It opens no connection."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder.resolve()
        listed = self._folder / CATALOGUE
        self._named: dict[str, str] = (
            tomllib.loads(listed.read_text(encoding="utf-8")) if listed.is_file() else {}
        )

    def load(self, url: str) -> bytes:
        """Read a file of the folder; raises `ForeignAddressError` for anything else."""
        name = self._named.get(url, url)
        path = (self._folder / name).resolve()
        if "://" in name or not path.is_relative_to(self._folder):
            hint = f'save it beside the WSDL and name it in {CATALOGUE}: "{url}" = "FILE"'
            raise ForeignAddressError(f"nothing is fetched from {url}; {hint}")
        return path.read_bytes()

    def post(self, address: str, *_: Any) -> Any:
        """Nothing is sent through a catalogue."""
        raise ForeignAddressError(f"a contract sends nothing to {address}")

    get = post_xml = post


class Contract:
    """A WSDL as read: its binding, its operations and its own schema. Safe for many threads."""

    def __init__(self, wsdl: Path) -> None:
        """Read it; raises `ConfigurationError` that names the file. Prefers SOAP 1.1 (reference 2.3)."""
        self.path = wsdl
        # zeep logs the values that it cannot read, with their traceback: they may be a citizen's
        logging.getLogger("zeep").setLevel(logging.CRITICAL + 1)
        try:
            catalogue = Catalogue(wsdl.parent)
            transport: Any = catalogue
            self.document: Any = Document(str(wsdl.resolve()), transport, settings=Settings(**SETTINGS))
            self.schema = _schema(wsdl.resolve(), catalogue)
        except _UNREADABLE as error:
            raise self._wrong(f"the WSDL cannot be used: {error}") from None
        bindings = self.document.bindings.values()
        soap = [each for kind in (Soap11Binding, Soap12Binding) for each in bindings if type(each) is kind]
        if not soap:
            raise self._wrong("the WSDL has no SOAP binding")
        self.binding: Any = soap[0]

    @property
    def namespace(self) -> str:
        """The envelope's namespace: which SOAP this contract speaks."""
        return str(self.binding.nsmap["soap-env"])

    @property
    def address(self) -> str:
        """Where the WSDL says that it answers; "" where it does not say."""
        ports = [port for service in self.document.services.values() for port in service.ports.values()]
        mine = (port.binding_options["address"] for port in ports if port.binding is self.binding)
        return next(mine, "") or ""

    def strings(self, operations: Sequence[str]) -> None:
        """Check that each operation is there, one string in and one string out (reference 1.0)."""
        lacking = self._lacking(operations)
        more = [
            self._problem(f'operation "{name}" is not one string in, one string out')
            for name in operations
            if name not in lacking
            and not (_single(self.binding.get(name).input) and _single(self.binding.get(name).output))
        ]
        if lacking or more:
            raise ConfigurationError([*lacking.values(), *more])

    def has(self, operations: Sequence[str]) -> None:
        """Check that each operation is there; raises `ConfigurationError` with every one that is not."""
        if lacking := self._lacking(operations):
            raise ConfigurationError(list(lacking.values()))

    def offers(self, operation: str) -> bool:
        """Whether the contract has an operation, for those that a peer may do without."""
        return not self._lacking((operation,))

    def _lacking(self, operations: Sequence[str]) -> dict[str, Problem]:
        known = sorted(self.binding._operations)  # noqa: SLF001 - zeep offers no public way to list them
        return {name: self._unknown(name, known) for name in operations if name not in known}

    def _unknown(self, name: str, known: Sequence[str]) -> Problem:
        near = did_you_mean(name, known)
        hint = f'Did you mean "{near}"?' if near else f"It has: {', '.join(known)}"
        return self._problem(f'the WSDL has no operation "{name}"', hint)

    def problems(self, element: Element) -> tuple[str, ...]:
        """Check the content of a Body against the contract; what its schemas do not declare passes (RPC)."""
        if self.schema is None or etree.QName(element).namespace not in self._declared():
            return ()
        return self.schema.problems(element)

    def answer_problems(self, operation: str, element: Element) -> tuple[str, ...]:
        """Check what an operation gave back: its own answer, in its own namespace, as the schemas say."""
        output = self.binding.get(operation)
        name = getattr(output.output.body, "qname", None)
        if output.style == "document" and name is not None and element.tag != name.text:
            return (f"{etree.QName(element).localname}: is not the answer of {operation}",)
        return self.problems(element)

    def _declared(self) -> Sequence[str]:
        return tuple(self.document.types.namespaces)

    def _wrong(self, what: str) -> ConfigurationError:
        return ConfigurationError([self._problem(what)])

    def _problem(self, what: str, hint: str = "") -> Problem:
        return Problem(str(self.path), 1, 1, what, hint)


def _single(message: Any) -> bool:
    """Whether a message is one element that holds one string."""
    body = getattr(message, "body", None)
    elements = list(getattr(getattr(body, "type", None), "elements", ()))
    return len(elements) == 1 and getattr(elements[0][1].type, "accepted_types", None) == [str]


def _schema(wsdl: Path, catalogue: Catalogue) -> XmlSchema | None:
    """Compile all schemas of a WSDL into one, through a driver that imports each."""
    given = dict(enumerate(_schemas(str(wsdl), catalogue, set())))
    if not given:
        return None
    texts = {f"embedded:{count}": (address, etree.tostring(one)) for count, (address, one) in given.items()}

    def load(url: str) -> bytes:
        return texts[url][1] if url in texts else catalogue.load(url.removeprefix("file://"))

    driver = etree.Element(f"{_XSD}schema", targetNamespace="urn:lienthong:driver")
    for count, (_, one) in given.items():
        named = {"namespace": one.get("targetNamespace")} if one.get("targetNamespace") else {}
        etree.SubElement(driver, f"{_XSD}import", schemaLocation=f"embedded:{count}", **named)
    try:
        return XmlSchema(etree.tostring(driver), load, str(wsdl))
    except XmlError as error:
        raise ValueError(str(error)) from None


def _schemas(address: str, catalogue: Catalogue, seen: set[str]) -> Iterator[tuple[str, Element]]:
    """Every schema that stands in a WSDL or in one that it imports, with relative places made absolute."""
    if address in seen:
        return
    seen.add(address)
    root = parse(catalogue.load(address))
    folder = Path(address).parent
    for one in root.iterfind(f"{_WSDL}types/{_XSD}schema"):
        for link in one.iter(f"{_XSD}import", f"{_XSD}include"):
            _anchor(link, folder)
        yield address, one
    for link in root.iterfind(f"{_WSDL}import"):
        location = link.get("location", "")
        yield from _schemas(location if "://" in location else str(folder / location), catalogue, seen)


def _anchor(link: Element, folder: Path) -> None:
    location = link.get("schemaLocation")
    if location and "://" not in location:
        link.set("schemaLocation", str(folder / location))


def named(operations: Mapping[str, str]) -> str:
    """Say a table of operations in one line, for a probe."""
    return ", ".join(f"{ours} is {theirs}" for ours, theirs in operations.items())
