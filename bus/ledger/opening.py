"""A ledger opened by who begins to serve it, whose server may not be there yet."""

from sqlalchemy.exc import OperationalError

from bus.errors import LedgerUnavailableError, NotLetInError
from bus.ledger.store import Store

_REFUSALS = ("authentication failed", "does not exist", "pg_hba.conf", "no password supplied")
"""How PostgreSQL says that the settings are wrong. libpq gives no code where it could not connect, and a
server that speaks another language is taken for one that is away: its own words are in our sentence."""


def opened(url: str) -> Store:
    """Open and migrate a ledger to serve it; blocks, up to some seconds where a server is silent.

    Raises `LedgerUnavailableError` where its server is away, starting or going down, `NotLetInError` where
    it lets us not in, and what `Store` raises. May be repeated: nothing stays open after a failure.
    """
    try:
        return Store(url)
    except OperationalError as error:
        if url.startswith("sqlite"):
            raise
        text = f"the ledger's server: {' '.join(str(error.orig).split())}"
        if any(words in text for words in _REFUSALS):
            raise NotLetInError([text]) from error
        raise LedgerUnavailableError(text) from error
