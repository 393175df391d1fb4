"""A running simulated one-stop and a client that shares no code with it."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[3]
TOKEN = "/auth/realms/digo/protocol/openid-connect/token"
FORM = {"grant_type": "client_credentials", "client_id": "lien-thong", "client_secret": "mot-cua"}
SMOOTH = "refuse=0,supplement=0,again=0,payment=0,stop=0"
STILL = ("--pace", "3600")


@dataclass(frozen=True)
class Peer:
    """A running simulator, and a client that has logged in."""

    http: httpx.Client
    process: subprocess.Popen[str]

    def create(self, number: str = "G22.99-261123-000001", /, **changes: Any) -> dict[str, Any]:
        """Create a dossier; a wrong answer fails the test."""
        answer = self.http.post("/pa/dossier", json=dossier(number) | changes)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def whole(self, known: str) -> dict[str, Any]:
        """Return the whole dossier."""
        answer = self.http.get(f"/pa/dossier/{known}/--online")
        assert answer.status_code == 200, answer.text
        held: dict[str, Any] = answer.json()
        return held

    def search(self, **query: Any) -> dict[str, Any]:
        """Return a slice; underscores in names stand for hyphens."""
        answer = self.http.get(
            "/pa/dossier/search", params={k.replace("_", "-"): v for k, v in query.items()}
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def effects(self) -> dict[str, Any]:
        """Return what the one-stop counted."""
        counts: dict[str, Any] = self.http.get("/_sim/effects").json()
        return counts

    def log_in(self) -> None:
        """Get a token and use it from now on."""
        token = self.http.post(TOKEN, data=FORM).json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"


def dossier(number: str) -> dict[str, Any]:
    """Return a dossier as the province hands it in; an invented person."""
    return {
        "nationCode": number,
        "procedure": {"code": "1.001193"},
        "agency": {"code": "H12.06", "name": "Sở Nông nghiệp và Môi trường"},
        "applicant": {
            "data": {
                "fullname": "Nguyễn Thị Út",
                "identityKind": "1",
                "identityNumber": "096080001234",
                "birthday": "1980",
            }
        },
        "subject": "Đăng ký khai sinh",
        "files": [{"id": "1", "name": 'Tờ khai "mới".pdf', "url": "http://127.0.0.1/to-khai.pdf"}],
        "applyMethod": {"id": 2},
        "appliedDate": "2026-11-23T08:00:00+07:00",
    }


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Peer]:
    """Run the simulator as its own process and end it by its id."""
    command = [sys.executable, "-m", "adapters.onestop.simulator", "--data", str(folder), "--seed", "7"]
    with subprocess.Popen(  # noqa: S603 -- our own interpreter and module
        [*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        with httpx.Client(base_url=url, trust_env=False) as client:
            peer = Peer(client, process)
            peer.log_in()
            try:
                yield peer
            finally:
                process.terminate()
                process.wait(10)


Start = Callable[..., Peer]


def eventually(found: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Return the first truth that `found` gives within so many seconds."""
    until = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < until, "did not come in time"
        time.sleep(0.03)
    return value


def quiet(peer: Peer) -> None:
    """Wait until every dossier is at an end."""
    eventually(lambda: peer.effects()["open"] == 0)


def status(held: dict[str, Any]) -> int:
    """Return the code of the present status."""
    return int(held["statusCurrentTask"]["id"])
