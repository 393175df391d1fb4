"""`agencies call-again`: what was given up is called once more, by the `serve` that runs or the next one."""

import asyncio
from typing import Any

from bus.calling_back import call_again
from bus.ledger.ledger import Ledger
from bus.ledger.people import Note
from bus.ledger.store import Store
from commands.control import send
from commands.parts import one_of, read_settings
from commands.people import merge_nothing, plan_nothing
from commands.place import Place, who
from commands.tell import FINE, NEEDS_YOU, put_json, say


def call_agencies(place: Place, code: str | None, reason: str, *, as_json: bool) -> int:
    """Have what was given up called once more, of one agency or of all; may be repeated.

    Raises `ConfigurationError` for a code that the installation does not have.
    """
    if place.settings and code is not None:
        known = read_settings(place.settings, secrets=False).agencies
        one_of("agency", code, [each.code for each in known])
    request = {"do": "call again", "agency": code, "who": who(), "reason": reason}
    reply = send(place.control, request)
    if reply is None:
        reply = asyncio.run(_write(place, code, reason))
    if as_json:
        put_json(reply)
    if error := reply.get("error"):
        say(f"not done: {error}")
        return NEEDS_YOU
    say(_sentence(reply["notices"]))
    return FINE


def _sentence(count: int) -> str:
    if not count:
        return "no call was given up"
    calls = "1 call is" if count == 1 else f"{count} calls are"
    return f"{calls} made once more; `account` shows what was given up again"


async def _write(place: Place, code: str | None, reason: str) -> dict[str, Any]:
    ledger = Ledger(Store(place.ledger), plan_nothing, merge_nothing)
    try:
        await ledger.act(Note(who(), "call again", code or "every agency", reason))
        return {"ok": True, "notices": await call_again(ledger, code, f"{who()}: {reason}")}
    finally:
        ledger.close()
