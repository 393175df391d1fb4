"""`person`: who may sign in to the console. A password comes from a prompt or from standard input."""

import getpass
import sys

import msgspec
from rich.table import Table

from bus.errors import ConfigurationError
from bus.ledger.ledger import read_only
from bus.ledger.people import Enrol, everybody, find_person
from bus.people import RIGHTS, ROLES, Person, Role, faults, hashed
from commands.people import act
from commands.place import Place, who
from commands.tell import FINE, NEEDS_YOU, out, put_json, say


def add_person(place: Place, login: str, name: str, role: str, *, as_json: bool) -> int:
    """Put a person in, or give one another role, name or password; they have to sign in again.

    Raises `ConfigurationError` for what is no name, no role, or too weak a password.
    """
    password = _password()
    wrong = faults(login, password)
    if role not in ROLES:
        wrong.append(f'there is no role "{role}". The roles are {", ".join(ROLES)}')
    if wrong:
        raise ConfigurationError(wrong)
    person = Person(login, name or login, msgspec.convert(role, Role), hashed(password))
    return _write(place, person, f"{login} may sign in as {role}", as_json=as_json)


def take_out(place: Place, login: str, *, as_json: bool) -> int:
    """Let a person no longer sign in; sessions end at once. `NEEDS_YOU` where there is no such person."""
    known = read_only(place.ledger, find_person, login)
    if known is None:
        say(f'there is no person "{login}"; `person list` shows who there is')
        return NEEDS_YOU
    person = msgspec.structs.replace(known, password="", is_active=False)
    return _write(place, person, f"{login} may no longer sign in", as_json=as_json)


def list_people(place: Place, *, as_json: bool) -> int:
    """Print who may sign in. Reads only; may be repeated."""
    people = read_only(place.ledger, everybody)
    if as_json:
        put_json({"people": [_as_object(one) for one in people]})
        return FINE
    table = Table()
    for column in ("login", "name (họ tên)", "role (vai trò)", "may", "signs in"):
        table.add_column(column, overflow="fold")
    for one in people:
        rights = ", ".join(sorted(RIGHTS[one.role]))
        table.add_row(one.login, one.name, one.role, rights, "yes" if one.is_active else "no")
    out().print(table)
    return FINE


def _as_object(one: Person) -> dict[str, object]:
    return {"login": one.login, "name": one.name, "role": one.role, "is_active": one.is_active}


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    typed = getpass.getpass("password (mật khẩu): ")
    if getpass.getpass("once more: ") != typed:
        raise ConfigurationError(["the two are not the same"])
    return typed


def _write(place: Place, person: Person, told: str, *, as_json: bool) -> int:
    request = {"do": "enrol", "person": msgspec.to_builtins(person), "who": who()}
    error = act(place, request, Enrol(person, who())).get("error")
    if as_json:
        put_json({"ok": not error} | ({"error": error} if error else {}))
    say(f"not done: {error}" if error else told)
    return NEEDS_YOU if error else FINE
