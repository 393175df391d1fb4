"""The portal answers in UPPER-CASE keys what is written in PascalCase (reference 1b): spells them back."""

from collections.abc import Iterator, Mapping
from typing import Any

CITIZENS = (
    "MaSoThue",
    "NgaySinh",
    "LoaiNgaySinh",
    "DiaChiChuHoSo",
    "DiaChiDoanhNghiep",
    "MaTinh",
    "MaHuyen",
    "MaXa",
    "DiaChiChiTiet",
    "NguoiLienHe",
    "SoDienThoaiNguoiLienHe",
    "MaDonViTiepNhan",
    "DonViTiepNhan",
)
"""What citizens' submissions have beside the fields of a record (reference 1d, and ours [I])."""


def spellings(schema: Any) -> dict[str, str]:
    """Collect the property names of a JSON schema by their upper case."""
    return {name.upper(): name for name in (*CITIZENS, *_names(schema))}


def restored(tree: Any, names: Mapping[str, str]) -> Any:
    """Return a tree with known keys spelled as they are written; unknown ones stay as they came."""
    if isinstance(tree, dict):
        return {names.get(key.upper(), key): restored(value, names) for key, value in tree.items()}
    return [restored(item, names) for item in tree] if isinstance(tree, list) else tree


def _names(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for part in schema.values():
            yield from _names(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _names(part)
