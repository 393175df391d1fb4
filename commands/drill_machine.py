"""What lies below the bus in a drill: disks that fill, clocks that are set, and the ledger's database."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path

from commands.drill_clock import PRELOAD, Clocked, clocked
from commands.drill_disk import Disk, small_disk
from commands.drill_plan import Wish
from deploy.local.postgres import private_postgres

DATA, DATABASE = "disk full", "database disk full"
"""The faults of disks: under the bus's data (on SQLite the ledger among them), and under the database's."""
_CLOCKS = ("clock forward", "clock back")


@dataclass(frozen=True, slots=True)
class Clocks:
    """Clocks by whose they are, and what a process that goes by one has in its environment, by its name."""

    clocks: Mapping[str, Clocked]

    def preload(self, process: str) -> Mapping[str, str]:
        """The environment of a process; none where its clock is the machine's."""
        return self.clocks[process].preload if process in self.clocks else {}


def disks(stack: ExitStack, folder: Path, wish: Wish) -> dict[str, Disk]:
    """The folders of data and database, each a small filesystem of its own where we may make one."""
    found = {DATA: stack.enter_context(small_disk(folder / "data", 96 + wish.dossiers // 4))}
    if wish.ledger == "postgresql":
        size = 160 + wish.dossiers // 4
        # the server's own user has to get through
        found[DATABASE] = stack.enter_context(small_disk(folder / "database", size, mode="0711"))
    return found


def left_out(wish: Wish, found: Mapping[str, Disk]) -> dict[str, str]:
    """What this machine or this installation cannot do, with the reason."""
    out = {
        name: "needs root, for a small filesystem of its own"
        for name, disk in found.items()
        if not disk.is_small
    }
    if not PRELOAD:
        out |= dict.fromkeys(_CLOCKS, "needs the package libfaketime")
    if wish.ledger == "sqlite":
        out["database sessions ended"] = "SQLite has none"
        out[DATABASE] = "SQLite's file lies under the other disk"
    elif not _may_be_entered(found[DATABASE].folder):
        out[DATABASE] = "the database's user may not enter the folders above"
    return out


def _may_be_entered(folder: Path) -> bool:
    return all(each.stat().st_mode & 0o001 for each in folder.resolve().parents)


def clocks(folder: Path, wish: Wish, *, wanted: bool) -> Clocks:
    """The clocks that can be set: the database's, for due dates go by it, and one worker's own.

    Who goes by one loses a third of its speed, so the others go by the machine's. On SQLite the bus is both.
    """
    names = ("serve",) if wish.ledger == "sqlite" else ("database", "worker1")
    known = [name for name in names if name == "database" or name in wish.processes]
    return Clocks({name: clocked(folder.resolve(), name, wanted=wanted) for name in known})


def database(folder: Path, wish: Wish, found: Clocks) -> AbstractContextManager[str]:
    """The ledger's address, while its server runs.

    The write-ahead log lies on another disk than the tables, as it should: where it is full the server ends.
    Where the server's user may not come near, all of it lies elsewhere.
    """
    if wish.ledger == "sqlite":
        return nullcontext(f"sqlite:///{folder / 'data' / 'ledger.db'}")
    place, preload = folder / "database" / "postgres", found.preload("database")
    wal = folder.resolve() / "wal" if _may_be_entered(place) else None
    return private_postgres(place, say=_quietly, preload=preload, wal=wal)


def _quietly(_text: str) -> None:
    """The bar says enough."""
