"""Our signing key and those whom we believe: PKCS#12 and PEM files, read once at the start."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from bus.errors import ConfigurationError
from bus.settings import Secret

_LONGEST_CHAIN = 5
_PKCS12 = "pkcs12:"


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key with its certificate. The key never shows: it has no text of its own."""

    key: RSAPrivateKey
    certificate: x509.Certificate

    @property
    def key_pem(self) -> bytes:
        """The key for the signing library; never written anywhere."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read_signer(where: str, password: Secret | None) -> Signer:
    """Read "pkcs12:PATH"; raises `ConfigurationError` that says what to do, without the password."""
    if not where.startswith(_PKCS12):
        raise ConfigurationError([f'signer "{where}" must be "{_PKCS12}PATH" (tokens and HSMs: not yet)'])
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
    return Signer(key, certificate)


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
