"""People and their sessions in the ledger, and what they do: every action is logged, appended only."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, select

from bus.ledger import chain, schema
from bus.ledger.schema_people import person, session
from bus.ledger.store import Store, now_of
from bus.people import Person


class Enrol(msgspec.Struct, frozen=True):
    """Put a person in, or change one; whoever is changed has to sign in again. `who` asked for it."""

    person: Person
    who: str


class SignIn(msgspec.Struct, frozen=True):
    """Begin a session of `seconds`; `digest` is that of its secret."""

    login: str
    digest: bytes
    seconds: float


class SignOut(msgspec.Struct, frozen=True):
    """End a session; one that is not there is no fault."""

    digest: bytes


class Note(msgspec.Struct, frozen=True):
    """Write down what a person did where nothing else is written: revealing, probing, a failed sign-in."""

    who: str
    what: str
    subject: str
    reason: str = ""


class People:
    """Writes people, sessions and notes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def enrols(self, tx: Connection, enrols: Sequence[Enrol]) -> list[None]:
        """Put people in or change them; an empty password keeps the one there is. May be repeated."""
        for enrol in enrols:
            self._enrol(tx, enrol)
        return [None] * len(enrols)

    def _enrol(self, tx: Connection, enrol: Enrol) -> None:
        one, now = enrol.person, self._store.now(tx)
        changed = ["name", "role", "is_active", "changed_at", *(["password"] if one.password else [])]
        row = msgspec.structs.asdict(one) | {"changed_at": now}
        tx.execute(self._store.upsert(person, "login", update=changed), row)
        tx.execute(delete(session).where(session.c.login == one.login))
        what = "person" if one.is_active else "person out"
        log(self._store, tx, Note(enrol.who, what, one.login, one.role))

    def sign_ins(self, tx: Connection, sign_ins: Sequence[SignIn]) -> list[None]:
        """Begin sessions; those that have ended are cleared away."""
        now = self._store.now(tx)
        tx.execute(delete(session).where(session.c.ends_at < now))
        for one in sign_ins:
            row = {"digest": one.digest, "login": one.login, "began_at": now, "ends_at": now + one.seconds}
            tx.execute(session.insert(), row)
            log(self._store, tx, Note(one.login, "sign in", one.login))
        return [None] * len(sign_ins)

    def sign_outs(self, tx: Connection, sign_outs: Sequence[SignOut]) -> list[None]:
        """End sessions; may be repeated."""
        tx.execute(delete(session).where(session.c.digest.in_([one.digest for one in sign_outs])))
        return [None] * len(sign_outs)

    def notes(self, tx: Connection, notes: Sequence[Note]) -> list[None]:
        """Append to the log of what people did."""
        for note in notes:
            log(self._store, tx, note)
        return [None] * len(notes)


def log(store: Store, tx: Connection, note: Note) -> None:
    """Append one action to the log, behind the last one whichever process wrote it."""
    chain.lock(tx)
    number = store.numbers(tx, schema.action, 1)[0]
    row: dict[str, Any] = msgspec.structs.asdict(note) | {"id": number, "at": store.now(tx)}
    tx.execute(schema.action.insert(), chain.linked(row, chain.head(tx).digest))


def find_person(tx: Connection, login: str) -> Person | None:
    """The person of this name, whether or not they may still sign in."""
    row = tx.execute(select(person).where(person.c.login == login)).first()
    return _person(row) if row else None


def everybody(tx: Connection) -> list[Person]:
    """All people by name, without what proves them."""
    rows = tx.execute(select(person).order_by(person.c.login))
    return [msgspec.structs.replace(_person(row), password="") for row in rows]


def signed_in(tx: Connection, digest: bytes) -> Person | None:
    """Whose session this is; None where it has ended or they may no longer sign in."""
    query = select(person).join(session, session.c.login == person.c.login)
    query = query.where(session.c.digest == digest, session.c.ends_at > now_of(tx), person.c.is_active)
    row = tx.execute(query).first()
    return _person(row) if row else None


def _person(row: Any) -> Person:
    return Person(row.login, row.name, row.role, row.password, row.is_active)


def actions(tx: Connection, *, before: int | None = None, most: int = 100) -> list[dict[str, Any]]:
    """What people did, the latest first; `before` is the number that a page begins below."""
    query = select(schema.action).order_by(schema.action.c.id.desc()).limit(most)
    if before is not None:
        query = query.where(schema.action.c.id < before)
    return [dict(row) for row in tx.execute(query).mappings()]
