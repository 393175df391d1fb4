"""Attacks by XML and zip: each answered quickly and in little memory, and nothing but our error comes out."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ioffice.edxml import Limits, Package, PackageError, read_package
from bench.edxml import Memory
from tests.unit.adapters.edxml_attacks import ATTACKS, HARMLESS, large
from tests.unit.adapters.edxml_fuzz import spoilt
from tests.unit.adapters.edxml_packages import attachment, document, reference, status, zipped

ROOT = Path(__file__).resolve().parents[3]
SECONDS, MEGABYTES = 1.0, 50.0
SPOILT = 40
GOOD = document(attachments=attachment(zipped(b"%PDF-1.4"), "a.pdf"), manifest=reference())


def outcome(content: bytes) -> Package | PackageError:
    """What becomes of a package: anything but these two fails the test."""
    try:
        return read_package(io.BytesIO(content), Memory(), Limits(attachment=5_000_000))
    except PackageError as error:
        return error


def child(*arguments: str) -> list[dict[str, Any]]:
    """What processes of their own tell of packages."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    script = str(Path(__file__).with_name("edxml_child.py"))
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, script, *arguments], capture_output=True, check=True, env=environment, cwd=ROOT
    )
    assert done.stderr == b""
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Every attack, read in a process of its own, with what it took."""
    folder = tmp_path_factory.mktemp("attacks")
    paths = []
    for count, make in enumerate(ATTACKS.values()):
        path = folder / f"{count}.edxml"
        path.write_bytes(make())
        paths.append(str(path))
    told = child(*paths)
    for written in paths:
        Path(written).unlink()
    return dict(zip(ATTACKS, told, strict=True))


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_answered_quickly_and_in_bounded_memory(
    name: str, measured: dict[str, dict[str, Any]]
) -> None:
    """Within a second of processor time and 50 MB, with a reason for a person."""
    told = measured[name]
    assert told["seconds"] < SECONDS, told
    assert told["megabytes"] < MEGABYTES, told
    if name.partition(": ")[2] in HARMLESS:
        assert told["outcome"] in ("read", "refused")
    else:
        assert told["outcome"] == "refused", told
        assert all(told["problems"])


def test_what_chance_spoils_is_answered_as_quickly_and_in_as_little_memory(tmp_path: Path) -> None:
    """A corpus from a seed: several harms at once; read or refused with reasons, never anything else."""
    paths = []
    for seed in range(SPOILT):
        paths.append(tmp_path / f"{seed}.edxml")
        paths[-1].write_bytes(spoilt(seed))
    told = child(*map(str, paths))
    assert len(told) == SPOILT
    for seed, each in enumerate(told):
        assert each["seconds"] < SECONDS, (seed, each)
        assert each["megabytes"] < MEGABYTES, (seed, each)
        assert each["outcome"] == "read" or all(each["problems"]), (seed, each)
    refused = sum(each["outcome"] == "refused" for each in told)
    assert refused > SPOILT / 2


def test_what_packs_well_and_is_small_is_no_bomb() -> None:
    """A blank scan of 10 MB packs a thousandfold and is somebody's file."""
    source = document(
        attachments=attachment(zipped(bytes(10_000_000), "x.tif"), "a.tif"), manifest=reference()
    )
    package = read_package(io.BytesIO(source), Memory())
    assert package.files[0].size == 10_000_000


def test_a_large_attachment_passes_both_ways_in_little_memory(tmp_path: Path) -> None:
    """96 MB in and out again, with less than 24 MB of memory: it is never held."""
    path = tmp_path / "large.edxml"
    with path.open("wb") as target:
        target.writelines(large(96))
    (told,) = child("--again", str(path))
    assert told["outcome"] == "read"
    assert told["files"][0] > 95_000_000
    assert told["megabytes"] < 24
    assert abs((tmp_path / "large.edxml.again").stat().st_size - path.stat().st_size) < 5_000


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=400))
def test_any_bytes_end_as_a_package_or_as_problems(content: bytes) -> None:
    """Whatever comes."""
    assert isinstance(outcome(content), Package | PackageError)


@settings(deadline=None, max_examples=300)
@given(
    which=st.sampled_from([GOOD, status()]),
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.integers(0, 10_000),
)
def test_a_damaged_package_ends_as_a_package_or_as_problems(
    which: bytes, changes: list[tuple[int, int]], cut: int
) -> None:
    """Bytes changed, the end cut off."""
    content = bytearray(which)
    for at, byte in changes:
        content[at % len(content)] = byte
    found = outcome(bytes(content[: cut or None]))
    if isinstance(found, PackageError):
        assert all(problem.what and problem.vi for problem in found.problems)


@settings(deadline=None, max_examples=200)
@given(
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4),
    name=st.sampled_from(["a.pdf", "a.docx", "a.zip", "a"]),
)
def test_a_damaged_archive_ends_as_a_file_or_as_problems(changes: list[tuple[int, int]], name: str) -> None:
    """Bytes of the archive around a file changed, wherever they stand."""
    content = bytearray(zipped(b"%PDF-1.4 " * 20))
    for at, byte in changes:
        content[at % len(content)] = byte
    outcome(document(attachments=attachment(bytes(content), name), manifest=reference()))
