"""Files on their way through the pipeline: stored before their message is, an address where a sheet writes.

Sheets are pure and know no keys: they see `url`, as any peer's address (docs/decisions, "files and links").
The canonical message that is kept has `file` instead, so that neither a key nor the life of a link stays in
the ledger, and an address that a peer hands back to us is recognised as the file it came from.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, TypeVar

from msgspec.structs import replace

from bus.errors import UnavailableError, UnsettledError
from bus.files import FileStore
from bus.links import Links
from bus.ports import Incoming
from bus.stopping import Stopping
from mappings.dossier import Document, Dossier, Message, Part, Result, Supplement

M = TypeVar("M", bound=Message)

_LISTS: dict[type[Part], tuple[str, ...]] = {
    Dossier: ("documents", "results", "supplements"),
    Supplement: ("documents",),
}


@dataclass(frozen=True, slots=True)
class Filing:
    """The file store and the links to it, as far as an installation has them.

    Without `links` a stored file has no address, and what needs one is left out of what is written.
    `together` is what all files of a dossier may be, in bytes; 0: as many as come.
    """

    store: FileStore | None = None
    links: Links | None = None
    together: int = 0

    async def take(self, incoming: Incoming) -> None:
        """Have everything that came with a message on disk; raises as `FileStore.put`. May be repeated."""
        if not incoming.files:
            return
        if self.store is None:
            raise RuntimeError("a message came with files, and there is no store to put them in")
        await asyncio.to_thread(self.store.take, incoming.files)

    async def insist(self, incoming: Incoming, stopping: Stopping) -> None:
        """As `take`, for an answer: the peer has done its part, so the store is tried until it takes them.

        Raises `UnsettledError` where a stop's end comes first: the peer is asked at the next start.
        """
        while True:
            try:
                return await self.take(incoming)
            except UnavailableError as error:
                if stopping.is_over:
                    stopping.unsettled += 1
                    raise UnsettledError(str(error)) from error
                await stopping.pause(error.retry_after)

    def read(self, message: M) -> M:
        """Put the file in the place of every address of ours that a peer handed back."""
        links = self.links
        if links is None:
            return message
        found: M = _each(message, lambda one: _with_file(one, links))
        return found

    def written(self, message: M, begun: Callable[[], float], now: float) -> M:
        """Give every stored file of a message its address.

        `begun` is asked when the dossier began, in seconds since the epoch, if there is a file at all: the
        links of a dossier are the same for all its messages and all their tries.
        """
        links = self.links
        if links is None:
            return message

        @cache
        def until() -> date:
            return links.until(begun(), now)

        addressed: M = _each(message, lambda one: _with_address(one, links, until))
        return addressed


def _with_file(one: Any, links: Links) -> Any:
    file = links.file_of(one.url) if one.url else None
    return one if file is None else replace(one, file=file, url=None)


def _with_address(one: Any, links: Links, until: Callable[[], date]) -> Any:
    """Another's address stands: a peer that gave one after it had ours has put another file in its place."""
    if one.file is None or (one.url and not links.is_ours(one.url)):
        return one
    return replace(one, url=links.url(one.file, until()))


def _each(part: Any, change: Callable[[Any], Any]) -> Any:
    """Change all documents and results of a message; the message itself where none was changed."""
    if isinstance(part, Document | Result):
        return change(part)
    changes = {}
    for name in _LISTS.get(type(part), ()):
        items = getattr(part, name)
        changed = tuple([_each(item, change) for item in items])
        if any(new is not old for new, old in zip(changed, items, strict=True)):
            changes[name] = changed
    return replace(part, **changes) if changes else part
