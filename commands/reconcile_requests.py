"""What a running `serve` repairs for `reconcile`: one request in, one object out."""

from collections.abc import Mapping
from typing import Any

import msgspec

from bus.errors import LienThongError, NotPossibleError
from bus.repairing import Repairs
from commands.assemble import Bus


def repairs_of(bus: Bus) -> Repairs:
    """What people may have repaired, over a running bus."""
    return Repairs(bus.ledger, bus.pipeline, bus.connectors)


async def answer(repairs: Repairs, request: Mapping[str, Any]) -> dict[str, Any] | None:
    """Repair what is asked for; None for what is no such request. Errors of ours become sentences."""
    try:
        return await _answer(repairs, request)
    except NotPossibleError as error:
        return {"ok": False, "error": str(error)}
    except LienThongError as error:
        return {"ok": False, "error": f"not done: {error}"}


async def _answer(repairs: Repairs, request: Mapping[str, Any]) -> dict[str, Any] | None:
    who, reason = str(request.get("who", "")), str(request.get("reason", ""))
    match request:
        case {"do": "read anew", "connector": str(connector), "number": str(number)}:
            told = await repairs.reread(connector, number, who, reason)
            return {"ok": True, **msgspec.to_builtins(told)}
        case {"do": "send again", "delivery": int(delivery), "shown": str() | None as shown}:
            return {"ok": True, "message": await repairs.send_again(delivery, shown, who, reason)}
    return None
