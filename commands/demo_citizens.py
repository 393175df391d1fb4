"""The citizens of a demo who pay: every tax notice once; the money then is at the tax office.

Most pay on the portal. It and the tax office are joined outside the province (reference 1.2c), so the demo
joins them: it reads at the tax office what is owed, pays there, and lets the portal tell the province. Who
pays at a bank (nộp tại ngân hàng) is known to the tax office alone, until it is asked. Neither knows the bus.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from commands.demo_world import ONESTOP, PORTAL, TAX, Scene
from mappings.rules_time import ICT


@dataclass(slots=True)
class Payers:
    """Who pays what is owed; `paid` are the notices paid so far."""

    scene: Scene
    paid: set[str] = field(default_factory=set)

    def pay(self) -> int:
        """Pay every notice whose dossier waits for it; tells how many are still owed."""
        owed = [(case, payer, notice) for case, payer, notice in self._owed()]
        if not owed:
            return 0
        numbers = self.scene.peers[ONESTOP].get("/_sim/owing")
        for case, payer, notice in owed:
            number = numbers.get(case["dossier"], {})
            if number and notice["number"] in number["notices"]:
                self._pay(case, payer, notice, number["nationCode"])
        return sum(notice["number"] not in self.paid for _, _, notice in owed)

    def _owed(self) -> list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
        cases = self.scene.peers[TAX].get("/_sim/owing")
        return [
            (case, owed["person"], notice)
            for case in cases
            for owed in case["owed"]
            for notice in owed["notices"]
            if notice["remaining"]
        ]

    def _pay(self, case: dict[str, Any], payer: dict[str, Any], notice: dict[str, Any], number: str) -> None:
        told = {
            "MaThongBaoThue": notice["number"],
            "SoTien": str(notice["remaining"]),
            "ThoiGianThanhToan": f"{datetime.now(ICT):%Y%m%d%H%M%S}",
            "NoiDungThanhToan": notice["subsection_name"],
            "TrangThaiThanhToan": "1",
        }
        fact = {"MaHoSo": number, "HoTenNguoiNopTien": payer["name"], "ThongTinThanhToan": told}
        self.scene.peers[TAX].post("/_sim/pay", {"MA_HS": case["dossier"], "SO_QUYET_DINH": notice["number"]})
        if not _at_a_bank(notice["number"]):
            self.scene.peers[PORTAL].post("/_sim/pay", fact)
        self.paid.add(notice["number"])


def _at_a_bank(notice: str) -> bool:
    """Every fourth notice, always the same ones."""
    return sum(map(ord, notice)) % 4 == 0
