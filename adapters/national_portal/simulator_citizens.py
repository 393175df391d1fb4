"""Citizens who act by themselves: they answer supplements, and a seeded share withdraws."""

import asyncio
import heapq
from collections.abc import Callable
from random import Random
from typing import Any

import msgspec

from adapters.national_portal import simulator_dossier as dossiers
from adapters.national_portal.simulator_dossier import Dossier, Record
from adapters.national_portal.simulator_paper import answer_paper
from adapters.national_portal.simulator_register import Register

_IN_PROGRESS = frozenset("2456")
_TICK_SECONDS = 0.05
Tell = Callable[[str, str, Record], None]


class Conduct(msgspec.Struct, frozen=True):
    """How citizens behave: seconds until they act, and the share of dossiers that is withdrawn (0 to 1)."""

    seed: int
    delay_seconds: float
    withdraw_share: float

    def withdraws(self, number: str) -> bool:
        """Whether the owner of this dossier will withdraw it; the same for the same seed."""
        return Random(f"{self.seed}:{number}:withdraw").random() < self.withdraw_share

    def delay(self, number: str, act: str) -> float:
        """Seconds until the citizen acts, half to one and a half times the usual delay."""
        return self.delay_seconds * Random(f"{self.seed}:{number}:{act}").uniform(0.5, 1.5)


class Citizens:
    """Everybody who submitted here. `tell` passes what they do on to the province, for what is pushed."""

    def __init__(self, register: Register, conduct: Conduct, tell: Tell, clock: Callable[[], float]) -> None:
        self._register = register
        self._conduct = conduct
        self._tell = tell
        self._clock = clock
        self._due: list[tuple[float, str, str]] = []
        self._planned: set[tuple[str, str]] = set()
        for number in register.numbers():
            self.noticed(number)

    @property
    def planned(self) -> int:
        """How many acts are still to come."""
        return len(self._planned)

    def to_act(self) -> list[str]:
        """Return the number of the dossier of each act still to come."""
        return [number for number, _ in self._planned]

    def noticed(self, number: str) -> None:
        """Plan what the owner will do about the present state of the dossier; the same act only once."""
        dossier = self._register.get(number)
        act = None if dossier is None else self._intended(number, dossier)
        if act is not None and (number, act) not in self._planned:
            self._planned.add((number, act))
            heapq.heappush(self._due, (self._clock() + self._conduct.delay(number, act), number, act))

    async def run(self) -> None:
        """Let everybody act when their time has come, until cancelled."""
        while True:
            while self._due and self._due[0][0] <= self._clock():
                self._act(*heapq.heappop(self._due)[1:])
            await asyncio.sleep(_TICK_SECONDS)

    def _intended(self, number: str, dossier: Dossier) -> str | None:
        if not dossier.submitted or dossier.withdrawn or dossier.synced not in _IN_PROGRESS:
            return None
        if self._conduct.withdraws(number):
            return "withdraw"
        # a second request may come without the status having left 5: what is open counts, not only changes
        asked = dossier.answered < dossier.asked or dossiers.open_supplements(dossier)
        return "answer" if dossier.synced == "5" and asked else None

    def _act(self, number: str, act: str) -> None:
        self._planned.discard((number, act))
        dossier = self._register.get(number)
        # the province may have gone on meanwhile: nobody answers what is no longer asked
        if dossier is None or self._intended(number, dossier) != act:
            return
        if act == "withdraw":
            self._withdraw(number, dossier)
        else:
            self._answer(number, dossier)

    def _withdraw(self, number: str, dossier: Dossier) -> None:
        now = self._register.now()
        self._register.put(number, dossiers.withdraw(dossier, now))
        fact = {"MaHoSo": number, "NgayYeuCau": now, "LyDo": "Công dân không còn nhu cầu giải quyết"}
        self._tell(number, "withdrawal", fact)

    def _answer(self, number: str, dossier: Dossier) -> None:
        now = self._register.now()
        asked = dossiers.open_supplements(dossier) or [_unlisted(number, dossier)]
        answers = {supplement["HoSoBoSungId"]: _answered(supplement, now) for supplement in asked}
        self._register.put(number, dossiers.answer(dossier, answers, now))
        for given in answers.values():
            names = ("HoSoBoSungId", "NoiDungBoSung", "DanhSachGiayToBoSung", "NgayTiepNhanBoSung")
            self._tell(number, "supplement", {"MaHoSo": number} | {name: given[name] for name in names})


def _unlisted(number: str, dossier: Dossier) -> Record:
    """Stand for a request of which the province told the status alone, not what is missing."""
    return {"HoSoBoSungId": f"{number}-{dossier.asked}", "NoiDungBoSung": "Bổ sung giấy tờ theo yêu cầu"}


def _answered(supplement: Record, now: str) -> dict[str, Any]:
    return {
        "HoSoBoSungId": supplement["HoSoBoSungId"],
        "NoiDungBoSung": supplement["NoiDungBoSung"],
        "TrangThaiBoSung": True,
        "NgayTiepNhanBoSung": now,
        "DanhSachGiayToBoSung": [answer_paper(supplement["HoSoBoSungId"])],
    }
