"""The citizens' counter of the simulator: `POST /_sim/submit` puts submitted dossiers in."""

from collections.abc import Callable, Mapping
from typing import Any, get_args

from adapters.national_portal import simulator_dossier as dossiers
from adapters.national_portal.simulator_codes import PORTAL_DOSSIER, is_stamp
from adapters.national_portal.simulator_dossier import Record, Via
from adapters.national_portal.simulator_register import Register

_NOT_YET = ("NgayTiepNhan", "NgayHenTra", "NgayTra", "NgayKetThucXuLy")


class Submitted:
    """Takes `{"records": […]}`, each a record of section 2, or `{"record": …, "via": …}` with more beside it.

    `push` sends a new dossier to the province; it is called for via `push` and `both`.
    """

    def __init__(self, register: Register, push: Callable[[str, Record], None]) -> None:
        self._register = register
        self._push = push

    def take(self, body: Any) -> tuple[int, dict[str, Any]]:
        """Take all records or none; a number that is known already is left as it is (repeatable).

        Returns HTTP status and `{"records", "existing"}`, or `{"problems"}`.
        """
        given = body.get("records") if isinstance(body, Mapping) else None
        if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
            return 400, {"problems": ["records must be a list of objects"]}
        taken = [_parted(item) for item in given]
        problems = [f"records[{i}]: {p}" for i, item in enumerate(taken) for p in _problems(*item)]
        if problems:
            return 400, {"problems": problems}
        known = len(self._register)
        records = [self._submit(record, via) for record, via in taken]
        return 200, {"records": records, "existing": len(records) - (len(self._register) - known)}

    def _submit(self, record: Record, via: Via) -> Record:
        number = record.get("MaHoSo") or self._register.issue_number()
        held = self._register.get(number)
        if held is not None:
            return held.record
        numbered = {"TrangThaiHoSo": "1"} | record | {"MaHoSo": number}
        self._register.put(number, dossiers.submit(numbered, via, self._register.now()))
        if via != "search":
            self._push(number, numbered)
        return numbered


def _parted(item: dict[str, Any]) -> tuple[Any, Any]:
    if "record" in item:
        return item["record"], item.get("via", "search")
    return {name: value for name, value in item.items() if name != "via"}, item.get("via", "search")


def _problems(record: Any, via: Any) -> list[str]:
    """What no citizen can submit; the awkward is let through, that is what it is for."""
    if not isinstance(record, dict):
        return ["record must be an object"]
    number, at = record.get("MaHoSo"), record.get("NgayNopHoSo")
    checks = {
        f"via must be one of {', '.join(get_args(Via))}": via in get_args(Via),
        "MaHoSo is no number of this portal": not number or bool(PORTAL_DOSSIER.fullmatch(str(number))),
        'TrangThaiHoSo must be "1"': record.get("TrangThaiHoSo", "1") == "1",
        "NgayNopHoSo must be yyyyMMddHHmmss": at is None or is_stamp(str(at)),
        f"nothing is accepted yet: no {', '.join(_NOT_YET)}": not any(record.get(n) for n in _NOT_YET),
    }
    return [problem for problem, fine in checks.items() if not fine]
