"""What a person does about what failed: retry, discard, correct, tell, assign. All of it is recorded."""

import asyncio
import difflib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from bus.errors import ConfigurationError
from bus.ledger import failures
from bus.ledger.handling_records import Cancel, Retry
from bus.ledger.ledger import read_only
from commands.control import send
from commands.people import write
from commands.place import Place, who
from commands.tell import FINE, NEEDS_YOU, covered, iso_time, local_time, out, put_json, say, veiled

EVERY = 0.5
"""Seconds between two looks at a retry under way."""

_NO_SERVE = "no `serve` runs here: start it first (python3 run.py serve); nothing was done"


@dataclass(frozen=True, slots=True)
class Which:
    """What is meant: by name, by the key of its group, or everything that needs a person."""

    ids: tuple[str, ...] = ()
    group: str = ""
    everything: bool = False


def subjects_of(place: Place, which: Which) -> tuple[str, ...]:
    """The names of what is meant, in the order of the list.

    Raises `ConfigurationError` for what names nothing, and where it is not said which.
    """
    if sum((bool(which.ids), bool(which.group), which.everything)) != 1:
        raise ConfigurationError(["say which: IDs like 12 or m7, --group KEY (see `failed list`), or --all"])
    wrong = [name for name in which.ids if not name.removeprefix("m").isdecimal()]
    if wrong:
        what = f'"{wrong[0]}" names nothing: a delivery is a number like 12, a message one like m7'
        raise ConfigurationError([what])
    if which.ids:
        return which.ids
    known = read_only(place.ledger, failures.groups)
    found = [group for group in known if which.everything or group.key == which.group]
    if not found and which.group:
        keys = ", ".join(group.key for group in known) or "none"
        raise ConfigurationError([f'there is no group "{which.group}". Groups now: {keys}'])
    return tuple(dict.fromkeys(name for group in found for name in group.subjects))


@dataclass(frozen=True, slots=True)
class How:
    """How a retry goes: in stages of these sizes, at most `rate` a second, followed to its end or not."""

    stages: tuple[int, ...] = ()
    rate: float | None = None
    wait: bool = True


def retry(place: Place, which: Which, reason: str, how: How, *, as_json: bool) -> int:
    """Retry what is meant; with `how.wait` follow it to its end, with a progress bar on a terminal.

    `NEEDS_YOU` where any of it failed or was skipped. Without a running `serve` it begins with the next.
    """
    subjects = subjects_of(place, which)
    if not subjects:
        say("there is nothing to retry (không có gì để gửi lại)")
        return FINE
    request = {"do": "retry", "subjects": subjects, "stages": how.stages, "rate": how.rate}
    reply = send(place.control, request | {"who": who(), "reason": reason})
    if reply is None:
        number = asyncio.run(write(place, Retry(subjects, who(), reason, how.stages, how.rate)))
        say(f"run {number} is queued: no `serve` runs here, the next one begins it")
        how = replace(how, wait=False)
    elif error := reply.get("error"):
        return _refused(error, as_json)
    else:
        number = int(reply["run"])
    return _told(place, _followed(place, number) if how.wait else _run(place, number), as_json)


def show_runs(place: Place, number: int | None, *, as_json: bool) -> int:
    """Show one retry with what was not delivered, or the newest ones. Reads only."""
    if number is not None:
        found = read_only(place.ledger, failures.run, number)
        if found is None:
            say(f"there is no run {number}; `failed runs` shows what there is")
            return NEEDS_YOU
        return _told(place, found, as_json)
    newest = read_only(place.ledger, failures.runs)
    if as_json:
        put_json({"runs": [_as_object(one) for one in newest]})
    for one in () if as_json else newest:
        out().print(f"run {one.run}  {local_time(one.at)}  {one.who}: {covered(one.reason)}")
        out().print(f"    {_line(one)}")
    return FINE


def cancel(place: Place, number: int, reason: str, *, as_json: bool) -> int:
    """End a retry: what it has not sent off is skipped."""
    request = {"do": "cancel", "run": number, "who": who(), "reason": reason}
    reply = send(place.control, request)
    if reply is None:
        asyncio.run(write(place, Cancel(number, who(), reason)))
        reply = {"ok": True}
    return _said(reply, f"run {number} is ended", as_json)


def discard(place: Place, names: Sequence[str], reason: str, *, as_json: bool) -> int:
    """Give dead deliveries and messages set aside up, each recorded; where two must agree, propose it."""
    done: list[dict[str, Any]] = []
    for name in subjects_of(place, Which(tuple(names))):
        reply = _asked(place, {"do": "discard", "subject": name, "reason": reason})
        done.append({"id": name} | reply)
        if not as_json:
            _print_done(name, "discarded (đã bỏ)", reply)
    if as_json:
        put_json({"discarded": done})
    return NEEDS_YOU if any(one.get("error") for one in done) else FINE


def decide(place: Place, proposal: int, reason: str, *, agree: bool, as_json: bool) -> int:
    """Agree to what a colleague proposed, which is then done, or refuse it."""
    what = "agree" if agree else "refuse"
    reply = _asked(place, {"do": what, "proposal": proposal, "reason": reason})
    return _said(reply, f"proposal {proposal} is {'agreed to and done' if agree else 'refused'}", as_json)


def tell(place: Place, delivery: int, reason: str, *, has_it: bool, as_json: bool) -> int:
    """Say what was seen at the peer of an unknown delivery."""
    reply = _asked(place, {"do": "told", "delivery": delivery, "done": has_it, "reason": reason})
    return _said(reply, f"delivery {delivery} is {'delivered' if has_it else 'sent again'}", as_json)


def assign(place: Place, name: str, number: str, reason: str, *, as_json: bool) -> int:
    """Give a message that matched nothing its dossier."""
    if not name.startswith("m") or not name[1:].isdecimal():
        raise ConfigurationError([f'"{name}" is no message: one is named like m7 (see `failed list`)'])
    request = {"do": "assign", "message": int(name[1:]), "number": number, "reason": reason}
    return _said(_asked(place, request), f"{name} belongs to {covered(number)} now and goes on", as_json)


def edit(
    place: Place, delivery: int, patch: Sequence[dict[str, Any]], reason: str, *, dry: bool, as_json: bool
) -> int:
    """Correct the request of a dead delivery; `dry` only shows what would be recorded."""
    request = {"do": "edit", "delivery": delivery, "patch": patch, "reason": reason, "dry": dry}
    reply = _asked(place, request)
    shown = reply | ({"patch": veiled(reply["patch"])} if "patch" in reply else {})
    if as_json:
        put_json(shown)
        return NEEDS_YOU if reply.get("error") else FINE
    if "patch" in shown:
        out().print(msgspec.json.format(msgspec.json.encode(shown["patch"])).decode())
    if dry and not reply.get("error"):
        say("it may be corrected so; nothing was recorded")
        return FINE
    _print_done(str(delivery), f"corrected; `failed retry {delivery}` sends it", reply)
    return NEEDS_YOU if reply.get("error") else FINE


def patch_of(file: Path | None, sets: Sequence[str]) -> list[dict[str, Any]]:
    """A JSON patch of a file, or of texts like "A/0/B=value"; raises `ConfigurationError`."""
    if (file is None) == (not sets):
        raise ConfigurationError(["say what is corrected: --set PATH=VALUE, or --patch FILE (RFC 6902)"])
    if file is None:
        return [_set(text) for text in sets]
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[dict[str, Any]])
    except OSError as error:
        raise ConfigurationError([f"{file}: cannot be read: {error.strerror}"]) from None
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ConfigurationError([f"{file}:1:1: is no JSON patch: {error}"]) from None


def _set(text: str) -> dict[str, Any]:
    path, found, value = text.partition("=")
    if not found or not path:
        raise ConfigurationError([f'"{text}" is not PATH=VALUE, like --set DonViXuLy/MaDonVi=H12.09'])
    return {"op": "replace", "path": f"/{path.strip('/')}", "value": value}


def rehearse(place: Place, which: Which, *, sheet: Path | None, version: str, as_json: bool) -> int:
    """Show what would be sent now, and how another sheet's would differ; nothing is sent.

    `NEEDS_YOU` where a request cannot be written.
    """
    text = ""
    if sheet is not None:
        try:
            text = sheet.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError([f"{sheet}: cannot be read: {error}"]) from None
    drafts = []
    for name in subjects_of(place, which):
        if name.startswith("m"):
            raise ConfigurationError([f"{name} is a message: `map` tries a sheet on one"])
        drafts.append(
            _asked(place, {"do": "draft", "delivery": int(name), "sheet": text, "version": version})
        )
    shown = [_covered_draft(one) for one in drafts]
    if as_json:
        put_json({"drafts": shown})
    else:
        for one in shown:
            _print_draft(one, compared=bool(text or version))
    bad = any(one.get("error") or one.get("problems") or one.get("other_problems") for one in drafts)
    return NEEDS_YOU if bad else FINE


def _covered_draft(draft: dict[str, Any]) -> dict[str, Any]:
    if draft.get("error"):
        return {"ok": False, "error": covered(draft["error"])}
    before, after = (_lines(draft[name]) for name in ("request", "other"))
    compared = draft["other"] is not None and draft["request"] is not None
    difference = list(difflib.unified_diff(before, after, "now", "other", lineterm="")) if compared else []
    trees = {name: veiled(draft[name]) for name in ("request", "other")}
    return draft | trees | {"difference": difference}


def _lines(tree: Any) -> list[str]:
    """A request as lines to compare: covered, so that only what differs in what may be seen differs."""
    if tree is None:
        return []
    return msgspec.json.format(msgspec.json.encode(veiled(tree))).decode().splitlines()


def _print_draft(one: dict[str, Any], *, compared: bool) -> None:
    console = out()
    if not one["ok"]:
        say(one["error"])
        return
    where = f"{one['connector']}.{one['operation']}"
    console.print(
        f"delivery {one['delivery']} to {where}, by {one['sheet']} {one['digest'][:12]}", style="bold"
    )
    for problem in (*one["problems"], *one["other_problems"]):
        console.print(f"    {covered(problem)}", style="yellow")
    if compared:
        same = [] if one["problems"] or one["other_problems"] else ["both write the same (không khác gì)"]
        for line in one["difference"] or same:
            console.print(line, style="green" if line[:1] == "+" else "red" if line[:1] == "-" else "")
    elif one["request"] is not None:
        console.print(msgspec.json.format(msgspec.json.encode(one["request"])).decode(), soft_wrap=True)


def _asked(place: Place, request: dict[str, Any]) -> dict[str, Any]:
    return send(place.control, request | {"who": who()}, seconds=60.0) or {"ok": False, "error": _NO_SERVE}


def _run(place: Place, number: int) -> failures.Run:
    found = read_only(place.ledger, failures.run, number)
    if found is None:
        raise ConfigurationError([f"run {number} is not in this ledger: is it the ledger that `serve` uses?"])
    return found


def _followed(place: Place, number: int) -> failures.Run:
    """Watch a retry to its end; Ctrl-C leaves it to go on by itself."""
    run = _run(place, number)
    columns = (
        TextColumn("run {task.fields[run]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=run.requested, run=number)
        try:
            while run.state == "running":
                bar.update(
                    task,
                    completed=run.requested - run.pending,
                    description=f"stage {run.stage} of {run.stages}",
                )
                time.sleep(EVERY)
                run = _run(place, number)
        except KeyboardInterrupt:
            say(f"run {number} goes on without you; `failed runs {number}` shows it, `failed cancel` ends it")
        bar.update(task, completed=run.requested - run.pending)
    return run


def _told(place: Place, run: failures.Run, as_json: bool) -> int:  # noqa: FBT001  as below
    items = read_only(place.ledger, failures.items, run.run, "failed", "skipped")
    if as_json:
        shown = [{"id": one["subject"], "state": one["state"], "why": covered(one["why"])} for one in items]
        put_json(_as_object(run) | {"not_delivered": shown})
    else:
        out().print(f"run {run.run}: {_line(run)}", soft_wrap=True)
        for one in items[:20]:
            out().print(f"    {one['subject']} {one['state']}: {covered(one['why'])}", soft_wrap=True)
    return NEEDS_YOU if run.failed or run.skipped else FINE


def _line(run: failures.Run) -> str:
    under_way = f" + {run.pending} under way" if run.pending else ""
    account = f"{run.delivered} delivered + {run.failed} failed + {run.skipped} skipped{under_way}"
    note = f"; {covered(run.note)}" if run.note else ""
    return f"{run.state}, stage {run.stage} of {run.stages}: {run.requested} requested = {account}{note}"


def _as_object(run: failures.Run) -> dict[str, Any]:
    told = asdict(run) | {"reason": covered(run.reason), "note": covered(run.note)}
    return told | {"at": iso_time(run.at), "ended_at": iso_time(run.ended_at)}


def _print_done(name: str, done: str, reply: dict[str, Any]) -> None:
    if error := reply.get("error"):
        say(f"{name}: not done: {covered(error)}")
    elif reply.get("outcome") == "proposed":
        number = reply["number"]
        say(f"{name}: proposal {number} waits for a second person (chờ người thứ hai): failed agree {number}")
    else:
        say(f"{name}: {done}")


def _said(reply: dict[str, Any], text: str, as_json: bool) -> int:  # noqa: FBT001  one caller a command
    if error := reply.get("error"):
        return _refused(error, as_json)
    if as_json:
        put_json(reply)
    say(text)
    return FINE


def _refused(error: str, as_json: bool) -> int:  # noqa: FBT001  as above
    if as_json:
        put_json({"ok": False, "error": covered(error)})
    say(f"not done: {covered(error)}")
    return NEEDS_YOU
