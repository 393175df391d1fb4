"""Trees of dicts and lists as the engine walks them: paths, absence, and what no line names."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from mappings.engine_plan import Known
from mappings.sheet_values import Path


class ShapeError(Exception):
    """Where an object is meant stands something else, at `path`."""

    def __init__(self, path: Path, value: Any) -> None:
        self.path, self.value = path, value
        super().__init__(path)


def blank(value: Any) -> bool:
    """Whether a value of theirs is absent: nothing, or a text of blanks."""
    return value is None or (isinstance(value, str) and not value.strip())


def empty(value: Any) -> bool:
    """Whether there is nothing in a value, however deep."""
    if isinstance(value, dict):
        return all(empty(each) for each in value.values())
    if isinstance(value, list):
        return all(empty(each) for each in value)
    return blank(value)


def absent(value: Any) -> bool:
    """Whether a value of ours is absent."""
    return value is None or (not value and isinstance(value, str | tuple | list | dict))


def fetch(tree: Any, path: Path) -> Any:
    """Return what stands at a path of theirs, None where nothing does; raises `ShapeError`."""
    node = tree
    for count, step in enumerate(path):
        if step.isdigit() and isinstance(node, list):
            node = node[int(step)] if int(step) < len(node) else None
        elif step.isdigit() and isinstance(node, dict) and step == "0":
            continue
        elif isinstance(node, dict):
            node = node.get(step)
        elif blank(node) or node == []:
            return None
        else:
            raise ShapeError(path[:count], node)
    return node


def put(tree: dict[str, Any], path: Path, value: Any) -> None:
    """Put a value at a path, making the objects (and the list of one) on the way."""
    node: Any = tree
    for step, following in pairwise(path):
        fresh: Any = [] if following.isdigit() else {}
        if isinstance(node, list):
            if not node:
                node.append(fresh)
            node = node[0]
        else:
            node = node.setdefault(step, fresh)
    if isinstance(node, list):
        node.append(value)
    else:
        node[path[-1]] = value


def within(tree: dict[str, Any], known: Known) -> dict[str, Any]:
    """Return the columns of a row that a part made of it names; {} where nothing is in them."""
    found = {name: _inside(tree[name], below) for name, below in known.items() if name in tree}
    return {} if empty(found) else found


def _inside(value: Any, known: Known | None) -> Any:
    return within(value, known) if known and isinstance(value, dict) else value


def unknown(tree: Any, known: Known) -> dict[str, Any]:
    """Return what no line names, nested as it stands; items of a list under their count."""
    found: dict[str, Any] = {}
    for name, value in _members(tree, known):
        if name not in known:
            found[name] = value
        elif known[name] is not None and (below := unknown(value, known[name])):
            found[name] = below
    return found


def _members(tree: Any, known: Known) -> Iterator[tuple[str, Any]]:
    counted = any(name.isdigit() for name in known)
    if isinstance(tree, list):
        yield from ((str(count), value) for count, value in enumerate(tree))
    elif isinstance(tree, dict) and counted:
        yield "0", tree
    elif isinstance(tree, dict):
        yield from tree.items()


def put_back(tree: Any, extras: dict[str, Any], known: Known) -> None:
    """Give back what no line named; what a line has written is never touched."""
    for name, value in extras.items():
        if known.get(name) is not None and isinstance(value, dict):
            put_back(_below(tree, name, known[name]), value, known[name])
        elif isinstance(tree, list):
            if int(name) >= len(tree):
                tree.append(value)
        elif name not in known:
            tree.setdefault(name, value)


def _below(tree: Any, name: str, known: Known) -> Any:
    fresh: Any = [] if any(each.isdigit() for each in known) else {}
    if isinstance(tree, list):
        if not tree:
            tree.append(fresh)
        return tree[0]
    below = tree.get(name)
    if not isinstance(below, dict | list):
        below = tree[name] = fresh
    return below


def leaves(extras: dict[str, Any], known: Known, at: Path) -> Iterator[tuple[Path, Any]]:
    """Yield every field of what `unknown` found, with its path."""
    for name, value in extras.items():
        if known.get(name) is not None and isinstance(value, dict):
            yield from leaves(value, known[name], (*at, name))
        else:
            yield (*at, name), value
