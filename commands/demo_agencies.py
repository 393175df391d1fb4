"""An agency of the demo whose own system hands dossiers in at the door, over HTTP, and compares at the end.

Every dossier with its file is checked and handed in twice, as a system does that got no answer; the first one
is wrong before that. While the bus is away nothing comes through, and the same is sent again.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import requests

from adapters.agency.page import EXAMPLE
from bus.settings import Address
from commands.agencies import PREFIX
from mappings.rules_time import ICT

CODE = "H12.09"
_ONE_IN = 20
_TIMEOUT = 20.0
_SECTION = """
[[agency]]
name = "Sở Giáo dục và Đào tạo (bản trình diễn)"
code = "{code}"
key = "file:secrets/agency"
may = ["dossier.hand_in", "dossier.replace", "dossier.withdraw", "dossier.follow"]
procedures = ["education"]
rate = "100 per second"
"""


def how_many(dossiers: int) -> int:
    """How many dossiers the agency hands in beside those that citizens submit on the portal."""
    return max(2, dossiers // _ONE_IN)


def section(folder: Path) -> str:
    """What the settings say of the agency; its key goes to a file that only its owner reads."""
    file = folder / "secrets" / "agency"
    file.touch(mode=0o600)
    file.write_text(secrets.token_hex(32))
    return _SECTION.format(code=CODE)


@dataclass(slots=True)
class Agency:
    """The agency's own system: `count` dossiers to hand in; what it got and has by number.

    `tell_portal` tells the simulated portal a file's bytes: it compares what it fetches of each dossier.
    """

    door: Address
    key: str = field(repr=False)
    count: int
    tell_portal: Callable[[str, bytes], object]
    receipts: dict[str, str] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    refused: int = 0
    repeated: int = 0

    @property
    def left(self) -> int:
        """How many are still to be handed in."""
        return self.count - len(self.receipts)

    def work(self) -> None:
        """Hand one more in; where no answer comes, the same is handed in next time."""
        if not self.left:
            return
        number = f"{CODE}-{datetime.now(ICT):%y%m%d}-{9000 + len(self.receipts)}"
        try:
            self._hand_in(number)
        except requests.RequestException:
            return

    def _hand_in(self, number: str) -> None:
        content = f"Đơn đề nghị của hồ sơ {number}".encode()
        self.tell_portal(number, content)
        file = self._upload(content)
        document = {"id": "don", "name": "Đơn đề nghị", "file": file}
        dossier = {**EXAMPLE, "code": number, "documents": [document]}
        if not self.refused:
            wrong = self._call("POST", "dossiers/checks", msgspec.json.encode({**dossier, "channel": "quay"}))
            self.refused += wrong.status_code == 422
        raw = msgspec.json.encode(dossier)
        told = [self._call("POST", "dossiers", raw) for _ in range(2)]
        if all(answer.status_code == 202 for answer in told):
            first, again = (answer.json() for answer in told)
            self.repeated += again["repeated"] and again["receipt"] == first["receipt"]
            self.receipts[number] = first["receipt"]
            self.hashes[number] = hashlib.sha256(raw).hexdigest()

    def _upload(self, content: bytes) -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        stored: dict[str, Any] = self._call("PUT", f"files/{digest}?name=don.txt", content).json()
        return stored

    def _call(self, method: str, path: str, body: bytes | None = None) -> requests.Response:
        marks = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        where = f"http://{self.door}{PREFIX}/{path}"
        return requests.request(method, where, data=body, headers=marks, timeout=_TIMEOUT)

    def account(self) -> dict[str, int]:
        """What came of it, by what the agency has and is told: all that it handed in, compared and followed.

        `at_an_end` are dossiers that it is told are finished or over.
        """
        held = {one["number"]: one["sha256"] for one in self._held()}
        stands = [self._call("GET", f"dossiers/{receipt}").json() for receipt in self.receipts.values()]
        return {
            "handed_in": len(self.receipts),
            "repeated": self.repeated,
            "refused": self.refused,
            "same_hash": sum(held.get(number) == digest for number, digest in self.hashes.items()),
            "at_an_end": sum(_is_over(each) for each in stands),
        }

    def _held(self) -> list[dict[str, Any]]:
        day = f"{datetime.now(ICT):%Y-%m-%d}"
        items: list[dict[str, Any]] = self._call("GET", f"dossiers?day={day}").json()["items"]
        return items


def _is_over(told: Mapping[str, Any]) -> bool:
    return told["status"] in ("finished", "returned", "stopped", "not_accepted", "withdrawn")


def invite(door: Address, folder: Path) -> str:
    """Where the agencies' door of the demo is, and how one comes in."""
    where, key = f"http://{door}{PREFIX}", folder / "secrets" / "agency"
    return f"the agencies' door: {where}  its key in {key}; docs/agencies.md goes through it"


def holds(account: Mapping[str, int], count: int) -> bool:
    """Whether the agency has a receipt of each dossier, one however often it sent it, and the same bytes."""
    return all(account[name] == count for name in ("handed_in", "repeated", "same_hash", "at_an_end"))
