"""The compiled form of a sheet: two functions, generated once and run for every message."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mappings.engine_code_read import Reader
from mappings.engine_code_write import Writer
from mappings.engine_module import Module
from mappings.engine_plan import Plan


@dataclass(frozen=True, slots=True)
class Code:
    """The two functions of a sheet and their source.

    `read(tree, source, day, top, as_of, notes)` gives the message, `write(message, source, day, message)` the
    tree; `top` collects what deep lines say of the message, `notes` what was noted at its own lines.
    """

    read: Callable[..., Any]
    write: Callable[..., Any]
    text: str = field(repr=False)


def generate(plan: Plan) -> Code:
    """Make the two functions of a sheet."""
    module = Module()
    read = Reader(module, plan).root()
    write = Writer(module, plan).root()
    space, text = module.run(plan.sheet.name)
    return Code(space[read], space[write], text)
