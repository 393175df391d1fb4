"""`bench`: figures beside the limit and beside peers, measured in one run."""

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from rich.table import Table

from bus.errors import ConfigurationError
from commands.parts import ROOT, one_of
from commands.tell import FINE, NEEDS_YOU, out, put_json, say

BENCHES = ROOT / "bench"

_LONG = {
    "province": "the whole load takes over an hour on two cores, `--scale 0.02` two minutes",
    "soak": "this takes as long as --minutes says, half an hour without",
}


def bench(name: str, *, as_json: bool, **options: float | None) -> int:
    """Run a benchmark and print its figures; `NEEDS_YOU` where its account does not hold; may be repeated.

    Raises `ConfigurationError` where there is none of that name, or it has no such option.
    """
    run = _find(name)
    given = {option: value for option, value in options.items() if value is not None}
    if unknown := sorted(given.keys() - inspect.signature(run).parameters.keys()):
        raise ConfigurationError([f"bench {name} has no --{option}: leave it out" for option in unknown])
    lasts = _LONG.get(name, "this takes a minute or two")
    say(f"measuring {name}; {lasts}, and the machine should do nothing else")
    figures = run(**given)
    if as_json:
        put_json(figures)
    else:
        out().print(_table(name, figures))
    return FINE if holds(figures) else NEEDS_YOU


def holds(figures: Mapping[str, Any]) -> bool:
    """Whether what a benchmark draws up as an `account` is all zero, and nothing is left `open`. Pure."""
    return not any(figures.get("account", {}).values()) and not figures.get("open")


def known_benches() -> tuple[str, ...]:
    """The names that can be measured: modules of `bench/` with a function `run`, packages with a `load`."""
    return tuple(sorted(_modules()))


def _modules() -> dict[str, str]:
    """What is to be imported, by name: a package that makes a load has its measurement in `load.py`."""
    files = (file for file in BENCHES.glob("[a-z]*.py") if "_" not in file.stem)
    plain = {file.stem: f"bench.{file.stem}" for file in files if "\ndef run(" in file.read_text()}
    return plain | {file.parent.name: f"bench.{file.parent.name}.load" for file in BENCHES.glob("*/load.py")}


def _find(name: str) -> Callable[..., Mapping[str, Any]]:
    one_of("benchmark", name, known_benches())
    run: Callable[..., Mapping[str, Any]] = importlib.import_module(_modules()[name]).run
    return run


def _table(name: str, figures: Mapping[str, Any]) -> Table:
    table = Table(title=f"bench {name}", title_justify="left")
    table.add_column("figure")
    table.add_column("value", justify="right")
    for key, value in figures.items():
        table.add_row(key, f"{value:,.2f}" if isinstance(value, float) else str(value))
    return table
