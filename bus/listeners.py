"""An agency's own queue on the events exchange (hàng đợi của cơ quan), as a value: user, queue, permissions.

    user, queue      PREFIX.agency.CODE, the same name for both
    binding          PREFIX.events → queue, `to.CODE.*`: only what the agency may follow (`bus.events`)
    permissions      configure nothing; write its queue (to bind it); read its queue and the exchange
    topic            on that exchange: read `to.CODE.KIND` alone, write nothing

So it may read, and bind its queue to fewer of its own keys; whatever else it tries the broker refuses. All of
it is what the broker calls definitions, which it takes again and again without harm.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

LONGEST = 100_000
"""Events that wait for a listener; of more the oldest go, and `GET /dossiers/…` still tells how all is."""

NEVER = 1_000_000
"""Deliveries of an event that was not acknowledged: a listener may come back as often as it likes."""

TO = "to"
"""The first word of the keys by which agencies with a queue are told."""

LIMITS = {"max-connections": 10, "max-channels": 50}
_NOTHING = "^$"

Definitions = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Listener:
    """An agency with a queue of its own; `password` is its user's, and is in no text of this."""

    code: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Listeners:
    """The listeners of one installation, on its broker's virtual host."""

    prefix: str
    vhost: str
    listeners: tuple[Listener, ...]

    @property
    def exchange(self) -> str:
        """The exchange that they listen to."""
        return f"{self.prefix}.events"

    def name(self, code: str) -> str:
        """The user and the queue of an agency."""
        return f"{self.prefix}.agency.{code}"

    def is_one(self, name: str) -> bool:
        """Whether a user is one that we made."""
        return name.startswith(self.name(""))

    @property
    def names(self) -> frozenset[str]:
        """The users that there shall be."""
        return frozenset(self.name(one.code) for one in self.listeners)

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """List what is made, for a reader: what, name, how."""
        queue = " ".join(f"{key}={value}" for key, value in _QUEUE.items())
        for one in self.listeners:
            name = self.name(one.code)
            allowed = self._permission(name)
            limits = " ".join(f"{key}={value}" for key, value in LIMITS.items())
            yield "user", name, f"{limits} (the password of its agency's settings)"
            yield "topic permission", name, f"{self.exchange}: write {_NOTHING} read {_topic(one.code)}"
            yield (
                "permission",
                name,
                " ".join(f"{what} {allowed[what]}" for what in ("configure", "write", "read")),
            )
            yield "queue", name, queue
            yield "binding", f"{self.exchange} → {name}", key_of(one.code)

    def definitions(self) -> Sequence[Definitions]:
        """What the broker is given, in this order: nobody may read before it is said what."""
        return (
            {
                "users": [_user(self.name(one.code), one.password) for one in self.listeners],
                "topic_permissions": [self._topic_permission(one) for one in self.listeners],
            },
            {
                "permissions": [self._permission(name) for name in sorted(self.names)],
                "exchanges": [self._exchange()],
                "queues": [self._queue(name) for name in sorted(self.names)],
                "bindings": [self._binding(one) for one in self.listeners],
            },
        )

    def _permission(self, name: str) -> dict[str, str]:
        own = re.escape(name)
        readable = f"^({own}|{re.escape(self.exchange)})$"
        return {
            "user": name,
            "vhost": self.vhost,
            "configure": _NOTHING,
            "write": f"^{own}$",
            "read": readable,
        }

    def _topic_permission(self, one: Listener) -> dict[str, str]:
        return {
            "user": self.name(one.code),
            "vhost": self.vhost,
            "exchange": self.exchange,
            "write": _NOTHING,
            "read": _topic(one.code),
        }

    def _exchange(self) -> dict[str, Any]:
        return _durable(self.exchange, self.vhost) | {"type": "topic", "internal": False, "arguments": {}}

    def _queue(self, name: str) -> dict[str, Any]:
        return _durable(name, self.vhost) | {"arguments": dict(_QUEUE)}

    def _binding(self, one: Listener) -> dict[str, Any]:
        return {
            "source": self.exchange,
            "vhost": self.vhost,
            "destination": self.name(one.code),
            "destination_type": "queue",
            "routing_key": key_of(one.code),
            "arguments": {},
        }


_QUEUE: Mapping[str, Any] = {
    "x-queue-type": "quorum",
    "x-delivery-limit": NEVER,
    "x-max-length": LONGEST,
    "x-overflow": "drop-head",
}


def key_of(code: str, kind: str = "*") -> str:
    """The routing key by which an agency is told of one kind of end, or of all."""
    return f"{TO}.{code}.{kind}"


def without_secrets(definitions: Iterable[Definitions]) -> list[dict[str, Any]]:
    """The same to be shown: a hash of a password is nobody's to see either."""
    return [
        {
            name: [{key: value for key, value in one.items() if key != "password_hash"} for one in rows]
            for name, rows in each.items()
        }
        for each in definitions
    ]


def _topic(code: str) -> str:
    # a binding is compared as it is written: of the wildcards only the last word's may stand there
    return rf"^{TO}\.{re.escape(code)}\.(\*|[a-z_]+)$"


def _user(name: str, password: str) -> dict[str, Any]:
    salt = secrets.token_bytes(4)
    hashed = base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
    return {
        "name": name,
        "password_hash": hashed,
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": "",
        "limits": LIMITS,
    }


def _durable(name: str, vhost: str) -> dict[str, Any]:
    return {"name": name, "vhost": vhost, "durable": True, "auto_delete": False}
