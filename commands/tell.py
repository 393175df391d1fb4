"""How commands speak: results on standard output, everything else on standard error, never a traceback."""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from bus.errors import ConfigurationError, LienThongError, StayedAwayError

if TYPE_CHECKING:
    from rich.console import Console

FINE, NEEDS_YOU, WRONG_USE, STAYED_AWAY = 0, 1, 2, 3
"""What the exit codes mean."""

VIETNAM = timezone(timedelta(hours=7))
LAST_FAULT = Path(".lienthong/last-fault.txt")

_PLAIN = ("deploy", "bench")
"""Folders of ours that stand beside the bus and know none of its errors; theirs are sentences too."""

_PIPE_WIDTH = 180


def out() -> "Console":
    """Where results go; colours only on a terminal, and wide lines where a program cuts them anyway."""
    from rich.console import Console  # noqa: PLC0415  a command with --json does without

    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    return Console(highlight=False, width=width, markup=False)


def say(text: str) -> None:
    """A sentence for the person who waits."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def put_json(value: Any) -> None:
    """One object alone on standard output."""
    import msgspec  # noqa: PLC0415  the start stays quick

    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def local_time(at: float | None) -> str:
    """A moment (seconds since the epoch) as the person on duty reads it, in Vietnam's time; "" for none."""
    if not at:
        return ""
    return datetime.fromtimestamp(at, VIETNAM).strftime("%d/%m/%Y %H:%M:%S")


def iso_time(at: float | None) -> str | None:
    """A moment (seconds since the epoch) as a program reads it, in Vietnam's time; None for none."""
    return datetime.fromtimestamp(at, VIETNAM).isoformat(timespec="milliseconds") if at else None


def covered(text: str) -> str:
    """A text without citizens' identifiers; a dossier's number stays readable."""
    from bus.redaction import redacted  # noqa: PLC0415  the start stays quick

    return redacted(text)


def veiled(value: Any) -> Any:
    """A tree in which codes, dates and words of lists can be read, and nothing that a citizen wrote."""
    from bus import veil  # noqa: PLC0415  the start stays quick

    return veil.veiled(value)


@contextmanager
def told() -> Iterator[None]:
    """The one edge where errors become sentences: exit 2 for use or configuration, 1 for all others.

    3 where a server stayed away: whoever supervises starts again later.
    """
    try:
        yield
    except ConfigurationError as error:
        _end(str(error), WRONG_USE)
    except StayedAwayError as error:
        _end(str(error), STAYED_AWAY)
    except LienThongError as error:
        _end(covered(str(error)), NEEDS_YOU)
    except KeyboardInterrupt:
        _end("stopped", 130)
    except BrokenPipeError:
        # whoever read our output has gone, which is no fault; nothing more can be written to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(NEEDS_YOU)
    except Exception as error:  # noqa: BLE001  the one place that turns any fault into a sentence
        _end(_sentence(error), NEEDS_YOU)


def _end(text: str, code: int) -> NoReturn:
    say(text)
    sys.exit(code)


def _sentence(error: Exception) -> str:
    """What a fault that nobody foresaw means to the person at the keyboard."""
    if _is_of_database(error):
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        return (
            f"the ledger cannot be read or written: {covered(reason)}. "
            "Is this the ledger's address, and is the ledger of this version?"
        )
    if type(error).__module__.partition(".")[0] in _PLAIN:
        return str(error)
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror or type(error).__name__}"
    kept = _keep_fault()
    return f"this is a fault of the program ({type(error).__name__}){kept}. Please report it"


def _is_of_database(error: Exception) -> bool:
    """Whether SQLAlchemy raised it; asked without importing SQLAlchemy."""
    return any(kind.__module__.startswith("sqlalchemy.") for kind in type(error).__mro__)


def _keep_fault() -> str:
    """Write the traceback for a report; it may hold values, so its owner alone can read it."""
    try:
        LAST_FAULT.parent.mkdir(parents=True, exist_ok=True)
        LAST_FAULT.touch(mode=0o600)
        LAST_FAULT.write_text(traceback.format_exc(), encoding="utf-8")
    except OSError:
        return ""
    return f"; its details are in {LAST_FAULT}"
