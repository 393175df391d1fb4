"""The eDoc profile's elements and ours: the same names in other namespaces, and what each side wants beside.

The service demands tags that may be empty (reference 5.3), writes `Business` where the standard has
`Bussiness` (7.1), and the times of traces as dd/MM/yyyy (7.5).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from adapters.ioffice.edxml.names import HERE, ORDER, local, q

_FROM = ("OrganId", "OrganizationInCharge", "OrganName", "OrganAdd", "Email", "Telephone", "Fax", "Website")
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "MessageHeader": (
        "Code", "PromulgationInfo", "DocumentType", "Subject", "Content", "SignerInfo", "DueDate", "ToPlaces",
        "OtherInfo",
    ),
    "From": _FROM,
    "To": tuple(name for name in _FROM if name != "OrganizationInCharge"),
    "Code": ("CodeNumber", "CodeNotation"),
    "PromulgationInfo": ("Place", "PromulgationDate"),
    "DocumentType": ("Type", "TypeName"),
    "SignerInfo": ("Competence", "Position", "FullName"),
    "OtherInfo": (
        "Priority", "SphereOfPromulgation", "TyperNotation", "PromulgationAmount", "PageAmount", "Appendixes",
    ),
}  # fmt: skip
"""Element -> tags that it must have, empty or not (reference 5.3)."""
_TIME = re.compile(r"(\d\d)/(\d\d)/(\d{4}) (\d\d:\d\d:\d\d)", re.ASCII)


def in_namespace(element: Any, namespace: str | None, prefixes: Any) -> Any:
    """Copy an element and all below it into one namespace; comments, instructions and foreign marks go."""
    made: Any = etree.Element(_named(local(element.tag), namespace), nsmap=prefixes or None)
    todo = [(element, made)]
    while todo:
        source, target = todo.pop()
        for name, value in source.items():
            if not name.startswith("{"):
                target.set(name, value)
        target.text = source.text
        todo += [
            (child, etree.SubElement(target, _named(local(child.tag), namespace)))
            for child in source.iterchildren(etree.Element)
        ]
    return made


def for_service(part: Any, namespace: str) -> Any:
    """Write a header for the service, with every tag that it demands, in our order."""
    made = in_namespace(part, namespace, {"edXML": namespace})
    todo = [made]
    while todo:
        element = todo.pop()
        name = local(element.tag)
        if name in _REQUIRED:
            _fill(element, name, namespace)
        todo += list(element)
    return made


def from_service(part: Any) -> Any:
    """Read a header of the service into the standard's names."""
    made = in_namespace(part, HERE[None], HERE)
    for element in made.iter():
        name = local(element.tag)
        if name.startswith("Business"):
            element.tag = q(name.replace("Business", "Bussiness", 1))
    for stamp in made.iter(q("Timestamp")):
        stamp.text = _TIME.sub(r"\3/\2/\1 \4", stamp.text or "")
    return made


def answered(envelope: Any, name: str) -> Any:
    """Find an element below an answer's header or body by its local name; None where it has none."""
    return next((each for each in envelope.iter(etree.Element) if local(each.tag) == name), None)


def texts(element: Any, name: str) -> Iterator[str]:
    """Give the texts of all elements of a local name below one."""
    for each in element.iter(etree.Element):
        if local(each.tag) == name:
            yield (each.text or "").strip()


def _named(name: str, namespace: str | None) -> str:
    return f"{{{namespace}}}{name}" if namespace else name


def _fill(element: Any, name: str, namespace: str) -> None:
    there = {local(child.tag) for child in element}
    for each in _REQUIRED[name]:
        if each not in there:
            etree.SubElement(element, _named(each, namespace))
    order = ORDER[name]
    children = list(element)
    places = {each: place for place, each in enumerate(order)}
    element[:] = sorted(children, key=lambda child: places.get(local(child.tag), len(order)))
