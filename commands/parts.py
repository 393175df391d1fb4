"""The parts that an installation is put together from, as commands look at them: types, settings, files."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from adapters.registry import adapter_types
from bus.errors import ConfigurationError
from bus.files import FileStore
from bus.installation import Installation, read_installation
from bus.ports import AdapterType
from bus.scanning import Clamd
from mappings.source import did_you_mean

__all__ = [
    "EXAMPLE", "ROOT", "ROUTES", "SHEETS", "TABLES", "absent_types", "adapter_types", "file_store", "folders",
    "known_connectors", "one_of", "read_settings", "shown",
]  # fmt: skip

ROOT = Path(__file__).resolve().parents[1]
TABLES = ROOT / "deploy" / "tables"
SHEETS = ROOT / "mappings"
ROUTES = ROOT / "bus" / "routes"
EXAMPLE = ROOT / "settings.toml"
"""The installation that is shipped: what `describe` and `check` look at where none is named."""


class Unasked(dict[str, str]):
    """An environment for commands that use no secret: one that is not set does not stop them."""

    def get(self, key: str, default: str | None = None) -> str:  # type: ignore[override]  # every name has a value here
        """Give the variable, or a text that opens nothing."""
        return super().get(key) or default or "not set: this stands in, and opens nothing"


def read_settings(file: Path, *, secrets: bool = True) -> Installation:
    """Read an installation; raises `ConfigurationError` with every problem.

    Without `secrets`, environment variables that are not set are no problem: for commands that open nothing.
    """
    env: Mapping[str, str] = os.environ if secrets else Unasked(os.environ)
    return read_installation(
        shown(file), {name: each.settings for name, each in adapter_types().items()}, env
    )


def absent_types(installation: Installation, types: Mapping[str, AdapterType]) -> frozenset[str]:
    """The kinds of systems of which an installation has no connector: flows to them are not in force."""
    there = {one.type for one in installation.connectors.values()}
    return frozenset(types) - there - set(installation.connectors)


def file_store(installation: Installation) -> FileStore:
    """The installation's file store, as yet untouched."""
    files = installation.files
    scanner = Clamd(files.scan) if files.scan else None
    return FileStore(files.place(installation.installation.data), limit=int(files.limit), scanner=scanner)


def shown(file: Path) -> Path:
    """A path as people read it in problems: relative to where they are, if it lies below."""
    return file.relative_to(Path.cwd()) if file.is_absolute() and file.is_relative_to(Path.cwd()) else file


def folders(shipped: Path, overlay: Path | None) -> Sequence[Path]:
    """Where files of a kind lie: the shipped ones, then those of the installation, which win."""
    return (shown(shipped), overlay) if overlay else (shown(shipped),)


def one_of(kind: str, name: str, known: Sequence[str]) -> None:
    """Raise `ConfigurationError` with a guess where there is no such name."""
    if name not in known:
        near = did_you_mean(name, known)
        hint = f'Did you mean "{near}"?' if near else f"Known: {', '.join(known) or 'none'}"
        raise ConfigurationError([f'there is no {kind} "{name}". {hint}'])


def known_connectors(settings: Path, names: Sequence[str]) -> frozenset[str]:
    """The named connectors as a set; raises `ConfigurationError` where the installation lacks one."""
    known = tuple(read_settings(settings, secrets=False).connectors)
    for name in names:
        one_of("connector", name, known)
    return frozenset(names)
