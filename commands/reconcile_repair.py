"""Has differences that `reconcile` found repaired by the running `serve`, each recorded there."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import track

from bus.reconciling import Comparison, Difference
from commands.control import send
from commands.place import Place, who
from commands.tell import covered

Found = Mapping[str, Mapping[str, Comparison | str]]
"""Connector -> side -> the comparison, or why there is none."""

NO_SERVE = (
    "no `serve` runs here, and only that repairs: start it (python3 run.py serve), then run "
    "`reconcile --repair` again; nothing was done"
)
_SECONDS = 90.0


class Repaired(msgspec.Struct, frozen=True):
    """What became of one difference: `done` says what was queued, or `problem` why a person is needed."""

    connector: str
    number: str
    what: str
    done: str = ""
    problem: str = ""


def repair(place: Place, found: Found, reason: str, *, quiet: bool) -> tuple[Repaired, ...]:
    """Ask the running `serve` for a repair of every difference, with a progress bar on a terminal.

    May be repeated: what was repaired is recognised.
    """
    todo = list(_todo(found))
    bar = Console(stderr=True)
    steps = track(todo, "repairing", console=bar, disable=quiet or not todo or not bar.is_terminal)
    return tuple(_repaired(place, *one, reason) for one in steps)


def _todo(found: Found) -> Iterator[tuple[str, str, Difference]]:
    for name, sides in found.items():
        for side, one in sides.items():
            if isinstance(one, Comparison):
                yield from ((name, side, each) for each in one.differences)


def _repaired(place: Place, name: str, side: str, one: Difference, reason: str) -> Repaired:
    request = _request(name, side, one)
    if request is None:
        return Repaired(name, one.number, one.what, problem=_FOR_A_PERSON[side, one.what].format(peer=name))
    reply = send(place.control, request | {"who": who(), "reason": reason}, seconds=_SECONDS)
    if reply is None:
        return Repaired(name, one.number, one.what, problem=NO_SERVE)
    if error := reply.get("error"):
        return Repaired(name, one.number, one.what, problem=covered(error))
    done, problem = _said(request, reply, one)
    return Repaired(name, one.number, one.what, done, problem)


def _request(name: str, side: str, one: Difference) -> dict[str, Any] | None:
    if (side, one.what) in _FOR_A_PERSON:
        return None
    if one.what in ("lost there", "behind"):
        shown = None if one.what == "lost there" else one.theirs
        return {"do": "send again", "delivery": one.delivery, "shown": shown}
    return {"do": "read anew", "connector": name, "number": one.number}


def _said(request: Mapping[str, Any], reply: Mapping[str, Any], one: Difference) -> tuple[str, str]:
    """What was queued, or what a person has to see to."""
    if request["do"] == "send again":
        return f"sent again (gửi lại) as message m{reply['message']}, in its turn", ""
    kept, known, aside = reply["kept"], reply["known"], ", ".join(reply["aside"])
    if aside:
        return "", f"read anew, and {aside} stands aside (cần người xử lý): `failed show {reply['aside'][0]}`"
    if not kept:
        told = (
            f"all {known} messages that it tells of it were kept before"
            if known
            else "it tells nothing of it"
        )
        return "", f"read anew, but {told}: compare by hand, `trace {one.number}` has our side"
    return f"read anew (đọc lại): {len(kept)} messages kept, {known} were known", ""


_FOR_A_PERSON = {
    ("shown", "not there"): (
        "{peer} gave this number itself and has no such dossier any more: sent again it would be refused. "
        "Ask there what became of it (hỏi bên kia hồ sơ này ra sao)"
    ),
    ("told", "not there"): (
        "{peer} told us of it and does not list it any more: nothing of ours mends that. Ask there whether "
        "it was deleted or renumbered (hỏi bên kia: bị xoá hay đổi mã); it stays here as it was told"
    ),
    ("steps", "step lost there"): (
        "{peer} shows the dossier and not this step. Sent again it would stand behind later ones, and may "
        "take its public status back: ask there to put it back (hỏi bên kia khôi phục bước này)"
    ),
    ("shown", "other status"): (
        "which of the two is later cannot be told: look at {peer} (xem tại bên kia), then have its source "
        "say the status anew, or correct it there"
    ),
}
