"""The portal's catalogues (reference 1b, 1e), read from the dated tables of an installation."""

import csv
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

Row = dict[str, str]
_LEVELS = {"province": "1", "district": "2", "commune": "3"}
_NATIONAL = len("1.001193")
_ENFORCED_BY = "Ủy ban nhân dân tỉnh Cà Mau"


class Catalogue:
    """Agencies and procedures in force on `today`; without a folder there are none and nothing is checked."""

    def __init__(self, folder: Path | None, today: date) -> None:
        self._agencies = list(_in_force(folder, "agencies.csv", today))
        self._procedures = {row["code"]: row for row in _in_force(folder, "procedures.csv", today)}
        self.services: Mapping[str, Callable[[], Any]] = {
            "LayDanhMucCoQuan": self._organisations,
            "LayDanhMucLinhVuc": self._sectors,
            "LayDanhSachTTHC": lambda: [{"MATTHC": row["code"]} for row in self._procedures.values()],
            "LayDVC": lambda: {"data": [self._service(row) for row in self._procedures.values()]},
        }

    def knows(self, code: str) -> bool:
        """Whether the procedure exists; its province suffix does not count (match by prefix [C S2])."""
        return not self._procedures or code[:_NATIONAL] in self._procedures

    def procedure(self, code: str) -> list[dict[str, Any]]:
        """LayThuTuc: one element (reference 1e), none where the code is unknown."""
        row = self._procedures.get(code[:_NATIONAL])
        return [] if row is None else [self._described(row)]

    def _organisations(self) -> list[Row]:
        return [
            {
                "MADONVI": row["old_code"] or row["code"],
                "TENDONVI": row["name"],
                "CAPDONVI": _LEVELS.get(row["level"], ""),
            }
            for row in self._agencies
        ]

    def _sectors(self) -> list[Row]:
        names = {row["sector"]: row["sector_name"] for row in self._procedures.values()}
        return [
            {"MALINHVUC": code, "TENLINHVUC": name, "MANGANH": code.partition("-")[0]}
            for code, name in sorted(names.items())
        ]

    def _service(self, row: Row) -> dict[str, Any]:
        return {
            "MADVC": row["code"],
            "TENDVC": row["name"],
            "MATTHC": row["code"],
            "TENTTHC": row["name"],
            "TENCOQUANBANHANH": _ENFORCED_BY,
            "TENLINHVUC": row["sector_name"],
            "APDUNGDVC": [],
        }

    def _described(self, row: Row) -> dict[str, Any]:
        names = {agency["code"]: agency["name"] for agency in self._agencies}
        handled_by = {"MADONVI": row["agency"], "TENDONVI": names.get(row["agency"], "")}
        return {
            "ID": row["code"].replace(".", ""),
            "MATTHC": row["code"],
            "TENTTHC": row["name"],
            "LOAITTHC": "1",
            "TRANGTHAI": "1",
            "MACOQUANCONGBO": row["agency"],
            "LINHVUCTHUCHIEN": [{"MALINHVUC": row["sector"], "TENLINHVUC": row["sector_name"]}],
            "COQUANTHUCHIEN": [handled_by],
            "DOITUONGTHUCHIEN": [],
            "TRINHTUTHUCHIEN": [],
            "CACHTHUCTHUCHIEN": [{"KENH": kind, "THOIGIAN": [_duration(row)]} for kind in ("1", "2", "3")],
            "THANHPHANHOSO": [],
            "KETQUATHUCHIEN": [{"MAKETQUA": "", "TENKETQUA": row["result"]}],
            "CANCUPHAPLY": [],
            "YEUCAU": "",
            "MOTADOITUONGTHUCHIEN": "",
        }


def _duration(row: Row) -> dict[str, Any]:
    fee = {"MAPHILEPHI": "", "SOTIEN": row["fee"], "DONVI": "đồng", "MOTA": ""}
    return {"THOIGIANGIAIQUYET": row["days"], "DONVITINH": "Ngày làm việc", "MOTA": "", "PHILEPHI": [fee]}


def _in_force(folder: Path | None, name: str, today: date) -> Iterator[Row]:
    if folder is None:
        return
    with (folder / name).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            if (row["from"] or "0") <= today.isoformat() <= (row["until"] or "9"):
                yield row
