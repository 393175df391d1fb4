"""What an agency is told of a change, whom it concerns, and the signed call itself (gọi lại có ký).

    POST calls_back            {"id", "at", "number", "numbers", "status", "status_text", …}
    X-Lienthong-Id             the event's id: the same however often it comes
    X-Lienthong-Timestamp      seconds since the epoch, of this call
    X-Lienthong-Signature      sha256=HEX, HMAC-SHA256 under calls_back_key of TIMESTAMP + "." + body

Any answer 2xx is taken; redirects are not followed. No personal data: who wants more asks.
"""

import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
import requests

from adapters.agency.gatekeeper import source
from adapters.agency.province import Province
from adapters.agency.words import STATUSES
from bus.agency_settings import AgencySettings
from bus.desk import source_of
from mappings.dossier import Dossier
from mappings.rules_time import ICT

TIMEOUT = (3.0, 10.0)
"""Seconds to connect, and for each piece of the answer."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a call. `number` is the agency's own, where it handed the dossier in."""

    id: str
    at: datetime
    number: str | None
    numbers: Mapping[str, str]
    status: str | None
    status_text: str
    system: str
    outcome: str


class Notifier:
    """Who of some agencies is told of what."""

    def __init__(self, agencies: Sequence[AgencySettings], province: Province) -> None:
        self._agencies = tuple(agencies)
        self._province = province

    def concerned(self, whole: Dossier, numbers: Mapping[str, str]) -> list[AgencySettings]:
        """Those agencies that took a dossier in, handle or hold it, and may follow it."""
        return [each for each in self._agencies if self._concerns(each, whole, numbers)]

    def _concerns(self, agency: AgencySettings, whole: Dossier, numbers: Mapping[str, str]) -> bool:
        today = datetime.now(ICT).date()
        codes = self._province.codes(agency.code, today)
        near = (whole.intake_agency, whole.handling_agency, whole.holder)
        is_near = any(self._province.is_of(each, codes) for each in near)
        is_its = any(source_of(code) in numbers for code in codes)
        groups = self._province.groups(whole.procedure or "", today) & set(agency.procedures)
        return (is_near or is_its) and bool(groups) and "dossier.follow" in agency.may


def body(
    agency: AgencySettings,
    whole: Dossier,
    numbers: Mapping[str, str],
    *,
    event: str,
    at: float,
    system: str,
    outcome: str,
) -> bytes:
    """What one agency is told of one event."""
    told = Told(
        id=event,
        at=datetime.fromtimestamp(at, ICT).replace(microsecond=0),
        number=numbers.get(source(agency)),
        numbers=numbers,
        status=whole.status,
        status_text=STATUSES.get(whole.status or "", "Đã nhận, chưa có hệ thống nào xử lý"),
        system=system,
        outcome=outcome,
    )
    return msgspec.json.encode(told)


def signature(key: str, timestamp: str, content: bytes) -> str:
    """What proves that a call is ours, and when it was made."""
    signed = hmac.new(key.encode(), timestamp.encode() + b"." + content, hashlib.sha256)
    return f"sha256={signed.hexdigest()}"


class Caller:
    """Calls agencies back. Safe from several threads."""

    def __init__(self, agencies: Sequence[AgencySettings]) -> None:
        self._agencies = {each.code: each for each in agencies if each.calls_back}

    def call(self, agency: str, event: str, content: bytes) -> str:
        """Tell an agency; "" where it took it, else a sentence why not. May be repeated."""
        known = self._agencies.get(agency)
        if known is None or known.calls_back is None or known.calls_back_key is None:
            return "the agency does not want to be called any more"
        now = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "X-Lienthong-Id": event,
            "X-Lienthong-Timestamp": now,
            "X-Lienthong-Signature": signature(known.calls_back_key.reveal(), now, content),
        }
        try:
            with requests.post(
                known.calls_back,
                data=content,
                headers=headers,
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,
            ) as answer:
                return "" if answer.ok and answer.status_code < 300 else f"HTTP {answer.status_code}"
        except requests.RequestException as error:
            return f"no answer: {type(error).__name__}"
