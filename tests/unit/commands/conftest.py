"""A ledger with something of everything in it, and the command line run inside this process."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bus.ledger.ledger import Ledger
from bus.ledger.records import Claim, Claimed, Settle
from bus.ledger.store import Store
from commands.main import main
from tests.integration.ledger.conftest import keep_of, merge, plan

PORTAL = "G22.99-261123-000001"
ONESTOP = "H12.01-261123-0007"
DEAD = "G22.99-261123-000002"
CITIZEN = "096085001236"


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one object it must be."""
        return msgspec.json.decode(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Run a command line in an empty folder, through the very `main` that run.py calls."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LIENTHONG_SETTINGS", raising=False)

    def call(*words: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["run.py", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        told = capsys.readouterr()
        return Ran(code if isinstance(code, int) else int(bool(code)), told.out, told.err)

    return call


async def _claim(ledger: Ledger, delivery: int) -> Claimed:
    claimed = await ledger.claim(Claim(delivery, ledger.store.holder, 60.0))
    assert claimed is not None
    return claimed


async def _settle(ledger: Ledger, delivery: int, outcome: Any, **more: Any) -> None:
    claimed = await _claim(ledger, delivery)
    await ledger.settle(Settle(delivery, claimed.attempt, ledger.store.holder, outcome, **more))


async def _fill(url: str) -> None:
    ledger = Ledger(Store(url), plan, merge)
    both = {"portal": PORTAL}
    first = await ledger.keep(keep_of("portal.dossier", "k1", both))
    await _settle(ledger, first.ready[0].delivery, "delivered")
    await ledger.keep(keep_of("onestop.dossier", "o1", {"onestop": ONESTOP, "portal": PORTAL}))
    raw = msgspec.json.encode({"MaHoSo": DEAD, "SoGiayTo": CITIZEN, "LePhi": [{"Gia": 5}], "GhiChu": None})
    second = await ledger.keep(keep_of("portal.dossier", "k2", {"portal": DEAD}, raw=raw))
    why = f"the peer's answer names {CITIZEN} and ban@example.vn"
    await _settle(ledger, second.ready[0].delivery, "dead", cause="contract", reason=why)
    broken = keep_of("portal.dossier", "k3", {}, state="dead", reason="no JSON", raw=b"\xff", body=None)
    await ledger.keep(broken)
    ledger.close()


@pytest.fixture
def ledger_file(tmp_path: Path) -> Path:
    """The ledger of a "last demo" in the folder where commands run: one delivered, one ready, one dead."""
    file = tmp_path / ".lienthong" / "demo" / "ledger.db"
    asyncio.run(_fill(f"sqlite:///{file}"))
    return file
