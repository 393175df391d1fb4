"""The axis's state: packages on their way, who has taken which, and agencies that answer by themselves.

What an agency was about to do is forgotten with the process; what it did is kept.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import Any

import msgspec

from adapters._kit.simulator_journal import HANOI, Journal
from adapters._kit.simulator_shelf import Shelf
from adapters.ioffice import simulator_papers as papers
from adapters.ioffice.simulator_package import Seen, look


class Packet(msgspec.Struct):
    """One package for one unit. `state` is the packet's (INITIAL, processing, done, fail), not 01 to 16."""

    axis_id: str
    sender_id: str
    kind: str
    sender: str
    to: str
    sign: str
    title: str
    content: str
    created: str
    state: str = "INITIAL"


class Conduct(msgspec.Struct, frozen=True):
    """How the simulated agencies behave: seconds between their steps; shares that reject, or give back.

    With `offices` a unit has an office of its own on the axis beside the system that asks for its packages:
    what one of the units is sent goes there and is answered from there. What its own unit sends an office
    decides by a document; what comes from another it takes over, and sends none back.
    """

    pace: float = 1.0
    reject: float = 0.05
    give_back: float = 0.5
    seed: int = 0
    offices: bool = False


class Axis:
    """Everything that was sent. What an earlier process put on the same shelves is there again."""

    def __init__(
        self,
        units: Mapping[str, str],
        conduct: Conduct,
        shelves: tuple[Shelf, Shelf],
        journal: Journal,
        catalogue: Mapping[str, str] | None = None,
    ) -> None:
        self.units = units
        self.catalogue = dict.fromkeys([*units, "000.00.00.G22"], "Đơn vị trên trục") | dict(catalogue or {})
        self.conduct = conduct
        self._packets, self._known = shelves
        self.packets = {key: msgspec.convert(value, Packet) for key, value in self._packets.items()}
        self.journal = journal
        self._number = len(self.packets)

    def waiting(self, system: str, kind: str) -> list[Packet]:
        """List what waits for a system's units and is not acknowledged."""
        return [
            each
            for each in self.packets.values()
            if self.units.get(each.to) == system
            and each.kind == kind
            and each.state in ("INITIAL", "processing")
        ]

    def sent(self, system: str, kind: str) -> list[Packet]:
        """List what a system's units sent."""
        return [
            each
            for each in self.packets.values()
            if self.units.get(each.sender) == system and each.kind == kind
        ]

    def told_before(self, seen: Seen) -> bool:
        """Whether a status is here already; 05 may come again (reference 3)."""
        return seen.status != "05" and _mark(seen) in self._known

    def statuses(self, system: str, since: str) -> list[Packet]:
        """List a system's statuses since a time, yyyy/MM/dd HH:mm:ss; without one, those never given."""
        told = [
            each
            for each in self.packets.values()
            if self.units.get(each.to) == system and each.kind == "status"
        ]
        if not since:
            return [each for each in told if each.state == "INITIAL"]
        return [each for each in told if each.created >= since.replace("/", "-")]

    def send(self, seen: Seen, content: bytes, operation: str = "sendEdoc") -> str | None:
        """Take a package in; gives its docId, None where a new document's id is known (reference 4)."""
        key = f"{seen.sender}|{seen.document_id}"
        if seen.kind == "edoc" and seen.business == "0":
            if key in self._known:
                self.journal.record(operation, seen.document_id, "refused", reason="exists")
                return None
            self._known.put(key, hashlib.sha256(content).hexdigest())
        again = seen.kind == "status" and self.told_before(seen)
        self._known.put(_mark(seen), seen.kind)
        self.journal.record(operation, seen.document_id, "duplicate" if again else "applied", kind=seen.kind)
        sender_id = str(uuid.uuid4())
        for to in seen.recipients:
            packet = self._enter(seen, content, to, sender_id)
            if self.conduct.offices and to in self.units:
                packet.state = "done"
                self._put(packet)
            if self.conduct.offices or to not in self.units:
                self._answer_later(seen, to)
        return sender_id

    def arrive(self, content: bytes, to: str, kind: str) -> str:
        """Put any bytes into a unit's inbox, as another connection centre might (control)."""
        seen, _ = look(content)
        seen = seen or Seen(kind, "000.00.00.G22", (to,), "", "", "", "", "0", "")
        return self._enter(seen, content, to, str(uuid.uuid4())).axis_id

    def document(self, sender: str, to: str, answers: Seen | None = None) -> str:
        """Let an agency send a new document to a unit."""
        self._number += 1
        return self.arrive(papers.document(sender, to, self._number, answers), to, "edoc")

    def ask_back(self, axis_id: str) -> str:
        """Let whoever sent a packet's document ask it back from its unit; gives the docId of the 13."""
        packet = self.packets[axis_id]
        seen, why = look(base64.b64decode(packet.content))
        if seen is None:
            raise ValueError(why)
        return self.arrive(papers.ask_back(seen, packet.to), packet.to, "status")

    def acknowledge(self, packet: Packet, state: str, operation: str = "updateStatus") -> None:
        """Note what a receiver says of a packet: done or fail takes it off the list."""
        again = packet.state == state
        packet.state = state
        self._put(packet)
        self.journal.record(operation, packet.axis_id, "duplicate" if again else "applied", state=state)

    def state(self) -> Mapping[str, Any]:
        """Return what a person asks first: packets by kind and state."""
        return {"packets": Counter(f"{each.kind} {each.state}" for each in self.packets.values())}

    def _enter(self, seen: Seen, content: bytes, to: str, sender_id: str) -> Packet:
        now = datetime.now(HANOI).strftime("%Y-%m-%d %H:%M:%S")
        text = base64.b64encode(content).decode()
        packet = Packet(
            str(uuid.uuid4()), sender_id, seen.kind, seen.sender, to, seen.sign, seen.subject, text, now
        )
        self._put(packet)
        return packet

    def _put(self, packet: Packet) -> None:
        self.packets[packet.axis_id] = packet
        self._packets.put(packet.axis_id, msgspec.to_builtins(packet))

    def _answer_later(self, seen: Seen, unit: str) -> None:
        """Let the agency act on what it got: a plan drawn from the seed and the document's id."""
        rng = Random(f"{self.conduct.seed}:{seen.document_id}:{unit}:{seen.status}")
        if seen.kind == "status":
            plan = [(rng.random() < self.conduct.give_back and "15") or "16"] if seen.status == "13" else []
        elif seen.business in ("1", "2"):
            plan = ["01", "15" if rng.random() < self.conduct.give_back else "16"]
        elif rng.random() < self.conduct.reject:
            plan = ["01", "02"]
        else:
            plan = ["01", "03", "05", "answer", "06"]
            if self.conduct.offices and unit != seen.sender:
                plan = ["01", "03", "05", "06"]
        loop = asyncio.get_running_loop()
        for count, step in enumerate(plan, 1):
            loop.call_later(count * self.conduct.pace, self._act, seen, unit, step)

    def _act(self, seen: Seen, unit: str, step: str) -> None:
        if step == "answer":
            self.document(unit, seen.sender, seen)
        else:
            self.arrive(papers.status(seen, unit, step), seen.sender, "status")


def _mark(seen: Seen) -> str:
    return f"{seen.sender}|{','.join(seen.recipients)}|{seen.sign}|{seen.status}|{seen.business}"
