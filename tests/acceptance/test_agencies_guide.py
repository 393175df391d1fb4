"""The guide for agencies: its very commands run against an installation, in both languages the same."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from commands.demo_world import ROOT
from tests.acceptance.agency_world import EDUCATION, World, agency_world, hash_of

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(120)]

MARK = "-- next block --"


def blocks(name: str) -> list[str]:
    """The fenced commands of a guide."""
    return re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / name).read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, amqp_url: str) -> Iterator[World]:
    """An installation for the guide."""
    with agency_world(tmp_path_factory.mktemp("guide"), amqp_url) as one:
        yield one


def test_both_languages_have_the_same_commands() -> None:
    """So that running one of them is running both."""
    assert blocks("agencies.md") == blocks("agencies.vi.md")
    assert len(blocks("agencies.md")) == 10


def test_the_commands_of_the_guide_do_what_it_says(world: World, tmp_path: Path) -> None:
    """From the file to the withdrawal and the comparison of the day, by curl in a shell."""
    (tmp_path / "khoa-cua-co-quan").write_text(world.keys[EDUCATION])
    written = [
        block.replace("https://lienthong.camau.example", world.address) for block in blocks("agencies.md")
    ]
    script = f"printf '\\n%s\\n' '{MARK}'\n".join(["set -eu\n", *written])
    run = subprocess.run(  # noqa: S603
        ["/bin/bash", "-c", script],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    said = [part.strip() for part in run.stdout.split(MARK)[1:]]
    assert len(said) == len(written)
    assert set(json.loads((tmp_path / "openapi.json").read_text())["paths"])
    assert json.loads(said[1])["hash"] == hash_of((tmp_path / "don.txt").read_bytes())
    assert json.loads(said[2])["fine"] is True
    assert {one["path"] for one in json.loads(said[3])["problems"]} == {"channel", "procedure"}
    receipt, again = said[4].splitlines()
    assert json.loads(again) == {"receipt": receipt, "number": "H12.09-261125-0101", "repeated": True}
    assert json.loads(said[5])["receipt"] == receipt
    assert json.loads(said[6])["repeated"] is False
    assert json.loads(said[7])["repeated"] is False
    page, *hashes = said[8].splitlines()
    _compared(json.loads(page), [line.split()[0] for line in hashes])
    _packaged(*map(json.loads, said[9].splitlines()))


def _compared(page: dict[str, Any], hashes: list[str]) -> None:
    """Both sides have the same bytes."""
    assert [one["what"] for one in page["items"]] == ["hand_in", "replace", "withdraw"]
    assert [one["sha256"] for one in page["items"]][:2] == hashes


def _packaged(fine: dict[str, Any], refused: dict[str, Any], taken: dict[str, Any]) -> None:
    """A package is checked, refused at its own elements, and taken."""
    assert fine == {"number": "H12.09-261125-0102", "fine": True}
    assert [one["path"] for one in refused["problems"]] == ["MessageHeader/PromulgationInfo/PromulgationDate"]
    assert (taken["number"], taken["repeated"]) == ("H12.09-261125-0102", False)
