"""What others write into the one-stop: dossiers and their fields; `parts` adds to them. Ours [I].

None is repeatable: the one-stop keeps no request id, and a second create makes a second dossier. All are
askable: a create by the national number, the rest by reading the dossier whole.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters._kit.schema import Check
from adapters.onestop.changes import incoming
from adapters.onestop.client import OneStopClient
from adapters.onestop.settings import Paths
from adapters.onestop.states import whole
from bus.errors import DeliveryError, PermanentError, TransientError
from bus.ports import Answer, Call, Sighting, Tree

_ADDRESS = ("code", "nationCode")
"""Which dossier a part belongs to; it stands in the path, not in the body."""
_MOST_KNOWN = 100_000

Shown = Callable[[Mapping[str, Any], Tree], bool]
"""Whether a dossier read whole shows that a request took effect."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the writing operations work with. `ids` remembers number -> id, which never changes."""

    connector: str
    client: OneStopClient
    paths: Paths
    checks: Mapping[str, Check]
    ids: dict[str, str] = field(default_factory=dict)

    def find(self, call: Call) -> str | None:
        """Find the id of the call's dossier by the numbers it is known by; None where no search shows it."""
        for name, number in self._numbers(call):
            if number in self.ids:
                return self.ids[number]
            rows, _ = self.client.search(call.deadline, **{name: number})
            if rows and rows[0].get("id"):
                return self.learn(number, str(rows[0]["id"]))
        return None

    def learn(self, number: str, known: str) -> str:
        """Remember which id a number has."""
        if len(self.ids) >= _MOST_KNOWN:
            self.ids.clear()
        self.ids[number] = known
        return known

    def known(self, call: Call) -> str:
        """Find the id or raise: a dossier just made may not be in the search yet."""
        known = self.find(call)
        if known is None:
            raise TransientError(
                "The one-stop does not show this dossier (yet).", code="404", peer_down=False
            )
        return known

    def check(self, name: str, tree: Tree) -> None:
        """Raise `PermanentError` with every problem of a request."""
        problems = self.checks[name](tree)
        if problems:
            text = "The message is not what the one-stop accepts; it was not sent."
            raise PermanentError(text, problems=problems)

    def _numbers(self, call: Call) -> list[tuple[str, str]]:
        own = call.codes.get(self.connector) or call.request.get("code")
        others = [code for name, code in call.codes.items() if name != self.connector]
        nation = [call.request.get("nationCode"), *others]
        return [("code", own)] * bool(own) + [("nation_code", code) for code in nation if code]


def create_dossier(desk: Desk, call: Call) -> Answer:
    """Make the dossier; the answer says it as an `onestop.dossier`, read back whole."""
    desk.check("create", call.request)
    answer, raw = desk.client.write(
        "POST", desk.paths.create, "", call.request, call.deadline, call.request_id
    )
    return _created(desk, call, str(answer.get("id", "")), raw)


def dossier_is_there(desk: Desk, call: Call) -> Sighting:
    """Whether a dossier with this national number is there."""
    rows, _ = desk.client.search(call.deadline, nation_code=call.request["nationCode"])
    if not rows:
        return Sighting("not there")
    return Sighting("done", _created(desk, call, str(rows[0].get("id", "")), b""))


def update_dossier(desk: Desk, call: Call) -> Answer:
    """Replace fields of a dossier; those that are fixed once it is made are not in the sheet."""
    body = body_of(call)
    desk.check("update", body)
    _, raw = desk.client.write(
        "PUT", desk.paths.update, desk.known(call), body, call.deadline, call.request_id
    )
    return Answer(raw=raw)


def update_is_there(desk: Desk, call: Call) -> Sighting:
    """Whether the dossier shows the fields as asked for."""
    body = body_of(call)
    return look(desk, call, lambda record, _: contains(record, body, without=("asOf",)))


def create_key(tree: Tree) -> str:
    """What a created dossier is known by."""
    return str(tree.get("nationCode", ""))


def look(desk: Desk, call: Call, shown: Shown) -> Sighting:
    """Whether the dossier, read whole, shows that a request took effect; not found says nothing."""
    known = desk.find(call)
    record = desk.client.online(known, call.deadline) if known else None
    if record is None:
        return Sighting("cannot say")
    return Sighting("done" if shown(record, call.request) else "not there")


def body_of(call: Call) -> dict[str, Any]:
    """The body of a request about a dossier: which one it is stands in the path."""
    return without_address(call.request)


def without_address(request: Tree) -> dict[str, Any]:
    """A request without the numbers of its dossier."""
    return {name: value for name, value in request.items() if name not in _ADDRESS}


def contains(held: Any, asked: Any, *, without: tuple[str, ...] = ()) -> bool:
    """Whether all that was asked for is held; the one-stop adds words to codes."""
    if not isinstance(asked, dict):
        return bool(held == asked)
    named = {name: value for name, value in asked.items() if name not in without}
    return isinstance(held, dict) and all(contains(held.get(name), value) for name, value in named.items())


def _created(desk: Desk, call: Call, known: str, raw: bytes) -> Answer:
    """The answer of a create. Reading the dossier back may fail; the effect is there all the same."""
    if not known:
        return Answer(raw=raw, note="the answer names no id; the search will tell")
    desk.learn(call.request["nationCode"], known)
    try:
        record = desk.client.online(known, call.deadline)
    except DeliveryError as error:
        return Answer(raw=raw, note=f"made; reading it back failed: {error.text}")
    return Answer(raw=raw, says=(incoming(whole(record), record),) if record else ())
