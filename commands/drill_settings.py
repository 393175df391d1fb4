"""The demo's settings as a drill wants them: another ledger, short deadlines, a floor that is reached."""

import re
from pathlib import Path

_LEDGER = re.compile(r'(?m)^url = "sqlite:///ledger\.db"$')
_DATA = re.compile(r'(?m)^data = "[^"]*"$')
_CONCURRENCY = re.compile(r"(?m)^(concurrency = \d+)$")
_UNKNOWN = re.compile(r"(?m)^unknown = .*$")

_DEADLINE = 'timeout = { connect = "0.5 seconds", answer = "2 seconds" }'
_DOUBT = 'unknown = { look_up_after = "1 second", absent_after = "8 seconds" }'
"""A simulated peer acts within 5 seconds of the last byte or never: then absence is certain."""


def fit(settings: Path, *, data: Path, ledger: str) -> None:
    """Change the settings in place. A ledger's password goes to a file of its own beside them."""
    text = settings.read_text(encoding="utf-8")
    text = _DATA.sub(f'data = "{data}"', text)
    text = _LEDGER.sub(lambda _: _address(settings.parent, ledger), text)
    text = _CONCURRENCY.sub(rf"\1\n{_DEADLINE}", text)
    text = _UNKNOWN.sub(_DOUBT, text)
    settings.write_text(text, encoding="utf-8")


def _address(folder: Path, ledger: str) -> str:
    if ledger.startswith("sqlite"):
        return 'url = "sqlite:///ledger.db"'
    head, _, tail = ledger.rpartition("@")
    scheme, _, login = head.partition("://")
    user, _, password = login.partition(":")
    file = folder / "secrets" / "ledger"
    file.touch(mode=0o600)
    file.write_text(password)
    return f'url = "{scheme}://{user}@{tail}"\npassword = "file:secrets/ledger"'
