"""How a call of the VXP profile is signed: parameters as headers, an HMAC over their JSON (reference 5.1)."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path

import msgspec

AGENT = "JAVASDKAgent/1.0.0 XRoad/VPCP"
VERSION = "3.0.201608"
PREFIX = "XroadVnpt-"
_LOCAL = timezone(timedelta(hours=7))
_CHUNK = 262_144


def stamp(now: datetime) -> str:
    """Write a time as `ddMMyyyy'T'HHmmss+SSSS`; what follows the plus is milliseconds, no time zone."""
    local = now.astimezone(_LOCAL)
    return f"{local:%d%m%YT%H%M%S}+{local.microsecond // 1000:04d}"


def signed(inputs: Mapping[str, str], secret: str) -> dict[str, str]:
    """Make the headers of a call from its inputs, in their order; `Content-Type` must be one of them.

    Raises ValueError for a value that cannot stand in a header.
    """
    wrong = [name for name, value in inputs.items() if not (value.isascii() and value.isprintable())]
    if wrong:
        raise ValueError(f"cannot stand in a header: {', '.join(wrong)}")
    prefixed = {f"{PREFIX}{name}": value for name, value in inputs.items()}
    text = msgspec.json.encode(prefixed)
    return {
        **prefixed,
        "Content-Type": inputs["Content-Type"],
        "User-Agent": AGENT,
        f"{PREFIX}version": VERSION,
        f"{PREFIX}sign-header-key": ";".join(inputs),
        f"{PREFIX}sign-header": text.decode(),
        f"{PREFIX}hash-header": hmac.new(secret.encode(), text, hashlib.sha256).hexdigest(),
    }


def file_hash(path: Path, form: str) -> str:
    """Hash a file for `hash-file`: SHA-256; the vendor library drops each byte's leading zero (7.3)."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest() if form == "full" else "".join(f"{byte:x}" for byte in digest.digest())
