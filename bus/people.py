"""Who may do what: roles and their rights, passwords, the secret of a session. Pure but for randomness."""

import hashlib
import re
import secrets
from functools import cache
from typing import Literal, get_args

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

Role = Literal["viewer", "operator", "approver", "integrator"]
Right = Literal["see", "act", "approve", "reveal", "people"]

ROLES: tuple[Role, ...] = get_args(Role)

RIGHTS: dict[Role, frozenset[Right]] = {
    "viewer": frozenset({"see"}),
    "operator": frozenset({"see", "act"}),
    "approver": frozenset({"see", "act", "approve", "reveal"}),
    "integrator": frozenset({"see", "act", "reveal", "people"}),
}
"""`act`: hold, pause, probe, send again. `approve`: confirm what a colleague asked for. `reveal`: see what a
citizen wrote, which is recorded. `people`: who may sign in."""

SHORTEST = 12
"""Characters of a password; NIST SP 800-63B asks for length and against rules of composition."""

LOGIN = re.compile(r"[a-z][a-z0-9._-]{1,39}")

_hasher = PasswordHasher()


@cache
def _nobody() -> str:
    """What an unknown name is compared with, so that it takes as long as a known one."""
    return _hasher.hash(secrets.token_urlsafe(16))


class Person(msgspec.Struct, frozen=True):
    """Somebody who may sign in."""

    login: str
    name: str
    role: Role
    password: str = ""
    is_active: bool = True

    def may(self, right: Right) -> bool:
        """Tell whether the role has the right."""
        return self.is_active and right in RIGHTS[self.role]


def faults(login: str, password: str | None) -> list[str]:
    """What is wrong with a name to sign in with, and with a password where one is given."""
    found = []
    if not LOGIN.fullmatch(login):
        found.append(f'"{login}" is no name to sign in with: small letters, digits, . _ -, a letter first')
    if password is not None and len(password) < SHORTEST:
        found.append(f"the password (mật khẩu) is shorter than {SHORTEST} characters")
    if password is not None and login and login in password.casefold():
        found.append("the password contains the name")
    return found


def hashed(password: str) -> str:
    """An argon2id hash with its salt; takes about a tenth of a second and 64 MB."""
    return _hasher.hash(password)


def is_right(person: Person | None, password: str) -> bool:
    """Tell whether the password is the person's; takes as long where there is nobody of the name."""
    try:
        matches = _hasher.verify(person.password if person else _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return bool(matches) and person is not None and person.is_active


def new_secret() -> str:
    """A session's secret, for its cookie alone."""
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> bytes:
    """What is kept of a session's secret."""
    return hashlib.sha256(secret.encode()).digest()


def form_token(secret: str) -> str:
    """What a form of this session carries, so that no other site can send it."""
    return hashlib.sha256(b"form:" + secret.encode()).hexdigest()
