"""XML from a stream into a small tree, with the large texts led aside: memory does not grow with attachments.

expat reads (it gives long texts in pieces, as lxml's tree cannot), lxml holds the tree. A document type
declaration is refused at its first character, so no entity is ever defined, and nothing is fetched.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol
from xml.parsers import expat

from lxml import etree

from adapters.ioffice.edxml.limits import Limits
from adapters.ioffice.edxml.problems import PackageError, PackageProblem

CHUNK = 65_536
_MOST_LINE = 65_535
"""lxml holds no larger line; behind a long text of short lines the path alone says where."""


class Aside(Protocol):
    """Takes the text of one element that is led aside."""

    def feed(self, piece: bytes) -> None:
        """Take a piece of the text (UTF-8)."""
        ...

    def finish(self) -> None:
        """The element has ended."""
        ...


Led = Mapping[str, Callable[[Any], Aside]]
"""Tag ({uri}name) -> where the text of such an element is led, asked when it opens."""


def parse(source: BinaryIO, limits: Limits, led: Led, skipped: Collection[str]) -> Any:
    """Parse a document; returns its root. Elements know their line (`sourceline`).

    Elements whose local name is `skipped` are passed over, in any namespace, with all below them.
    Raises `PackageError` with one problem: XML that is not well-formed has no second place to go on from.
    """
    return _Parsing(limits, led, skipped).run(source)


@dataclass(slots=True)
class _Parsing:
    limits: Limits
    led: Led
    skipped: Collection[str]
    stack: list[Any] = field(default_factory=list)
    root: Any = None
    text: list[str] = field(default_factory=list)
    length: int = 0
    elements: int = 0
    below: int = 0
    """depth within an element that is passed over"""
    aside: Aside | None = None
    tags: dict[str, str] = field(default_factory=dict)
    passed: set[str] = field(default_factory=set)
    parser: Any = None

    def run(self, source: BinaryIO) -> Any:
        self.parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.buffer_size = CHUNK
        parser.ordered_attributes = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._doctype
        try:
            self._feed(source)
        except expat.ExpatError as error:
            raise PackageError([self._broken(error)]) from None
        except (LookupError, ValueError) as error:  # an encoding, name or namespace that the libraries refuse
            what = f"has what no XML library takes: {error}"
            problem = PackageProblem(self._path(), parser.CurrentLineNumber, what, "XML không hợp lệ")
            raise PackageError([problem]) from None
        return self.root

    def _feed(self, source: BinaryIO) -> None:
        fed = 0
        while chunk := source.read(CHUNK):
            fed += len(chunk)
            if fed > self.limits.package:
                self._refuse(f"is larger than {self.limits.package} bytes", "gói tin quá lớn")
            self.parser.Parse(chunk)
            if fed - self.parser.CurrentByteIndex > self.limits.token:
                self._refuse(
                    "has a tag, comment or instruction that is too long", "thẻ hoặc chú thích quá dài"
                )
        self.parser.Parse(b"", 1)

    def _start(self, name: str, attributes: list[str]) -> None:
        self.elements += 1
        stack = self.stack
        tag = self.tags.get(name) or self._tag(name)
        if self.aside is not None:
            self._refuse(
                "has an element where encoded content is meant", "nội dung mã hóa không được chứa phần tử"
            )
        if self.below or (stack and tag in self.passed):
            self.below += 1
        if self.elements > self.limits.elements or len(stack) + self.below >= self.limits.depth:
            self._too_many()
        if self.below:
            return
        element = etree.SubElement(stack[-1], tag) if stack else self._root(tag)
        line = self.parser.CurrentLineNumber
        element.sourceline = line if line < _MOST_LINE else 0
        if attributes:
            self._attributes(element, attributes)
        stack.append(element)
        if self.text:
            self._between()
        self.length = 0
        if led := self.led.get(tag):
            self.aside = led(element)

    def _between(self) -> None:
        """Forget the blanks before a child; letters there would be lost, so they are refused."""
        if "".join(self.text).strip():
            self._refuse("has text between elements", "có chữ lẫn giữa các phần tử")
        self.text.clear()

    def _attributes(self, element: Any, attributes: list[str]) -> None:
        if len(attributes) > 2 * self.limits.attributes:
            self._refuse(f"has more than {self.limits.attributes} attributes", "thẻ có quá nhiều thuộc tính")
        for key, value in zip(attributes[::2], attributes[1::2], strict=True):
            element.set(self._tag(key), value)

    def _root(self, tag: str) -> Any:
        here: Any = {None: tag[1:].partition("}")[0]} if tag.startswith("{") else None
        self.root = etree.Element(tag, nsmap=here)
        return self.root

    def _tag(self, name: str) -> str:
        uri, blank, rest = name.rpartition(" ")
        tag = self.tags[name] = f"{{{uri}}}{rest}" if blank else name
        if rest in self.skipped:
            self.passed.add(tag)
        return tag

    def _too_many(self) -> None:
        if self.elements > self.limits.elements:
            self._refuse(f"has more than {self.limits.elements} elements", "gói tin có quá nhiều phần tử")
        self._refuse(f"is nested deeper than {self.limits.depth}", "gói tin lồng nhau quá sâu")

    def _end(self, _name: str) -> None:
        if self.below:
            self.below -= 1
            return
        element = self.stack.pop()
        self.length = 0  # what stands behind it is not its own
        if self.aside is not None:
            self.aside.finish()
            self.aside = None
        elif len(element) == 0 and self.text:
            element.text = "".join(self.text)
        self.text.clear()

    def _characters(self, piece: str) -> None:
        if self.below:
            return
        if self.aside is not None:
            self.aside.feed(piece.encode())
            return
        self.length += len(piece)
        if self.length > self.limits.text:
            self._refuse(f"is longer than {self.limits.text} characters", "nội dung phần tử quá dài")
        if self.stack and len(self.stack[-1]):
            if not piece.isspace():
                self._refuse("has text between elements", "có chữ lẫn giữa các phần tử")
            return
        self.text.append(piece)

    def _doctype(self, *_declaration: Any) -> None:
        self._refuse("has a document type declaration (DTD)", "gói tin không được có khai báo DTD")

    def _refuse(self, what: str, vi: str) -> None:
        line = self.parser.CurrentLineNumber
        raise PackageError([PackageProblem(self._path(), line, what, vi)])

    def _broken(self, error: expat.ExpatError) -> PackageProblem:
        reason = expat.errors.messages.get(error.code, "not understood")
        what = f"is not well-formed XML at column {error.offset + 1}: {reason}"
        if error.code == _MISMATCH and self.stack:
            opened = self.stack[-1]
            what += f"; <{etree.QName(opened).localname}> of line {opened.sourceline} is not closed yet"
        if error.code == _LATE_START:
            what += "; nothing may stand before it"
        return PackageProblem(self._path(), error.lineno, what, f"XML không hợp lệ ({reason})")

    def _path(self) -> str:
        return "/".join(etree.QName(element).localname for element in self.stack[-8:])


_MISMATCH = expat.errors.codes[expat.errors.XML_ERROR_TAG_MISMATCH]
_LATE_START = expat.errors.codes[expat.errors.XML_ERROR_MISPLACED_XML_PI]
