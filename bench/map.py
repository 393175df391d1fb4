"""`bench map`: how fast a sheet maps beside the same mapping by hand and in other mapping languages.

20 fields and two lists of a portal record. One run, rounds that take turns, medians: what disturbs the
machine disturbs all alike. Trees are already parsed; every mapping gets the very same one. Hand-written and
sheet give equal results both ways, which is asserted before anything is measured.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any

from bench import map_by_hand, map_peers
from mappings.engine import Compiled, compile_sheet
from mappings.sheet import load_sheets
from mappings.sheet_values import Line, Part, Sheet

SOURCE = "portal"
_ROUND_SECONDS = 0.02

TREE: dict[str, Any] = {
    "MaHoSo": "H12.16-261123-0042",
    "SoBienNhan": "BN-0042/2026",
    "MaTTHC": "9.100001",
    "TrichYeuHoSo": "Đề nghị cấp thẻ bảo hiểm y tế cho người tham gia theo hộ gia đình",
    "KenhThucHien": "2",
    "HinhThuc": "0",
    "ChuHoSo": "Nguyễn Thị Ngọc Ánh",
    "LoaiDoiTuong": "1",
    "MaDoiTuong": "T-000000042",
    "Email": "ngoc.anh@thu.example",
    "SoDienThoai": "0900000042",
    "TaiKhoanDuocXacThucVoiVNeID": "1",
    "TrangThaiHoSo": "4",
    "NgayNopHoSo": "20261120081500",
    "NgayTiepNhan": "20261120093000",
    "NgayHenTra": "20261127170000",
    "NgayKetThucXuLy": "",
    "ThongTinTra": "",
    "ThongTinKhac": "Nhận kết quả tại bộ phận một cửa",
    "GhiChu": "",
    "TaiLieuNop": [
        {
            "TepDinhKemId": f"tep-{count}",
            "TenTepDinhKem": f"Tờ khai tham gia số {count}.pdf",
            "IsDeleted": "False",
            "MaThanhPhanHoSo": "000.00.00.G24-KQ000001",
            "DuongDanTaiTepTin": f"https://tep.example.vn/{count}",
        }
        for count in range(3)
    ],
    "DanhSachLePhi": [
        {
            "TenPhiLePhi": "Lệ phí",
            "MaPhiLePhi": "LP01",
            "HinhThucThu": "1",
            "Gia": "8000",
            "LoaiPhiLePhi": "2",
        },
        {"TenPhiLePhi": "Phí", "MaPhiLePhi": "P01", "HinhThucThu": "4", "Gia": "150000", "LoaiPhiLePhi": "1"},
    ],
}


def run(seconds: float = 5.0) -> dict[str, Any]:
    """Measure for about `seconds`; messages a second each, and the sheet's share of hand-written.

    `ratio_to_hand_written` is the lower of the two directions. Raises `AssertionError` where two mappings
    that must agree do not.
    """
    compiled = bench_sheet()
    message = _agree(compiled)
    runners = _runners(compiled, message)
    times: dict[str, list[float]] = {name: [] for name in runners}
    counts = {name: _calibrate(runner) for name, runner in runners.items()}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or min(map(len, times.values())) < 3:
        for name, runner in runners.items():
            times[name].append(_timed(runner, counts[name]) / counts[name])
    rates = {f"{name}_per_s": round(1 / median(taken)) for name, taken in times.items()}
    return rates | _ratios({name: median(taken) for name, taken in times.items()})


def bench_sheet() -> Compiled:
    """Compile what is measured here: a part of the portal's record sheet, no look-ups, no checks."""
    record = load_sheets()["national_portal/record"]
    lines = tuple(
        map(_plain, (line for line in record.lines if line.their[0] in TREE and line.rule != "lookup"))
    )
    items = {
        name: set(TREE[field][0]) for field, name in (("TaiLieuNop", "TaiLieu"), ("DanhSachLePhi", "LePhi"))
    }
    parts = {name: _fewer(record.parts[name], fields) for name, fields in items.items()}
    sheet: Sheet = replace(record, name="bench/map", lines=lines, parts=parts, checks=())
    return compile_sheet(sheet)


def _fewer(part: Part, fields: set[str]) -> Part:
    return replace(
        part, lines=tuple(_plain(line) for line in part.lines if line.their[0] in fields), needs=()
    )


def _plain(line: Line) -> Line:
    """Take off what the hand-written mapping does not do either."""
    rule = "text" if line.rule == "python" else line.rule
    argument = "" if line.rule == "python" else line.argument
    return replace(line, rule=rule, argument=argument, when=(), cut=False)


def _agree(compiled: Compiled) -> Any:
    message = compiled.read(TREE, source=SOURCE).message
    if message != map_by_hand.read(TREE, SOURCE):
        raise AssertionError("sheet and hand-written read differently")
    if compiled.write(message, source=SOURCE).tree != map_by_hand.write(message, SOURCE):
        raise AssertionError("sheet and hand-written write differently")
    return message


def _runners(compiled: Compiled, message: Any) -> dict[str, Callable[[], Any]]:
    glom, jsonata, xslt = map_peers.by_glom(), map_peers.by_jsonata(), map_peers.by_xslt(TREE)
    return {
        "sheet": lambda: compiled.read(TREE, source=SOURCE),
        "hand_written": lambda: map_by_hand.read(TREE, SOURCE),
        "sheet_write": lambda: compiled.write(message, source=SOURCE),
        "hand_written_write": lambda: map_by_hand.write(message, SOURCE),
        "jsonata": lambda: jsonata(TREE),
        "glom": lambda: glom(TREE),
        "xslt": xslt,
    }


def _calibrate(runner: Callable[[], Any]) -> int:
    """Return how many calls fill a round."""
    runner()
    return max(1, int(_ROUND_SECONDS / max(_timed(runner, 5) / 5, 1e-7)))


def _timed(runner: Callable[[], Any], count: int) -> float:
    begin = time.perf_counter()
    for _ in range(count):
        runner()
    return time.perf_counter() - begin


def _ratios(seconds: dict[str, float]) -> dict[str, float]:
    reading = seconds["hand_written"] / seconds["sheet"]
    writing = seconds["hand_written_write"] / seconds["sheet_write"]
    return {
        "ratio_to_hand_written": round(min(reading, writing), 2),
        "ratio_reading": round(reading, 2),
        "ratio_writing": round(writing, 2),
    }


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:28}{value:>12}")
