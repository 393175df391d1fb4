"""What tests of the codec ask of it: read, write, the problems, an attachment."""

import io
from pathlib import Path
from typing import Any

import pytest

from adapters.ioffice.edxml import (
    Limits,
    Package,
    PackageError,
    PackageProblem,
    read_package,
    write_package,
)
from bus.files import FileStore
from bus.ports import Files
from tests.unit.adapters.edxml_packages import (
    SAMPLES,
    N,
)

Q = f"{{{N}}}"
PDF = b"%PDF-1.7 v\xc4\x83n b\xe1\xba\xa3n"
OWN = sorted((Path(__file__).resolve().parents[4] / "adapters/ioffice/samples").glob("*.edxml"))
REAL = sorted(SAMPLES.glob("*.edxml"))
BROKEN = "all4u_edoc.edxml"


def read(content: bytes, files: Files, limits: Limits | None = None) -> Package:
    """Read a package."""
    return read_package(io.BytesIO(content), files, limits or Limits())


def written(tree: Any, files: Files) -> bytes:
    """Write a package."""
    out = io.BytesIO()
    write_package(tree, files, out)
    return out.getvalue()


def problems(content: bytes, files: FileStore, limits: Limits | None = None) -> tuple[PackageProblem, ...]:
    """Read what cannot be read."""
    with pytest.raises(PackageError) as caught:
        read(content, files, limits)
    assert all(each.what and each.vi for each in caught.value.problems)
    return caught.value.problems


def where(content: bytes, files: FileStore) -> list[tuple[str, int]]:
    """The places of all problems."""
    return [(each.path, each.line) for each in problems(content, files)]


def content_of(package: Package, files: FileStore, count: int = 0) -> bytes:
    """The bytes of an attachment."""
    with files.open(package.files[count].hash) as stored:
        return stored.read()
