"""How commands speak: results on standard output, everything else on standard error, never a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from bus.errors import ConfigurationError, LienThongError

DEMO_LEDGER = Path(".lienthong/demo/ledger.db")


def out() -> Console:
    """Where results go; colours only on a terminal."""
    return Console(highlight=False)


def say(text: str) -> None:
    """A sentence for the person who waits."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def put_json(value: Any) -> None:
    """One object alone on standard output."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def ledger_url(given: str | None) -> str:
    """The ledger a command reads: the one named, else that of the last demo in this folder."""
    if given:
        return given
    if not DEMO_LEDGER.exists():
        raise ConfigurationError(
            [
                f"{DEMO_LEDGER}: there is no ledger here yet. Name one with --ledger, for instance sqlite:///ledger.db"
            ]
        )
    return f"sqlite:///{DEMO_LEDGER}"


@contextmanager
def told(_folder: Path) -> Iterator[None]:
    """The one edge where errors become sentences: exit 2 for configuration, 1 for the rest."""
    try:
        yield
    except ConfigurationError as error:
        say(str(error))
        sys.exit(2)
    except LienThongError as error:
        say(str(error))
        sys.exit(1)
