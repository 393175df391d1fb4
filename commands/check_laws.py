"""The laws of the sheets, proved with a progress bar: `in(out(x)) = x` and `out(in(m)) = m`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from mappings.engine import Compiled
from mappings.laws import Proof, prove

SAMPLES = 100
"""Messages generated for each sheet, the same at every run."""


def prove_all(sheets: Sequence[Compiled]) -> tuple[Proof, ...]:
    """Prove every sheet; the progress goes to standard error, on a terminal only."""
    told = Console(stderr=True)
    watched = track(sheets, "laws of the sheets", console=told, transient=True, disable=not told.is_terminal)
    return tuple(prove(sheet, SAMPLES) for sheet in watched)


def broken(proofs: Iterable[Proof], places: Mapping[str, str]) -> list[str]:
    """What does not hold, a line for each field of a sheet: its first counterexample, values invented."""
    first = {
        (proof.sheet, found.law, found.path): f"{places[proof.sheet]}: a law does not hold: {found}"
        for proof in proofs
        for found in reversed(proof.counterexamples)
    }
    return sorted(first.values())


def as_object(proofs: Iterable[Proof]) -> list[dict[str, Any]]:
    """The proofs as a program reads them."""
    return [
        {
            "sheet": proof.sheet,
            "samples": proof.samples,
            "holds": proof.holds,
            "one_way": [asdict(line) for line in proof.one_way],
        }
        for proof in proofs
    ]


def one_way_table(proofs: Iterable[Proof]) -> Table:
    """The lines that carry nothing back: no fault, but whoever configures shall know them."""
    table = Table(title="lines that carry nothing back (dòng một chiều)", title_justify="left")
    for name in ("sheet", "theirs", "ours", "why", "vì sao"):
        table.add_column(name, overflow="fold")
    for proof in proofs:
        for count, line in enumerate(proof.one_way):
            table.add_row("" if count else proof.sheet, line.their, line.ours, line.why, line.vi)
        table.add_section()
    return table
