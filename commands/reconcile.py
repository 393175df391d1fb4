"""`reconcile`: what we believe beside what the peers say they have, for a day. It writes nothing itself."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from rich.table import Table
from sqlalchemy import Connection

from bus.errors import DeliveryError
from bus.ledger import beliefs
from bus.ledger.ledger import read_only
from bus.ports import Adapter
from bus.reconciling import Comparison, compare, compare_shown, compare_steps
from bus.status_order import StatusOrder
from bus.views import Listed, Lists, Shows, ShowsSteps
from commands.parts import EXAMPLE, adapter_types, file_store, read_settings
from commands.place import find_place
from commands.reconcile_repair import Found, Repaired, repair
from commands.tell import FINE, NEEDS_YOU, VIETNAM, covered, out, put_json, say

VIETNAMESE = {
    "unknown here": "ta chưa có hồ sơ",
    "not told": "bên kia chưa báo cả hồ sơ",
    "other status": "khác trạng thái",
    "not there": "bên kia không còn",
    "lost there": "bên kia mất hồ sơ ta đã gửi",
    "behind": "bên kia chậm hơn ta",
    "ahead": "bên kia đi trước ta",
    "step lost there": "bên kia mất một bước tiến độ",
}
_SIDES = {
    "told": "what it tells us (bên kia báo ta)",
    "shown": "what it got from us (ta gửi bên kia)",
    "steps": "its steps (các bước tiến độ)",
}


@dataclass(frozen=True, slots=True)
class How:
    """`repair` what differs, for `reason`. What changed less than `grace` seconds ago is still on its way."""

    repair: bool = False
    reason: str = ""
    grace: float = 60.0


def reconcile(day: date, settings: Path | None, how: How, *, as_json: bool) -> int:
    """Compare with every peer that can list or show; `NEEDS_YOU` where anything is left to a person.

    With `how.repair` that is what could not be repaired, otherwise every difference; and a peer that does not
    answer. Raises `ConfigurationError` where the settings are wrong. May be repeated.
    """
    place = find_place(settings)
    found = _compared(place.settings or EXAMPLE, place.ledger, day, how.grace)
    repaired = repair(place, found, how.reason, quiet=as_json) if how.repair else ()
    if as_json:
        put_json(_object(day, found, repaired))
    else:
        _tell(day, found)
        _tell_repairs(repaired)
        if _differ(found) and not how.repair:
            say("`--repair` has the running `serve` mend what it can (sửa sai lệch), each thing recorded")
    silent = any(isinstance(one, str) for sides in found.values() for one in sides.values())
    left = any(one.problem for one in repaired) if how.repair else _differ(found)
    return NEEDS_YOU if silent or left else FINE


def _compared(settings: Path, ledger: str, day: date, grace: float) -> Found:
    found: dict[str, dict[str, Comparison | str]] = {}
    installation = read_settings(settings)
    for name, own in installation.connectors.items():
        if own.mode == "off":
            continue
        adapter = adapter_types()[own.type].connect(name, own, file_store(installation))
        asked = _Asked(ledger, name, datetime(day.year, day.month, day.day, tzinfo=VIETNAM), grace)
        try:
            if sides := dict(asked.sides(adapter)):
                found[name] = sides
        finally:
            adapter.close()
    return found


@dataclass(frozen=True, slots=True)
class _Asked:
    """A peer that is asked about the day that begins with `since`."""

    ledger: str
    name: str
    since: datetime
    grace: float

    def sides(self, adapter: Adapter) -> Mapping[str, Comparison | str]:
        """Compare as far as the peer allows it: a sentence where it does not answer."""
        sides: dict[str, Comparison | str] = {}
        if isinstance(adapter, Lists):
            sides["told"] = _answered(self._told, adapter)
        if isinstance(adapter, Shows) and (order := adapter.operations[adapter.shown_by].order):
            sides["shown"] = _answered(self._shown, adapter, order)
        if isinstance(adapter, ShowsSteps):
            sides["steps"] = _answered(self._steps, adapter)
        return sides

    @property
    def until(self) -> datetime:
        """The day's end, or that of what can have arrived by now."""
        return min(self.since + timedelta(days=1), datetime.now(VIETNAM) - timedelta(seconds=self.grace))

    def _told(self, peer: Lists) -> Comparison:
        until = self.until
        listed = list(peer.listed(self.since))
        told = read_only(self.ledger, self._last_told, peer, until)
        if isinstance(peer, Shows):
            # a list may pass over what can be looked up: a portal's search what it only pushes
            absent = told.keys() - {one.number for one in listed}
            found = filter(None, map(peer.shown, sorted(absent)))
            listed += [msgspec.structs.replace(one, compared=False) for one in found]
        return read_only(self.ledger, self._compare, peer, listed, told.values(), until)

    def _last_told(self, tx: Connection, peer: Lists, until: datetime) -> dict[str, Listed]:
        between = self.since.timestamp(), until.timestamp()
        told = beliefs.told_between(tx, self.name, peer.listed_kind, *between)
        return {one.number: one for one in map(peer.read_listed, told)}

    def _compare(
        self, tx: Connection, peer: Lists, listed: list[Listed], told: Iterable[Listed], until: datetime
    ) -> Comparison:
        def known(number: str) -> tuple[bool, Listed | None]:
            is_known, raw = beliefs.last_told(tx, self.name, peer.listed_kind, number)
            return is_known, None if raw is None else peer.read_listed(raw)

        return compare(listed, told, known, self.since, until)

    def _shown(self, peer: Shows, order: StatusOrder) -> Comparison:
        asked = (self.name, peer.shown_by, self.since.timestamp(), self.until.timestamp())
        ours = read_only(self.ledger, beliefs.shown_between, *asked)
        theirs = {one.number: found for one in ours if (found := peer.shown(one.number))}
        # what went on while the peer was asked is no difference
        still = set(read_only(self.ledger, beliefs.shown_between, *asked))
        return compare_shown([one for one in ours if one in still], theirs, order)

    def _steps(self, peer: ShowsSteps) -> Comparison:
        asked = (self.name, peer.steps_by, self.since.timestamp(), self.until.timestamp())
        ours = read_only(self.ledger, beliefs.shown_between, *asked)
        lost: dict[int, tuple[str, ...]] = {}
        for one in ours:
            keys = read_only(self.ledger, beliefs.steps_of, self.name, peer.steps_by, one.dossier)
            if (gone := peer.lost_steps(keys)) is not None:
                lost[one.dossier] = gone
        # what went on while the peer was asked is no difference
        still = set(read_only(self.ledger, beliefs.shown_between, *asked))
        return compare_steps([one for one in ours if one in still], lost)


def _answered(ask: Callable[..., Comparison], *arguments: Any) -> Comparison | str:
    try:
        return ask(*arguments)
    except DeliveryError as error:
        return covered(str(error))
    except ValueError as error:
        return f"a message that was kept from it cannot be read any more: {covered(str(error))}"


def _differ(found: Found) -> bool:
    comparisons = (one for sides in found.values() for one in sides.values())
    return any(one.differences for one in comparisons if isinstance(one, Comparison))


def _object(day: date, found: Found, repaired: tuple[Repaired, ...]) -> dict[str, Any]:
    connectors = {
        name: {
            side: {"problem": one} if isinstance(one, str) else msgspec.to_builtins(one)
            for side, one in sides.items()
        }
        for name, sides in found.items()
    }
    return {"day": day.isoformat(), "connectors": connectors, "repairs": msgspec.to_builtins(repaired)}


def _tell(day: date, found: Found) -> None:
    if not found:
        say("no connector of this installation has a peer that can list or show its dossiers")
    for name, sides in found.items():
        for side, one in sides.items():
            if isinstance(one, str):
                say(f"{name}, {_SIDES[side]}: not compared (chưa đối soát được): {one}")
                continue
            differ = len(one.differences)
            counted = f"{one.compared} dossiers (hồ sơ) compared, {differ} differ (sai lệch)"
            say(f"{name}, {day:%d/%m/%Y}, {_SIDES[side]}: {counted}")
            if one.differences:
                out().print(_counts(one))
                out().print(_differences(one))


def _counts(one: Comparison) -> Table:
    table = Table(title="by procedure and status, where the two differ", title_justify="left")
    for column in ("procedure (thủ tục)", "status (trạng thái)", "ours (ta)", "theirs (bên kia)"):
        table.add_column(column, overflow="fold")
    for count in one.counts:
        if count.ours != count.theirs:
            table.add_row(count.procedure, count.status, str(count.ours), str(count.theirs))
    return table


def _differences(one: Comparison) -> Table:
    table = Table()
    for column in ("number (mã hồ sơ)", "procedure (thủ tục)", "difference", "sai lệch", "ours (ta)"):
        table.add_column(column, overflow="fold")
    table.add_column("theirs (bên kia)", overflow="fold")
    for each in one.differences:
        row = (each.number, each.procedure, each.what, VIETNAMESE[each.what], each.ours, each.theirs)
        table.add_row(*row)
    return table


def _tell_repairs(repaired: tuple[Repaired, ...]) -> None:
    for one in repaired:
        say(f"{one.connector} {one.number} ({one.what}): {one.done or f'not repaired: {one.problem}'}")
