"""XML as the trees the engine walks: elements by name in any order, attributes as "@name", repeats as lists.

Only what a sheet knows is taken apart; an unknown element or attribute comes under its own name, to be noted.
An element of a namespace that the sheet does not name is unknown.
"""

from typing import Any

from lxml import etree

from mappings.engine_plan import Item, Known, Level
from mappings.sheet_values import Path, Sheet

Element = Any
"""An lxml element; lxml's own type is private."""
_MOST_NAMES = 2_000
"""So many names a sheet remembers: its own, and those of extensions that it meets."""


class RootError(Exception):
    """The document's element is another than the sheet's."""


class Names:
    """The names of a sheet's elements: as in its paths, and as lxml has them ({uri}local)."""

    def __init__(self, sheet: Sheet) -> None:
        self.by_prefix = sheet.namespaces
        self.by_uri = {uri: f"{prefix}:" if prefix else "" for prefix, uri in sheet.namespaces.items()}
        self.default = sheet.namespaces.get("")
        self._short: dict[str, str] = {}
        self._full: dict[str, str] = {}
        self._shapes: dict[int, tuple[Level, frozenset[Path], Known]] = {}

    def shape(self, level: Level) -> tuple[frozenset[Path], Known]:
        """Return what a level keeps whole and all its names, worked out once."""
        if (found := self._shapes.get(id(level))) is None:
            found = self._shapes[id(level)] = (level, frozenset(_kept(level, ())), _deep(level))
        return found[1], found[2]

    def short(self, tag: str) -> str:
        """Return the name that a path uses; an unknown namespace stays in the name."""
        return self._short.get(tag) or _noted(self._short, tag, self._shortened(tag))

    def _shortened(self, tag: str) -> str:
        name = etree.QName(tag)
        if not name.namespace:
            return tag if self.default is None else f"{{}}{tag}"
        prefix = self.by_uri.get(name.namespace)
        return tag if prefix is None else prefix + name.localname

    def attribute(self, key: str) -> str:
        """Return the name that a path uses for an attribute; the default namespace is not for attributes."""
        return self.short(key) if key.startswith("{") else key

    def full(self, step: str) -> str:
        """Return lxml's name of a step."""
        return self._full.get(step) or _noted(self._full, step, self._lengthened(step))

    def _lengthened(self, step: str) -> str:
        if step.startswith("{"):
            return step.removeprefix("{}")
        prefix, colon, local = step.rpartition(":")
        uri = self.by_prefix.get(prefix if colon else "")
        return f"{{{uri}}}{local}" if uri else step


def _noted(known: dict[str, str], name: str, other: str) -> str:
    """Remember a name; whoever sends ever new ones fills no memory."""
    if len(known) < _MOST_NAMES:
        known[name] = other
    return other


def to_tree(element: Element, names: Names, level: Level, root: str) -> dict[str, Any]:
    """Return the tree of a document; raises `RootError` where it is of another name."""
    found = names.short(element.tag)
    if found != root:
        raise RootError(found)
    kept, deep = names.shape(level)
    return _object(element, names, deep, kept, ())


def _kept(level: Level, at: Path) -> list[Path]:
    paths: list[Path] = []
    for item in (*level.reading, *level.writing):
        path = (*at, *item.theirs[0])
        if item.line.rule == "keep":
            paths.append(path)
        elif item.level is not None and item.shape != "spread":
            paths += _kept(item.level, path)
    return paths


def _deep(level: Level) -> Known:
    """Return the names of a level with those of its parts in place."""
    known: Known = dict(level.known)
    for item in (*level.reading, *level.writing):
        if item.level is not None and item.shape != "spread":
            below = _deep(item.level)
            if item.here:
                known = _merged(known, below)
            else:
                _place(known, item, below)
    return known


def _merged(known: Known, more: Known) -> Known:
    deeper = {
        name: _merged(known.get(name) or {}, below) for name, below in more.items() if below is not None
    }
    return {**more, **known, **deeper}


def _place(known: Known, item: Item, below: Known) -> None:
    node = known = _copied(known, item.theirs[0][:-1]) if len(item.theirs[0]) > 1 else known
    for step in item.theirs[0][:-1]:
        node = node[step]
    if item.theirs[0]:
        node[item.theirs[0][-1]] = below


def _copied(known: Known, path: Path) -> Known:
    node = known
    for step in path:
        node[step] = dict(node[step] or {})
        node = node[step]
    return known


def _object(element: Element, names: Names, known: Known, kept: frozenset[Path], at: Path) -> dict[str, Any]:
    tree: dict[str, Any] = {f"@{names.attribute(key)}": value for key, value in element.attrib.items()}
    for child in element:
        if not isinstance(child.tag, str):
            continue
        name = names.short(child.tag)
        _add(tree, name, _value(child, names, known.get(name), kept, (*at, name)))
    if element.text and element.text.strip() and len(element):
        tree["#text"] = element.text
    return tree


def _add(tree: dict[str, Any], name: str, value: Any) -> None:
    if name not in tree:
        tree[name] = value
    elif isinstance(tree[name], list):
        tree[name].append(value)
    else:
        tree[name] = [tree[name], value]


def _value(element: Element, names: Names, known: Known | None, kept: frozenset[Path], at: Path) -> Any:
    if at in kept:
        return etree.tostring(element, encoding="unicode", with_tail=False)
    if known is not None or len(element):
        return _object(element, names, known or {}, kept, at)
    return element.text or ""


def to_element(tree: dict[str, Any], names: Names, level: Level, root: str) -> Element:
    """Return the document of a tree that was written; elements stand in the order of the tree."""
    prefixes: Any = {key or None: uri for key, uri in names.by_prefix.items()}
    element = etree.Element(names.full(root), nsmap=prefixes)
    _fill(element, tree, names, names.shape(level)[0], ())
    return element


def _fill(element: Element, tree: dict[str, Any], names: Names, kept: frozenset[Path], at: Path) -> None:
    for name, value in tree.items():
        if value is None:
            continue
        if name.startswith("@"):
            element.set(names.full(name[1:]) if ":" in name else name[1:], str(value))
            continue
        for one in value if isinstance(value, list) else [value]:
            _append(element, name, one, names, kept, (*at, name))


def _append(parent: Element, name: str, value: Any, names: Names, kept: frozenset[Path], at: Path) -> None:
    if at in kept:
        parent.append(etree.fromstring(value, _PARSER))
        return
    element = etree.SubElement(parent, names.full(name))
    if isinstance(value, dict):
        _fill(element, value, names, kept, at)
    elif value != "":
        element.text = str(value)


_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
"""Fragments come from our own messages; no entity is resolved and nothing is fetched all the same."""
