"""The facts that citizens make on the portal, and their keys: the same whether pushed or found by search."""

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from adapters.national_portal.content import Form, of_fact

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
    """A message in the portal's shape; `key` is None where the tree lacks what names it.

    `content` is what it says, compared with the same fact told in the other form.
    """

    kind: str
    tree: dict[str, Any]
    key: str | None
    content: Mapping[str, str]


class Seen(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was handed in of a dossier: itself, its supplements by id, its withdrawal.

    `content` marks what the search showed of it while it was the citizen's alone; "" where it never did.
    """

    dossier: bool = False
    supplements: tuple[str, ...] = ()
    withdrawn: bool = False
    content: str = ""


def submission(record: Mapping[str, Any], form: Form = "push", *, ours: bool = False) -> Fact:
    """A citizen submitted a dossier; some push it as MaHoSoQG (reference 1d). `ours`: see `of_fact`."""
    number = record.get("MaHoSo") or record.get("MaHoSoQG")
    tree = {"MaHoSo": number, **{name: value for name, value in record.items() if name != "MaHoSo"}}
    return Fact("national_portal.dossier", tree, _key(number), of_fact(tree, form, ours=ours))


def supplement(tree: Mapping[str, Any], form: Form = "push") -> Fact:
    """A citizen handed in what was asked for (bổ sung)."""
    key = _key(tree.get("MaHoSo"), tree.get("HoSoBoSungId"))
    return Fact("national_portal.supplement", dict(tree), key, of_fact(tree, form))


def withdrawal(tree: Mapping[str, Any], form: Form = "push") -> Fact:
    """A citizen withdrew the dossier (rút hồ sơ)."""
    return Fact("national_portal.withdrawn", dict(tree), _key(tree.get("MaHoSo"), "rut"), of_fact(tree, form))


def payment(tree: Mapping[str, Any], form: Form = "push") -> Fact:
    """A citizen paid a tax notice (reference 1d, nhantbthuedvcqg): once a notice, time and state."""
    told = tree.get("ThongTinThanhToan")
    told = told if isinstance(told, Mapping) else {}
    named = (told.get("MaThongBaoThue"), told.get("ThoiGianThanhToan"), told.get("TrangThaiThanhToan"))
    key = _key(tree.get("MaHoSo"), "nop", *named)
    said = {f"{form}:{name}": str(value) for name, value in sorted(told.items())}
    return Fact("national_portal.payment", dict(tree), key, said)


def news(
    record: Mapping[str, Any], progress: Sequence[Any] | None, seen: Seen, citizen: str
) -> tuple[tuple[Fact, ...], Seen]:
    """What a row of the search tells beyond what was handed in, in order, and what is then known.

    `progress` are the rows of the dossier's progress, None where the portal shows none. They tell a citizen's
    act (NguoiXuLy is `citizen`) from our own writing come back; without them all counts as a citizen's. A
    submission that the citizen has changed since is told again, with the same key.
    """
    acts = None if progress is None else [row for row in progress if _by(row, citizen)]
    said = submission_of(record)
    content = _mark(said, record) if acts is not None and acts == progress else ""
    changed = bool(content and seen.content and content != seen.content)
    new = (
        (changed or not seen.dossier) and said,
        *_answered(record, acts, seen),
        _withdrawn(record, acts, seen),
    )
    facts = tuple(fact for fact in new if fact)
    ids = [str(fact.tree["HoSoBoSungId"]) for fact in facts if fact.kind == "national_portal.supplement"]
    withdrawn = seen.withdrawn or any(fact.kind == "national_portal.withdrawn" for fact in facts)
    supplements = (*seen.supplements, *ids)
    return facts, Seen(True, supplements, withdrawn, content or seen.content)  # noqa: FBT003  a record


def moment(stamp: Any) -> dt.datetime | None:
    """Read the portal's local time yyyyMMddHHmmss; None where it is none."""
    try:
        return dt.datetime.strptime(str(stamp), STAMP).replace(tzinfo=VIETNAM)
    except ValueError:
        return None


def submission_of(record: Mapping[str, Any]) -> Fact | None:
    """The submission, while the record is still the citizen's: once accepted, it is what we wrote there.

    Status 1 or 7 and no NgayTiepNhan; None for any other record.
    """
    if record.get("NgayTiepNhan") or str(record.get("TrangThaiHoSo")) not in _BEFORE_US:
        return None
    # a withdrawal is a fact of its own: the submission said "new", as its push does
    # and after it the record may be what we wrote of the withdrawal, not the citizen's form
    withdrawn = str(record.get("TrangThaiHoSo")) == "7"
    return submission({**record, "TrangThaiHoSo": "1"}, "search", ours=withdrawn)


def _mark(said: Fact | None, record: Mapping[str, Any]) -> str:
    """A short mark of a submission's content; "" where the record is no longer the citizen's alone."""
    if said is None or str(record.get("TrangThaiHoSo")) != "1":
        return ""
    return hashlib.sha256(repr(sorted(said.content.items())).encode()).hexdigest()[:16]


def _answered(record: Mapping[str, Any], acts: Sequence[Any] | None, seen: Seen) -> Iterator[Fact]:
    times = None if acts is None else {act.get("ThoiDiemXuLy") for act in acts if _status(act) == "5"}
    listed = record.get("DanhSachHoSoBoSung")
    for item in listed if isinstance(listed, list) else ():
        if not isinstance(item, dict) or item.get("TrangThaiBoSung") not in (True, "True", "1"):
            continue
        new = str(item.get("HoSoBoSungId")) not in seen.supplements
        if new and (times is None or item.get("NgayTiepNhanBoSung") in times):
            given = {name: item[name] for name in _SUPPLEMENT if name in item}
            yield supplement({"MaHoSo": record.get("MaHoSo"), **given}, "search")


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
    tree = {"MaHoSo": record.get("MaHoSo"), "NgayYeuCau": at or "", "LyDo": reason or ""}
    return withdrawal(tree, "search")


def _by(row: Any, citizen: str) -> bool:
    return isinstance(row, dict) and str(row.get("NguoiXuLy", "")).strip() == citizen


def _status(row: Mapping[str, Any]) -> str:
    return str(row.get("TrangThai", ""))


def _key(*parts: Any) -> str | None:
    return "/".join(map(str, parts)) if all(parts) else None
