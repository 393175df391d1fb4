"""The normal form of a package's tree: the order of writing, no blanks, nothing twice that may stand once."""

from collections.abc import Mapping
from typing import Any

from adapters.ioffice.edxml.names import ORDER, may_repeat, q
from adapters.ioffice.edxml.problems import PackageNote, PackageProblem
from adapters.ioffice.edxml.values import FORMS, path_of

_LAST = 99
_HERE = q("")

RANKS: Mapping[str, Mapping[str, int]] = {
    q(parent): {q(name): rank for rank, name in enumerate(names)} for parent, names in ORDER.items()
}
"""lxml's name of an element -> its children's -> their place in the order of writing."""
_ONCE = {
    q(parent): frozenset(q(name) for name in names if not may_repeat(parent, name))
    for parent, names in ORDER.items()
}


def normalise(tree: Any) -> tuple[list[PackageProblem], list[PackageNote]]:
    """Bring `tree` into normal form; gives values of a wrong form and twins, and what is not known (noted).

    Of two elements where the standard has one, nobody could say which counts.
    """
    problems: list[PackageProblem] = []
    notes: list[PackageNote] = []
    todo = [tree]
    while todo:
        element = todo.pop()
        element.tail = None
        if element.attrib:
            _own_attributes(element)
        if len(element):
            element.text = None
            todo += _children(element, tree, problems, notes)
        elif (text := element.text) is not None:
            element.text = text = text.strip() or None
            if text and (form := FORMS.get(element.tag)) and not form[0](text):
                problems.append(
                    PackageProblem(path_of(element, tree), element.sourceline or 0, form[1], form[2], text)
                )
    return problems, notes


def _own_attributes(element: Any) -> None:
    """Drop attributes of other namespaces (xsi, xlink), which some serialisers leave: they say nothing."""
    for name in [name for name in element.attrib if name.startswith("{")]:
        del element.attrib[name]


def _children(element: Any, tree: Any, problems: list[PackageProblem], notes: list[PackageNote]) -> list[Any]:
    """Arrange the children of an element and give them; what is of another namespace goes, noted."""
    children = list(element)
    foreign = [child for child in children if not child.tag.startswith(_HERE)]
    if foreign:
        notes += [_noted(child, tree, "is of another namespace and is not carried") for child in foreign]
        for child in foreign:
            element.remove(child)
        children = list(element)
    ranks = RANKS.get(element.tag)
    if ranks is None or not children:
        return children
    places = [ranks.get(child.tag, _LAST) for child in children]
    if places != (wanted := sorted(places)):
        order = sorted(range(len(children)), key=places.__getitem__)
        children = [children[place] for place in order]
        element[:] = children
    if wanted[-1] == _LAST:
        unknown = [child for child in children if child.tag not in ranks]
        notes += [_noted(child, tree, "the standard does not name this element") for child in unknown]
    if len(set(wanted)) < len(wanted):
        once, seen = _ONCE[element.tag], set()
        for child in children:
            if child.tag in seen and child.tag in once:
                problems.append(_twice(child, tree))
            seen.add(child.tag)
    return children


def _noted(child: Any, tree: Any, what: str) -> PackageNote:
    return PackageNote(path_of(child, tree), child.sourceline or 0, what)


def _twice(child: Any, tree: Any) -> PackageProblem:
    path = path_of(child, tree).rpartition("/")[0]
    return PackageProblem(path, child.sourceline or 0, "stands twice", "phần tử bị lặp")
