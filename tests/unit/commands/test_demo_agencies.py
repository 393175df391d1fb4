"""Whoever looks at the demo finds the agencies' door, and the key by which one comes in."""

import re
from pathlib import Path

from adapters.agency.calls import PREFIX
from bus.settings import Address
from commands.demo_agencies import invite, section
from commands.demo_world import ROOT


def test_the_demo_says_where_its_door_is_where_the_key_lies_and_what_to_read(tmp_path: Path) -> None:
    """The key is in the very file that is named, and the guide is there."""
    (tmp_path / "secrets").mkdir()
    section(tmp_path)
    told = invite(Address("127.0.0.1:8001"), tmp_path)
    assert f"http://127.0.0.1:8001{PREFIX} " in told
    key, guide = re.findall(r"its key in (\S+); (\S+) goes", told)[0]
    assert re.fullmatch("[0-9a-f]{64}", Path(key).read_text())
    assert (ROOT / guide).is_file()
