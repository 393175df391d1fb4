"""Who is asking, what it may do, and how often. Deny by default (mặc định là không được phép)."""

import hashlib
import hmac
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.agency.problems import DoorError, again_later, forbidden
from bus.agency_settings import AgencySettings, Right
from bus.desk import source_of

MOST_AT_ONCE = 64
"""Calls under way at the same time, of all agencies together."""

_RIGHTS: Mapping[str, str] = {
    "dossier.hand_in": "nộp hồ sơ",
    "dossier.replace": "thay thế hồ sơ",
    "dossier.withdraw": "rút hồ sơ",
    "dossier.follow": "theo dõi hồ sơ",
}


@dataclass(slots=True)
class _Bucket:
    """`rate` calls a second, and a second's worth at once after a pause."""

    rate: float
    left: float
    at: float

    def take(self, now: float) -> float:
        """Take one call; 0, or the seconds until there is one."""
        most = max(1.0, self.rate)
        self.left = min(most, self.left + (now - self.at) * self.rate)
        self.at = now
        if self.left >= 1:
            self.left -= 1
            return 0.0
        return (1 - self.left) / self.rate


@dataclass(frozen=True, slots=True)
class Gatekeeper:
    """The agencies of an installation at the door. `clock` is monotonic, in seconds."""

    agencies: Sequence[AgencySettings]
    clock: Callable[[], float] = time.monotonic
    _keys: list[tuple[bytes, AgencySettings]] = field(default_factory=list, init=False)
    _certificates: list[tuple[bytes, AgencySettings]] = field(default_factory=list, init=False)
    _buckets: dict[str, _Bucket] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Read the certificates; raises ValueError where two agencies have one key, or one is no PEM."""
        for agency in self.agencies:
            if agency.key is not None:
                self._keys.append((_digest(agency.key.reveal().encode()), agency))
            if agency.client_certificate is not None:
                pem = agency.client_certificate.read_text(encoding="ascii")
                self._certificates.append((_digest(ssl.PEM_cert_to_DER_cert(pem)), agency))
            rate = float(agency.rate)
            self._buckets[agency.code] = _Bucket(rate, max(1.0, rate), self.clock())
        if len({digest for digest, _ in self._keys}) < len(self._keys):
            raise ValueError("two agencies have the same key")

    def admit(self, scope: Mapping[str, Any], headers: Mapping[str, str], right: Right) -> AgencySettings:
        """Who is asking, if it may; raises `DoorError` 401, 403 or 429."""
        agency = self._who(scope, headers)
        if agency is None:
            detail = (
                "Gửi khóa của cơ quan trong tiêu đề Authorization: Bearer …, hoặc dùng chứng thư đã đăng ký."
            )
            mark = {"WWW-Authenticate": 'Bearer realm="lienthong"'}
            raise DoorError(401, "unauthenticated", "Chưa xác thực", detail, headers=mark)
        if wait := self._buckets[agency.code].take(self.clock()):
            rate = agency.rate.written
            raise again_later(wait, f"Vượt quá tần suất đã thỏa thuận ({rate}). Chờ rồi gửi lại.", status=429)
        if right not in agency.may:
            detail = f"Cơ quan chưa được cấp quyền {_RIGHTS[right]} ({right}). Liên hệ đơn vị vận hành."
            raise forbidden(detail)
        return agency

    def _who(self, scope: Mapping[str, Any], headers: Mapping[str, str]) -> AgencySettings | None:
        kind, _, key = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return _match(_digest(key.strip().encode("latin-1", "replace")), self._keys)
        chain = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain", ())
        return _match(_digest(ssl.PEM_cert_to_DER_cert(chain[0])), self._certificates) if chain else None


def source(agency: AgencySettings) -> str:
    """The source that an agency's messages are kept under."""
    return source_of(agency.code)


def _digest(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()


def _match(digest: bytes, known: Sequence[tuple[bytes, AgencySettings]]) -> AgencySettings | None:
    """Compare with every one, in constant time: how long it takes tells nothing."""
    found = None
    for other, agency in known:
        if hmac.compare_digest(digest, other):
            found = agency
    return found
