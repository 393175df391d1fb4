"""Polls the catalogue of procedures (LayDanhSachTTHC, then LayThuTuc for each, reference 1b and 1e)."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from adapters.national_portal.client import PortalClient
from bus.ports import Deadline, Incoming, Page

Recall = Callable[[list[str]], Mapping[str, bytes]]


@dataclass(frozen=True, slots=True)
class Procedures:
    """The poll. The cursor is the last procedure read of a round; between rounds it is empty."""

    client: PortalClient
    at_once: int
    deadline: Callable[[], Deadline]

    def fetch(self, cursor: str, recall: Recall) -> Page:
        """Read the next procedures, hand in those that changed; raises `DeliveryError`s, may be repeated."""
        listed = self.client.read("LayDanhSachTTHC", {}, self.deadline()).result
        rows = listed if isinstance(listed, list) else []
        codes = sorted({str(row["MATTHC"]) for row in rows if isinstance(row, dict) and row.get("MATTHC")})
        left = [code for code in codes if code > cursor]
        now = left[: self.at_once]
        known = recall(now)
        items, remember = [], {}
        for code in now:
            tree, digest = self._procedure(code)
            if tree is not None and known.get(code) != digest:
                raw, remember[code] = msgspec.json.encode(tree), digest
                key = f"{code}/{digest.decode()}"
                items.append(Incoming("national_portal.procedure", tree, raw, key=key))
        more = len(left) > len(now)
        return Page(tuple(items), now[-1] if more else "", remember, more=more)

    def _procedure(self, code: str) -> tuple[dict[str, Any] | None, bytes]:
        found = self.client.read("LayThuTuc", {"maTTHC": code}, self.deadline()).result
        tree = found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else None
        digest = hashlib.sha256(msgspec.json.encode(tree, order="sorted")).hexdigest()[:16]
        return tree, digest.encode()
