"""A signing key on a token or an HSM (PKCS#11), named by a URI as RFC 7512 has it.

`pkcs11:token=NAME;object=NAME;id=%01?module-path=/usr/lib/….so`: `object` or `id` names key and certificate,
`module-path` is the maker's library. The PIN is `signer_password`, never part of the URI.
"""

import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from bus.errors import ConfigurationError, TransientError
from bus.settings import Secret

SCHEME = "pkcs11:"
_KNOWN = ("token", "object", "id", "module-path")


@dataclass(frozen=True, slots=True)
class TokenSigner:
    """A key that never leaves its token; one session, one signature at a time (PKCS#11, 5.6.7)."""

    key: Any = field(repr=False)
    certificate: x509.Certificate
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def sign(self, content: bytes, digest: Literal["sha256", "sha1"]) -> bytes:
        """Sign by RSA, PKCS#1 v1.5; raises `TransientError` where the token does not: nothing was sent."""
        from pkcs11 import Mechanism, PKCS11Error  # noqa: PLC0415  most installations have no token

        wanted = Mechanism.SHA256_RSA_PKCS if digest == "sha256" else Mechanism.SHA1_RSA_PKCS
        try:
            with self._lock:
                return bytes(self.key.sign(content, mechanism=wanted))
        except PKCS11Error as error:
            text = f"The signing token does not sign ({type(error).__name__}). Is it there? Then restart."
            raise TransientError(text, code="signer", peer_down=False) from None


def read_token_signer(where: str, pin: Secret | None) -> TokenSigner:
    """Open a token and find key and certificate; raises `ConfigurationError` that says what is missing."""
    named = _parts(where)
    import pkcs11  # noqa: PLC0415  as above

    try:
        session = _session(pkcs11, named, pin)
        key = _one(session, pkcs11.ObjectClass.PRIVATE_KEY, named)
        found = _one(session, pkcs11.ObjectClass.CERTIFICATE, named)
        certificate = x509.load_der_x509_certificate(found[pkcs11.Attribute.VALUE])
    except pkcs11.PKCS11Error as error:
        raise _wrong(where, _why(error)) from None
    except ValueError:
        raise _wrong(where, "its certificate cannot be read") from None
    if not isinstance(certificate.public_key(), RSAPublicKey):
        raise _wrong(where, "its certificate is of no RSA key")
    return TokenSigner(key, certificate)


def _parts(where: str) -> Mapping[str, bytes]:
    path, _, query = where.removeprefix(SCHEME).partition("?")
    pairs = [each.partition("=") for each in (*path.split(";"), *query.split("&")) if each]
    named = {name: unquote_to_bytes(value) for name, _, value in pairs}
    if unknown := sorted(named.keys() - set(_KNOWN)):
        raise _wrong(
            where,
            f"{', '.join(unknown)} is not known here. Known: {', '.join(_KNOWN)}; a PIN is signer_password",
        )
    if lacking := [name for name in ("token", "module-path") if name not in named]:
        raise _wrong(where, f"it does not say {' and '.join(lacking)}")
    if not named.keys() & {"object", "id"}:
        raise _wrong(where, "it says neither object nor id")
    return named


def _session(pkcs11: Any, named: Mapping[str, bytes], pin: Secret | None) -> Any:
    token = pkcs11.lib(named["module-path"].decode()).get_token(token_label=named["token"].decode())
    try:
        return token.open(user_pin=pin.reveal() if pin else None)
    except pkcs11.exceptions.UserAlreadyLoggedIn:  # a login is the process's: another connector has made it
        return token.open()


def _one(session: Any, kind: Any, named: Mapping[str, bytes]) -> Any:
    from pkcs11 import Attribute, NoSuchKey  # noqa: PLC0415  as above

    wanted = {Attribute.CLASS: kind}
    if "object" in named:
        wanted[Attribute.LABEL] = named["object"].decode()
    if "id" in named:
        wanted[Attribute.ID] = named["id"]
    objects: Iterator[Any] = session.get_objects(wanted)
    found = list(objects)
    if len(found) != 1:
        raise NoSuchKey(kind.name.lower().replace("_", " "), len(found))
    return found[0]


def _why(error: Exception) -> str:
    match type(error).__name__:
        case "NoSuchToken":
            return "there is no such token. Is it plugged in, and its label right?"
        case "NoSuchKey":
            what, count = error.args
            return f"it has {count} of that name: a {what} is wanted, once"
        case "PinIncorrect" | "PinInvalid" | "PinLenRange":
            return "signer_password is not its PIN. Too many wrong ones lock it"
        case "PinLocked" | "PinExpired" | "UserPinNotInitialized":
            return "its PIN is locked, ended or was never set"
        case "PKCS11Error":
            return "its module-path is no PKCS#11 library"
        case name:
            return f"it answers {name}"


def _wrong(where: str, why: str) -> ConfigurationError:
    """What a person must do; a PIN that somebody wrote into the URI is not repeated."""
    shown = re.sub(r"(pin-value=)[^&;]*", r"\1…", where)
    return ConfigurationError([f'signer "{shown}" cannot be used: {why}'])
