"""Whether the portal shows a dossier as we last asked it to be: how an unknown outcome is settled."""

import unicodedata
from collections.abc import Mapping
from typing import Any, Literal

_NOTHING: tuple[Any, ...] = (None, "", [], {})


_STATUS, _WITHDRAWN = "TrangThaiHoSo", "7"
_SUPPLEMENTS, _ANSWERED = "DanhSachHoSoBoSung", "TrangThaiBoSung"
_ANSWER = frozenset({_ANSWERED, "NgayTiepNhanBoSung", "DanhSachGiayToBoSung"})


def shows(row: Mapping[str, Any], request: Mapping[str, Any]) -> Literal["done", "not there", "cannot say"]:
    """Compare a row of TraCuuHoSo, keys restored, with a record that we sent.

    Only what the row shows is compared, and what we left blank says nothing: the portal keeps a field that is
    not given. A row that shows nothing of the record but its number cannot say. A citizen may have withdrawn
    or answered since: what that covers is not compared, or our record would be written over it again.
    """
    request = _uncovered(row, request)
    common = [name for name, value in request.items() if name in row and value not in _NOTHING]
    if not set(common) - {"MaHoSo"}:
        return "cannot say"
    return "done" if all(_same(row[name], request[name]) for name in common) else "not there"


def _uncovered(row: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """Our record without what an act of the citizen lies over (reference 2, status 7 and BoSung)."""
    left = dict(request)
    if str(row.get(_STATUS)) == _WITHDRAWN:
        left.pop(_STATUS, None)
    theirs, ours = row.get(_SUPPLEMENTS), left.get(_SUPPLEMENTS)
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        left[_SUPPLEMENTS] = [_asked(*pair) for pair in zip(theirs, ours, strict=True)]
    return left


def _asked(theirs: Any, ours: Any) -> Any:
    """A supplement as we asked for it, where the portal shows it answered and we did not know."""
    if (
        isinstance(theirs, dict)
        and isinstance(ours, dict)
        and theirs.get(_ANSWERED)
        and not ours.get(_ANSWERED)
    ):
        return {name: value for name, value in ours.items() if name not in _ANSWER}
    return ours


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
