"""Finds the adapter types: every folder beside this file with an `adapter.py` that says `TYPE`.

An installation may have folders of its own; nothing else needs to know of a new kind of system.
"""

import importlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from bus.errors import ConfigurationError
from bus.ports import AdapterType

_HERE = Path(__file__).parent


def adapter_types(further: Sequence[str] = ()) -> dict[str, AdapterType]:
    """Import and return all adapter types by name; `further` are packages ("tests.sixth") beside the shipped.

    Raises `ConfigurationError` where a folder's adapter has no TYPE or two have the same name.
    """
    shipped = sorted(f"adapters.{path.parent.name}" for path in _HERE.glob("*/adapter.py"))
    types: dict[str, AdapterType] = {}
    problems: list[str] = []
    for package in (*shipped, *further):
        found = _type_of(package)
        if not isinstance(found, AdapterType):
            problems.append(f"{package}/adapter.py:1:1: there is no TYPE. Say TYPE = AdapterType(…)")
        elif found.name in types:
            problems.append(f'{package}/adapter.py:1:1: there is another adapter type "{found.name}"')
        else:
            types[found.name] = found
    if problems:
        raise ConfigurationError(problems)
    return types


def _type_of(package: str) -> object:
    module = f"{package}.adapter"
    return getattr(importlib.import_module(module), "TYPE", None) if find_spec(module) else None
