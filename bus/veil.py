"""Messages shown with everything hidden that a citizen wrote: codes, dates and words of lists can be read."""

import json
import re
from typing import Any

from lxml import etree

from bus.redaction import redacted

_OPEN = re.compile(r"[a-z_]{1,40}|(?!\d{8}\Z|\d{4}-\d\d-\d\d\Z)(?=\D*\d)[\w.:/+\-?=&%]{1,120}", re.ASCII)
"""Texts that may be shown but for identifiers: a small word; a code, time or URL (no bare day)."""


def veiled(value: Any) -> Any:
    """A tree of JSON with its texts hidden."""
    if isinstance(value, dict):
        return {key: veiled(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [veiled(item) for item in value]
    if not isinstance(value, str) or not value:
        return value
    return redacted(value) if _OPEN.fullmatch(value) else f"{value[0]}••• ({len(value)})"


def veiled_text(text: str) -> str:
    """JSON or XML with its texts hidden, laid out for reading; of anything else only how long it is."""
    try:
        return json.dumps(veiled(json.loads(text)), ensure_ascii=False, indent=2)
    except ValueError:
        return _veiled_xml(text)


def _veiled_xml(text: str) -> str:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, load_dtd=False)
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError:
        return f"••• ({len(text)})"
    for element in root.iter(etree.Element):
        element.text, element.tail = _veiled(element.text), None
        for name, value in element.attrib.items():
            element.set(name, veiled(value))
    etree.indent(root)
    return etree.tostring(root, encoding="unicode")


def _veiled(text: str | None) -> str | None:
    return veiled(text.strip()) if text and text.strip() else None
