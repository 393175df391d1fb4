"""Whether a call is signed as the reference has it (5.1): parameters as headers, an HMAC over their JSON."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

_STAMP = re.compile(r"\d{8}T\d{6}\+\d{4}", re.ASCII)
PREFIX = "xroadvnpt-"
BAD_SIGNATURE, BAD_CALL = "15", "21"


@dataclass(frozen=True)
class Call:
    """A call that is signed: who calls, and its inputs by their names in small letters."""

    system: str
    inputs: Mapping[str, str]


@dataclass(frozen=True)
class Refusal:
    """Why a call is not let in."""

    code: str
    text: str


def check(headers: Mapping[str, str], secrets: Mapping[str, str]) -> Call | Refusal:
    """Verify a call's headers (names in small letters); systems and their secrets are `secrets`.

    Old stamps are taken: the vendor's long-lived objects repeat theirs (7.4).
    """
    text, keys = headers.get(f"{PREFIX}sign-header", ""), headers.get(f"{PREFIX}sign-header-key", "")
    secret = secrets.get(headers.get(f"{PREFIX}systemid", ""))
    if secret is None:
        return Refusal(BAD_SIGNATURE, "SystemId is not registered")
    wanted = hmac.new(secret.encode("utf-8"), text.encode("latin1"), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted, headers.get(f"{PREFIX}hash-header", "")):
        return Refusal(BAD_SIGNATURE, "hash-header does not fit sign-header")
    problem = _told_otherwise(headers, text, keys.split(";"))
    if problem:
        return Refusal(BAD_CALL, problem)
    return Call(
        headers[f"{PREFIX}systemid"], {key.lower(): headers[PREFIX + key.lower()] for key in keys.split(";")}
    )


def _told_otherwise(headers: Mapping[str, str], text: str, keys: list[str]) -> str:
    """Say where the signed text and the headers differ, or what every call must have and this has not."""
    try:
        signed = json.loads(text)
    except ValueError:
        return "sign-header is no JSON"
    off = [name for name, value in signed.items() if headers.get(name.lower()) != value]
    lacking = {"systemid", "timestamp", "Content-Type"} - set(keys)
    told = (
        (
            json.dumps(signed, ensure_ascii=False, separators=(",", ":")) == text,
            "sign-header is not compact",
        ),
        (
            list(signed) == [f"XroadVnpt-{key}" for key in keys],
            "sign-header-key does not name what is signed, in its order",
        ),
        (not off, f"headers differ from what is signed: {off}"),
        (not lacking, f"not signed: {sorted(lacking)}"),
        (
            _STAMP.fullmatch(signed.get("XroadVnpt-timestamp", "")),
            "timestamp is not ddMMyyyy'T'HHmmss+SSSS",
        ),
        (headers.get("content-type") == signed.get("XroadVnpt-Content-Type"), "Content-Type differs"),
        (headers.get(f"{PREFIX}version"), "XroadVnpt-version is missing"),
    )
    return next((problem for good, problem in told if not good), "")
