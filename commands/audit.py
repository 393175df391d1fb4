"""`audit`: the log of actions proved whole, and its head for keeping elsewhere."""

from pathlib import Path
from typing import Any

from bus.errors import ConfigurationError, NotPossibleError
from bus.ledger import chain
from bus.ledger.chain import START, Broken, Link, Walked
from bus.ledger.ledger import reading
from commands.backup import actions_head
from commands.place import Place
from commands.tell import FINE, NEEDS_YOU, iso_time, local_time, put_json, say


def verify(place: Place, kept: str, *, as_json: bool) -> int:
    """Walk the whole log; `NEEDS_YOU` with the first broken row, beside a running `serve` too.

    `kept` is a head, or a backup's folder. Raises `ConfigurationError` for what is neither.
    """
    wanted = _kept(kept) if kept else START
    with reading(place.ledger) as ask:
        _refuse_unchained(ask)
        walked = _walk(ask)
        broken = walked.broken or ask(chain.missing, wanted)
    if as_json:
        put_json(_told(walked, broken))
    if broken:
        say(f"BROKEN (nhật ký bị sửa) at row {broken.number}{_at(broken)}: {broken.why}")
        say("see docs/runbook/LienThongActionLogBroken.md")
        return NEEDS_YOU
    say(f"whole (nhật ký nguyên vẹn): {walked.rows} actions, head {walked.head}")
    return FINE


def show_head(place: Place, *, as_json: bool) -> int:
    """Print the head."""
    with reading(place.ledger) as ask:
        _refuse_unchained(ask)
        head: Link = ask(chain.head)
    if as_json:
        put_json({"number": head.number, "digest": head.digest.hex(), "head": str(head)})
    else:
        print(head)  # noqa: T201  the result
    return FINE


def _walk(ask: Any) -> Walked:
    head, rows = START, 0
    while True:
        walked: Walked = ask(chain.walk, head)
        head, rows = walked.head, rows + walked.rows
        if walked.broken or walked.ended:
            return Walked(head, rows, walked.broken)


def _refuse_unchained(ask: Any) -> None:
    if not ask(chain.is_chained):
        raise NotPossibleError("this ledger is older than the chain of its log: start `serve` once")


def _kept(given: str) -> Link:
    try:
        return chain.link_of(actions_head(Path(given)) if Path(given).is_dir() else given)
    except ValueError as error:
        raise ConfigurationError([f"--head: {error}"]) from None


def _at(broken: Broken) -> str:
    return f", of {local_time(broken.at)}" if broken.at else ""


def _told(walked: Walked, broken: Broken | None) -> dict[str, Any]:
    told = {"ok": broken is None, "rows": walked.rows, "head": str(walked.head)}
    if broken is None:
        return told
    return told | {"broken": {"row": broken.number, "at": iso_time(broken.at), "why": broken.why}}
