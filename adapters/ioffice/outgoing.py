"""How the connector speaks to the axis, whichever profile it is: the port that both clients fill."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from adapters.ioffice.edxml import Limits, PackageError, write_package
from bus.errors import PermanentError, TransientError
from bus.ports import Deadline, Files, Tree
from bus.views import ListedAgency


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a package that was sent: the axis's id (docId), or that it had the document before."""

    axis_id: str
    raw: bytes
    existed: bool = False


class Axis(Protocol):
    """One connection centre's way to the axis; safe for many threads. All calls raise `DeliveryError`s."""

    def received(self, kind: str, deadline: Deadline) -> list[dict[str, Any]]:
        """List what waits for us, `docId` in each; `kind` is edoc or status. May be repeated."""
        ...

    def sent(self, kind: str, deadline: Deadline) -> list[dict[str, Any]]:
        """List what we sent, as far as it can be seen. May be repeated."""
        ...

    def count(self, deadline: Deadline) -> int:
        """Count the documents that wait for us. May be repeated."""
        ...

    def login(self, deadline: Deadline) -> str:
        """Prove ourselves, without effect; tells in words by what. May be repeated."""
        ...

    def agencies(self, deadline: Deadline) -> list[ListedAgency]:
        """List every agency that the axis knows: 111,000 and more were seen (6). May be repeated."""
        ...

    def fetch(self, axis_id: str, into: BinaryIO, deadline: Deadline) -> None:
        """Write a package into `into` as an edXML file; memory stays bounded. May be repeated."""
        ...

    def acknowledge(self, axis_id: str, state: str, deadline: Deadline) -> None:
        """Tell the axis that a package is `done` or `fail`; it is then no longer listed. May be repeated."""
        ...

    def send(self, kind: str, sender: str, to: Sequence[str], tree: Tree, deadline: Deadline) -> Sent:
        """Send the `Package` of a tree; `kind` is edoc or status."""
        ...


@contextmanager
def package_file(tree: Tree, files: Files, limits: Limits) -> Iterator[Path]:
    """Write a package into a file that is gone afterwards; raises `PermanentError` with every problem."""
    with _folder() as folder:
        package = folder / "package.edxml"
        try:
            with package.open("wb") as out:
                write_package(tree, files, out, limits)
        except PackageError as error:
            raise wrong(error) from None
        except OSError as error:
            raise _no_room(error) from None
        yield package


def wrong(error: PackageError) -> PermanentError:
    """Say that what was to be sent is no package."""
    text = "The package is not what the standard says; it was not sent."
    return PermanentError(text, problems=error.problems)


@contextmanager
def _folder() -> Iterator[Path]:
    try:
        made = tempfile.TemporaryDirectory(prefix="lienthong-")
    except OSError as error:
        raise _no_room(error) from None
    with made as folder:
        yield Path(folder)


def _no_room(error: OSError) -> TransientError:
    text = f"The package cannot be written on this machine ({error.strerror}); check disk and rights."
    return TransientError(text, code="disk", peer_down=False)
