"""When the certificates that an installation names end (hạn chứng thư)."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from bus.installation import Installation
from bus.settings import Secret, Section

UNREADABLE = 0.0
_NAMES = ("certificate", "ca", "signer", "verify_with")
"""Settings that name a file with certificates."""


def expiries(installation: Installation) -> dict[str, float]:
    """Setting -> when the earliest certificate in its file ends, in seconds since the epoch; 0: not read."""
    return {name: _earliest(file, password) for name, file, password in _named("", installation)}


def _named(path: str, section: Section) -> Iterator[tuple[str, Path, bytes | None]]:
    for field in msgspec.structs.fields(section):
        value, name = getattr(section, field.name), f"{path}{field.encode_name}"
        if isinstance(value, Section):
            yield from _named(f"{name}.", value)
        elif isinstance(value, dict):
            for key, each in value.items():
                if isinstance(each, Section):
                    yield from _named(f"{name}.{key}.", each)
        elif field.name in _NAMES and value:
            secret = getattr(section, f"{field.name}_password", None)
            password = secret.reveal().encode() if isinstance(secret, Secret) else None
            yield name, Path(str(value).removeprefix("pkcs12:")), password


def _earliest(file: Path, password: bytes | None) -> float:
    try:
        content = file.read_bytes()
        found = _in_pem(content) if b"-----BEGIN" in content else _in_pkcs12(content, password)
        return min(each.not_valid_after_utc.timestamp() for each in found)
    except (OSError, ValueError):
        return UNREADABLE


def _in_pem(content: bytes) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(content)


def _in_pkcs12(content: bytes, password: bytes | None) -> list[x509.Certificate]:
    _, certificate, others = pkcs12.load_key_and_certificates(content, password)
    return [each for each in (certificate, *others) if each is not None]
