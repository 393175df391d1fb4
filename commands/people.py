"""What people do: hold and release a dossier, pause and resume a connector. Every action is recorded."""

import asyncio
from typing import Any

import msgspec

from bus.errors import ConfigurationError
from bus.ledger.ledger import Action, Ledger, read_only
from bus.ledger.legs import of_dossier
from bus.ledger.people import Enrol, Note
from bus.ledger.records import Hold, Keep, Pause, Plan, Undone
from bus.ledger.store import Store
from commands.control import send
from commands.parts import known_connectors
from commands.place import Place, who
from commands.tell import FINE, NEEDS_YOU, covered, put_json, say
from commands.trace import find, refuse_unknown


def hold_dossier(place: Place, number: str, reason: str, *, hold: bool, as_json: bool) -> int:
    """Hold or release everything unsent of a dossier; repeating it changes nothing.

    `NEEDS_YOU` where no dossier has the number.
    """
    dossier = read_only(place.ledger, find, number)
    if dossier is None:
        refuse_unknown(place, number)
        return NEEDS_YOU
    action = Hold(dossier, hold=hold, who=who(), reason=reason)
    request = {"do": "hold" if hold else "release", "dossier": dossier, "who": who(), "reason": reason}
    return _done(act(place, request, action), f"{number} is {'held' if hold else 'released'}", as_json)


def leg_undone(place: Place, number: str, leg: str, reason: str, *, as_json: bool) -> int:
    """Say that what a leg of a withdrawn dossier did is undone at its peer.

    `NEEDS_YOU` where no dossier has the number, or none of its legs of that name waits for a person.
    """
    dossier = read_only(place.ledger, find, number)
    if dossier is None:
        refuse_unknown(place, number)
        return NEEDS_YOU
    waiting = [one.route for one in read_only(place.ledger, of_dossier, dossier) if one.state == "undoing"]
    routes = [route for route in waiting if leg in (route, route.partition(".")[2])]
    if len(routes) != 1:
        known = ", ".join(waiting) or "none of its legs"
        say(f"{covered(leg)} does not wait to be undone; {known} does. `trace {covered(number)}` shows them")
        return NEEDS_YOU
    action = Undone(dossier, routes[0], who(), reason)
    request = {"do": "undone", "dossier": dossier, "leg": routes[0], "who": who(), "reason": reason}
    return _done(act(place, request, action), f"{routes[0]} of {covered(number)} is undone", as_json)


def pause_connector(place: Place, name: str, reason: str, *, pause: bool, as_json: bool) -> int:
    """Pause or resume a connector: nothing is sent to it while it is paused; repeating changes nothing.

    Raises `ConfigurationError` for a name that the installation does not have.
    """
    if place.settings:
        known_connectors(place.settings, [name])
    action = Pause(name, pause=pause, who=who(), reason=reason)
    request = {"do": "pause" if pause else "resume", "connector": name, "who": who(), "reason": reason}
    return _done(act(place, request, action), f"{name} is {'paused' if pause else 'resumed'}", as_json)


def act(
    place: Place, request: dict[str, Any], action: Hold | Pause | Undone | Enrol | Note
) -> dict[str, Any]:
    """Have an action done: by the `serve` that runs, else in the ledger itself.

    Raises `ConfigurationError` where another process serves an SQLite ledger and takes no requests.
    """
    reply = send(place.control, request)
    if reply is None:
        asyncio.run(write(place, action))
    return reply or {"ok": True}


def note(place: Place, what: Note) -> None:
    """Append to the log of actions what a command did beside the ledger."""
    act(place, {"do": "note", "note": msgspec.to_builtins(what)}, what)


async def write(place: Place, action: Action) -> Any:
    """Do an action in the ledger itself, where no `serve` runs; for what keeps no messages.

    Raises `ConfigurationError` where another process serves an SQLite ledger and takes no requests.
    """
    ledger = Ledger(Store(place.ledger), plan_nothing, merge_nothing)
    try:
        return await ledger.act(action)
    finally:
        ledger.close()


def plan_nothing(_state: bytes | None, _keep: Keep, _withdrawn: bool) -> Plan:  # noqa: FBT001  the ledger's signature
    """Keep no message: the ledger of a command plans none."""
    raise ConfigurationError(["a command keeps no messages"])


def merge_nothing(_one: bytes, _other: bytes) -> bytes:
    """Merge no dossiers: a command does none of it."""
    raise ConfigurationError(["a command merges no dossiers"])


def _done(reply: dict[str, Any], text: str, as_json: bool) -> int:  # noqa: FBT001  one caller a command
    error = reply.get("error")
    if as_json:
        put_json(reply)
    say(f"not done: {error}" if error else text)
    return NEEDS_YOU if error else FINE
