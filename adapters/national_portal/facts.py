"""The facts that citizens make on the portal, and their keys: the same whether pushed or found by search."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

VIETNAM = dt.timezone(dt.timedelta(hours=7))
STAMP = "%Y%m%d%H%M%S"
_SUPPLEMENT = (
    "HoSoBoSungId",
    "NoiDungBoSung",
    "DanhSachGiayToBoSung",
    "DanhSachLePhiBoSung",
    "NgayTiepNhanBoSung",
)
_BEFORE_US = ("1", "7")


@dataclass(frozen=True, slots=True)
class Fact:
    """A message in the portal's shape; `key` is None where the tree lacks what names it."""

    kind: str
    tree: dict[str, Any]
    key: str | None

    @property
    def fingerprint(self) -> str | None:
        """What is the same however the portal tells it: a push has Base64 where the search has addresses."""
        if self.kind != "national_portal.dossier":
            return self.key
        return "|".join(str(self.tree.get(name, "")) for name in ("MaHoSo", "MaTTHC", "NgayNopHoSo"))


class Seen(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was handed in of a dossier: itself, its supplements by id, its withdrawal."""

    dossier: bool = False
    supplements: tuple[str, ...] = ()
    withdrawn: bool = False


def submission(record: Mapping[str, Any]) -> Fact:
    """A citizen submitted a dossier; some push it as MaHoSoQG (reference 1d)."""
    number = record.get("MaHoSo") or record.get("MaHoSoQG")
    tree = {"MaHoSo": number, **{name: value for name, value in record.items() if name != "MaHoSo"}}
    return Fact("national_portal.dossier", tree, _key(number))


def supplement(tree: Mapping[str, Any]) -> Fact:
    """A citizen handed in what was asked for (bổ sung)."""
    return Fact("national_portal.supplement", dict(tree), _key(tree.get("MaHoSo"), tree.get("HoSoBoSungId")))


def withdrawal(tree: Mapping[str, Any]) -> Fact:
    """A citizen withdrew the dossier (rút hồ sơ)."""
    return Fact("national_portal.withdrawn", dict(tree), _key(tree.get("MaHoSo"), "rut"))


def news(
    record: Mapping[str, Any], progress: Sequence[Any] | None, seen: Seen, citizen: str
) -> tuple[tuple[Fact, ...], Seen]:
    """What a row of the search tells beyond what was handed in, in order, and what is then known.

    `progress` are the rows of the dossier's progress, None where the portal shows none. They tell a citizen's
    act (NguoiXuLy is `citizen`) from our own writing come back; without them all counts as a citizen's.
    """
    acts = None if progress is None else [row for row in progress if _by(row, citizen)]
    new = (
        not seen.dossier and _submitted(record),
        *_answered(record, acts, seen),
        _withdrawn(record, acts, seen),
    )
    facts = tuple(fact for fact in new if fact)
    ids = [str(fact.tree["HoSoBoSungId"]) for fact in facts if fact.kind == "national_portal.supplement"]
    withdrawn = seen.withdrawn or any(fact.kind == "national_portal.withdrawn" for fact in facts)
    return facts, Seen(dossier=True, supplements=(*seen.supplements, *ids), withdrawn=withdrawn)


def moment(stamp: Any) -> dt.datetime | None:
    """Read the portal's local time yyyyMMddHHmmss; None where it is none."""
    try:
        return dt.datetime.strptime(str(stamp), STAMP).replace(tzinfo=VIETNAM)
    except ValueError:
        return None


def _submitted(record: Mapping[str, Any]) -> Fact | None:
    """The submission, while the record is still the citizen's: once accepted, it is what we wrote there."""
    if record.get("NgayTiepNhan") or str(record.get("TrangThaiHoSo")) not in _BEFORE_US:
        return None
    # a withdrawal is a fact of its own: the submission said "new", as its push does
    return submission({**record, "TrangThaiHoSo": "1"})


def _answered(record: Mapping[str, Any], acts: Sequence[Any] | None, seen: Seen) -> Iterator[Fact]:
    times = None if acts is None else {act.get("ThoiDiemXuLy") for act in acts if _status(act) == "5"}
    listed = record.get("DanhSachHoSoBoSung")
    for item in listed if isinstance(listed, list) else ():
        if not isinstance(item, dict) or item.get("TrangThaiBoSung") not in (True, "True", "1"):
            continue
        new = str(item.get("HoSoBoSungId")) not in seen.supplements
        if new and (times is None or item.get("NgayTiepNhanBoSung") in times):
            given = {name: item[name] for name in _SUPPLEMENT if name in item}
            yield supplement({"MaHoSo": record.get("MaHoSo"), **given})


def _withdrawn(record: Mapping[str, Any], acts: Sequence[Any] | None, seen: Seen) -> Fact | None:
    if seen.withdrawn:
        return None
    if acts is None:
        # without progress there is no telling who withdrew, nor when
        stamp = record.get("NgayKetThucXuLy") or ""
        return _withdrawal(record, stamp, "") if str(record.get("TrangThaiHoSo")) == "7" else None
    act = next((act for act in acts if _status(act) == "7"), None)
    return act and _withdrawal(record, act.get("ThoiDiemXuLy"), act.get("NoiDungXuLy"))


def _withdrawal(record: Mapping[str, Any], at: Any, reason: Any) -> Fact:
    return withdrawal({"MaHoSo": record.get("MaHoSo"), "NgayYeuCau": at or "", "LyDo": reason or ""})


def _by(row: Any, citizen: str) -> bool:
    return isinstance(row, dict) and str(row.get("NguoiXuLy", "")).strip() == citizen


def _status(row: Mapping[str, Any]) -> str:
    return str(row.get("TrangThai", ""))


def _key(*parts: Any) -> str | None:
    return "/".join(map(str, parts)) if all(parts) else None
