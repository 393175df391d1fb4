"""Our signing key and those whom we believe: PKCS#12 files, tokens and HSMs, PEM files; read at the start."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import pkcs12

from adapters._kit.token_signer import SCHEME, read_token_signer
from bus.errors import ConfigurationError
from bus.settings import Secret

Digest = Literal["sha256", "sha1"]
_LONGEST_CHAIN = 5
_PKCS12 = "pkcs12:"


class Signer(Protocol):
    """A private key, wherever it lies, and its certificate; safe for many threads."""

    @property
    def certificate(self) -> x509.Certificate:
        """Who signs."""

    def sign(self, content: bytes, digest: Digest) -> bytes:
        """Sign by RSA, PKCS#1 v1.5; raises `TransientError` where the key cannot be reached."""


@dataclass(frozen=True, slots=True)
class FileSigner:
    """A key that was read from a file. It never shows: it has no text of its own."""

    key: RSAPrivateKey
    certificate: x509.Certificate

    def sign(self, content: bytes, digest: Digest) -> bytes:
        """Sign by RSA, PKCS#1 v1.5."""
        return self.key.sign(content, PKCS1v15(), SHA256() if digest == "sha256" else SHA1())  # noqa: S303  where a peer demands it


def read_signer(where: str, password: Secret | None) -> Signer:
    """Read "pkcs12:PATH" or open "pkcs11:…"; raises `ConfigurationError` that says what to do, no secret."""
    if where.startswith(SCHEME):
        return read_token_signer(where, password)
    if not where.startswith(_PKCS12):
        raise ConfigurationError([f'signer "{where}" must be "{_PKCS12}PATH" or "{SCHEME}…"'])
    path = Path(where.removeprefix(_PKCS12))
    try:
        secret = password.reveal().encode() if password else None
        key, certificate, _ = pkcs12.load_key_and_certificates(path.read_bytes(), secret)
    except (OSError, ValueError) as error:
        wrong = "it is no PKCS#12 file, or signer_password is wrong"
        why = error.strerror if isinstance(error, OSError) else wrong
        raise ConfigurationError([f"{path}:1:1: the signer cannot be read: {why}"]) from None
    if not isinstance(key, RSAPrivateKey) or certificate is None:
        raise ConfigurationError([f"{path}:1:1: the signer needs an RSA key and its certificate"])
    if certificate.public_key() != key.public_key():
        raise ConfigurationError([f"{path}:1:1: the signer's certificate is of another key"])
    return FileSigner(key, certificate)


def read_trusted(path: Path) -> tuple[x509.Certificate, ...]:
    """Read the certificates whom we believe, PEM; raises `ConfigurationError`."""
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError):
        raise ConfigurationError([f"{path}:1:1: holds no certificate. It must be PEM"]) from None


def is_trusted(
    certificate: x509.Certificate, beside: Sequence[x509.Certificate], trusted: Sequence[x509.Certificate]
) -> bool:
    """Whether a certificate is one of `trusted`, or issued by one through `beside`; all valid now."""
    now = datetime.now(UTC)
    for _ in range(_LONGEST_CHAIN):
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            return False
        if certificate in trusted:
            return True
        issuer = next((each for each in (*trusted, *beside) if _issued(certificate, each)), None)
        if issuer is None or issuer == certificate:
            return False
        certificate = issuer
    return False


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether `issuer` may issue and did; a certificate that may not issue makes nobody trusted."""
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        certificate.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, InvalidSignature, ValueError, TypeError):
        return False
    return constraints.ca
