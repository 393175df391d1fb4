"""Where the installation is that a command works on: one named by its settings, else the last demo's."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from bus.errors import ConfigurationError
from bus.setting_types import LedgerUrl

DEMO = Path(".lienthong/demo")

_NO_LEDGER = (
    "{}: there is no ledger here yet. Run `python3 run.py demo` first, "
    "or say which installation is meant with --settings FILE (or LIENTHONG_SETTINGS)"
)


@dataclass(frozen=True, slots=True)
class Place:
    """`ledger` is the ledger's address, `data` the folder of the control socket, `settings` where known."""

    ledger: str
    data: Path
    settings: Path | None = None

    @property
    def control(self) -> Path:
        """The socket at which a running `serve` takes requests."""
        return self.data / "control.sock"


def find_place(settings: Path | None, ledger: str | None = None) -> Place:
    """The place that is named; else the last demo's in this folder.

    Raises `ConfigurationError` where the settings or the address are wrong or a file's ledger is not there.
    """
    place = _named(settings, ledger)
    if place.ledger.startswith("sqlite:///"):
        file = Path(place.ledger.removeprefix("sqlite:///"))
        if not file.is_file():
            raise ConfigurationError([_NO_LEDGER.format(file)])
    return place


def _named(settings: Path | None, ledger: str | None) -> Place:
    if ledger:
        _check_address(ledger)
        file = Path(ledger.removeprefix("sqlite:///"))
        return Place(ledger, file.parent if ledger.startswith("sqlite:///") else DEMO)
    if settings:
        return _of_settings(settings)
    written = DEMO / "settings.toml"
    return Place(f"sqlite:///{DEMO / 'ledger.db'}", DEMO, written if written.is_file() else None)


def _check_address(ledger: str) -> None:
    """Raise `ConfigurationError` for what is no ledger's address; unlike settings it may hold a password."""
    if not ledger.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ConfigurationError([f"--ledger is no address of a ledger; write it like {LedgerUrl.form}"])


def _of_settings(settings: Path) -> Place:
    from commands.parts import read_settings  # noqa: PLC0415  a demo's ledger is found without

    installation = read_settings(settings, secrets=False)
    data = installation.installation.data
    return Place(installation.ledger.address(data), data, settings)


def who() -> str:
    """Who is at the keyboard, for the log of what people did."""
    return os.environ.get("SUDO_USER") or os.environ.get("USER") or _account(os.getuid())


def _account(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid {number}"
