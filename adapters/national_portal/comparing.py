"""Whether the portal shows a dossier as we last asked it to be: how an unknown outcome is settled."""

import unicodedata
from collections.abc import Mapping
from typing import Any, Literal

_NOTHING: tuple[Any, ...] = (None, "", [], {})


def shows(row: Mapping[str, Any], request: Mapping[str, Any]) -> Literal["done", "not there", "cannot say"]:
    """Compare a row of TraCuuHoSo, keys restored, with a record that we sent.

    Only what the row shows is compared, and what we left blank says nothing: the portal keeps a field that is
    not given. A row that shows nothing of the record but its number cannot say.
    """
    common = [name for name, value in request.items() if name in row and value not in _NOTHING]
    if not set(common) - {"MaHoSo"}:
        return "cannot say"
    return "done" if all(_same(row[name], request[name]) for name in common) else "not there"


def _same(theirs: Any, ours: Any) -> bool:
    if isinstance(ours, dict):
        return isinstance(theirs, dict) and all(
            _same(theirs.get(name), value) for name, value in ours.items() if value not in _NOTHING
        )
    if isinstance(ours, list):
        return (
            isinstance(theirs, list)
            and len(theirs) == len(ours)
            and all(_same(*pair) for pair in zip(theirs, ours, strict=True))
        )
    return _plain(theirs) == _plain(ours)


def _plain(value: Any) -> str:
    return unicodedata.normalize("NFC", str(value)).strip()
