"""The closed list of rules a sheet may name: see `RULES`.

A rule carries a value both ways or is marked one-way; its own generator of values is what the laws are proved
with (`mappings.laws`). Structure (lists, sub-objects, groups of columns) is the engine's; the list names it.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from mappings.rules_codes import CODE_RULES
from mappings.rules_numbers import NUMBER_RULES
from mappings.rules_terms import Bound, Check, Fault, Finding, Noted, PythonRule, Rule, Setting, no_argument
from mappings.rules_text import TEXT_RULES
from mappings.rules_time import ICT, TIME_RULES

__all__ = ["ICT", "RULES", "Bound", "Check", "Fault", "Finding", "Noted", "PythonRule", "Rule", "Setting"]


def _structure(_argument: str, _setting: Setting) -> Bound:
    return Bound(None, None, {}, theirs=(object,), ours=(object,))


def _keep(_: str, setting: Setting) -> Bound:
    def same(value: Any) -> Any:
        return value

    if setting.carrier == "xml":
        return Bound(same, same, {"type": "string"}, lambda _r: "<Khac>1</Khac>")
    return Bound(same, same, {}, _fragment, theirs=(object,), ours=(object,))


def _fragment(random: Random) -> dict[str, Any]:
    return {"khac": random.randint(0, 9), "danh_sach": ["a", None, {"b": True}]}


def _python(argument: str, setting: Setting) -> Bound:
    named = setting.functions[argument]
    anything: tuple[type, ...] = (object,)
    read, write = (_guarded(argument, each) for each in (named.read, named.write))
    return Bound(read, write, named.schema, named.make, anything, anything)


def _guarded(name: str, function: Callable[[Any], Any] | None) -> Callable[[Any], Any] | None:
    """Make a value that a function did not expect a fault of the value: peers send anything."""
    if function is None:
        return None

    def call(value: Any) -> Any:
        try:
            return function(value)
        except (TypeError, AttributeError, LookupError, ValueError) as error:
            what = f"is nothing that the function {name} can take ({type(error).__name__})"
            raise Fault(what, "giá trị không đúng dạng") from error

    return call


def _named(words: str) -> Callable[[str], str | None]:
    def check(argument: str) -> str | None:
        return None if argument and " " not in argument else f"needs one name, such as `{words}`"

    return check


def groups_of(argument: str) -> tuple[tuple[str, str], ...]:
    """The groups of a `spread`: prefix of the columns, and the item's `kind` (else the prefix itself)."""
    parted = (word.partition("=") for word in argument.split())
    return tuple((prefix, kind or prefix) for prefix, _, kind in parted)


def _prefixes(argument: str) -> str | None:
    groups = groups_of(argument)
    different = all(len(set(each)) == len(groups) for each in zip(*groups, strict=True))
    fine = len(groups) > 1 and different and all(prefix for prefix, _ in groups)
    return None if fine else "needs two or more different prefixes, each with a kind of its own"


_ANY = frozenset(
    {"text", "words", "int", "decimal", "bool", "time", "day", "struct", "structs", "texts", "any"}
)

RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        *TEXT_RULES,
        *NUMBER_RULES,
        *TIME_RULES,
        *CODE_RULES,
        Rule(
            "each",
            "danh sách, mỗi phần tử: {0}",
            frozenset({"structs", "texts"}),
            _structure,
            _named("each PART"),
            shape="each",
        ),
        Rule("part", "nhóm {0}", frozenset({"struct"}), _structure, _named("part PART"), shape="part"),
        Rule(
            "spread", "nhóm cột có tiền tố {0}", frozenset({"structs"}), _structure, _prefixes, shape="spread"
        ),
        Rule("keep", "giữ nguyên", frozenset({"any", "text"}), _keep, no_argument),
        Rule("python", "hàm riêng {0}", _ANY, _python, _named("python NAME")),
    )
}
"""name -> rule. What none of these can say is one named Python rule of the peer, never an expression."""
