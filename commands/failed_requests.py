"""What a running `serve` does about failures for the commands: one request in, one object out."""

from collections.abc import Mapping
from typing import Any

import msgspec

from adapters._kit.schema import checker
from bus.errors import ConfigurationError, LienThongError, NotPossibleError
from bus.failures import Done, Failures
from commands.assemble import Assembly, Bus
from commands.parts import SHEETS, folders
from mappings.engine import Compiled, compile_sheet
from mappings.sheet import Functions, functions_beside, parse_sheet
from mappings.source import ProblemsError


def failures_of(bus: Bus) -> Failures:
    """What people may do about failures, over a running bus: for the commands and for the console."""
    return Failures(
        ledger=bus.ledger,
        pipeline=bus.pipeline,
        connectors=bus.connectors,
        publish=bus.worker.dispatcher.publish,
        recompile=lambda name, text: _compiled(bus.assembly, name, text),
        checker=checker,
        second_person=frozenset(bus.assembly.installation.console.second_person),
    )


def _compiled(assembly: Assembly, name: str, text: str) -> Compiled:
    """Another text of a sheet, with the functions and tables of the installation."""
    rules: dict[str, Any] = {}
    checks: dict[str, Any] = {}
    for folder in folders(SHEETS, assembly.installation.mappings.overlay):
        beside = functions_beside(folder / name.partition("/")[0])
        rules.update(beside.rules)
        checks.update(beside.checks)
    try:
        sheet = parse_sheet(text, name, functions=Functions(rules, checks))
        return compile_sheet(sheet, assembly.tables)
    except ProblemsError as error:
        raise ConfigurationError(error.problems) from None


async def answer(failures: Failures, request: Mapping[str, Any]) -> dict[str, Any] | None:
    """Do what is asked; None for what is no request about failures. Errors of ours become sentences."""
    try:
        return await _answer(failures, request)
    except (NotPossibleError, ConfigurationError) as error:
        return {"ok": False, "error": str(error)}
    except LienThongError as error:
        return {"ok": False, "error": f"not done: {error}"}


async def _answer(failures: Failures, request: Mapping[str, Any]) -> dict[str, Any] | None:
    who, reason = str(request.get("who", "")), str(request.get("reason", ""))
    match request:
        case {"do": "retry", "subjects": list(subjects), "stages": list(stages)}:
            rate = request.get("rate")
            run = await failures.retry(subjects, who, reason, stages=stages, rate=rate)
            return {"ok": True, "run": run}
        case {"do": "cancel", "run": int(run)}:
            await failures.cancel(run, who, reason)
        case {"do": "edit" | "draft"}:
            return await _of_request(failures, request)
        case {"do": "discard", "subject": str(subject)}:
            return _done(await failures.discard(subject, who, reason))
        case {"do": "agree" | "refuse" as what, "proposal": int(proposal)}:
            await failures.decide(proposal, who, reason, agree=what == "agree")
        case {"do": "told", "delivery": int(delivery), "done": bool(done)}:
            await failures.tell(delivery, who, reason, done=done)
        case {"do": "assign", "message": int(message), "number": str(number)}:
            kept = await failures.assign(message, number, who, reason)
            return {"ok": True, "message": kept.message, "outcome": kept.outcome}
        case _:
            return None
    return {"ok": True}


async def _of_request(failures: Failures, request: Mapping[str, Any]) -> dict[str, Any] | None:
    """Show or correct what a delivery asks of its peer."""
    match request:
        case {"do": "draft", "delivery": int(delivery)}:
            sheet, version = str(request.get("sheet", "")), str(request.get("version", ""))
            made = await failures.draft(delivery, sheet=sheet, version=version)
            return {"ok": True, **msgspec.to_builtins(made)}
        case {"do": "edit", "delivery": int(delivery), "patch": list(patch)}:
            what, recorded = await failures.edit(
                delivery,
                patch=msgspec.json.encode(patch),
                who=str(request.get("who", "")),
                reason=str(request.get("reason", "")),
                dry=bool(request.get("dry")),
            )
            return _done(what) | {"patch": msgspec.json.decode(recorded)}
    return None


def _done(done: Done) -> dict[str, Any]:
    return {"ok": True, "outcome": done.outcome, "number": done.number}
