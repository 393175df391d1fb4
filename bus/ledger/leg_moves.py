"""How legs (chặng) move: opened, answered, refused, stopped for a supplement, undone, started after others.

Everything happens in the transaction that keeps a message or settles a delivery, on rows that it has locked
and read; what is to be sent for it is handed back as `Wanted`.
"""

from collections.abc import Collection, Iterable, Iterator

from msgspec.structs import replace

from bus.ledger.records import Keep, LegEnd, Legs, Plan, PlannedDelivery, Rounds, Told, Way
from bus.ledger.work import Leg, Wanted, Work

LATE = "late: the dossier was withdrawn before this came (đến muộn, hồ sơ đã rút)"
FOR_A_PERSON = "a person must undo it (cần người thu hồi)"
WITHDRAWN = "the dossier was withdrawn (hồ sơ đã rút)"
ASKED = "asked for; the peer has not decided yet (chờ bên nhận trả lời)"
PENDING = "what was sent for it has no outcome yet"
ENDED = ("done", "refused", "undone")


def leg_of(route: str) -> str:
    """The leg that a row belongs to, whatever its value."""
    return route.partition("[")[0]


class Moves:
    """Moves the legs of dossiers as the routes in use have them."""

    def __init__(self, legs: Legs) -> None:
        self._legs = legs

    def hear(
        self, work: Work, dossier: int, number: int, keep: Keep, plan: Plan
    ) -> tuple[list[Wanted], bool]:
        """What a message is to the legs that wait; tells also whether it is a "no" to one of them."""
        wanted: list[Wanted] = []
        refused = False
        for told in plan.told:
            for leg in _meant(work.legs.get(dossier, {}), told, keep):
                refused = self._tell(work, leg, told, number, wanted) or refused
        if plan.named and dossier not in work.withdrawn:
            self._undo_unnamed(work, dossier, plan, wanted)
        return wanted, refused

    def _tell(self, work: Work, leg: Leg, told: Told, number: int, wanted: list[Wanted]) -> bool:
        """Tell one leg; whether it took a "no"."""
        if leg.state in ("undoing", "undone") and told.does in ("answer", "refuse"):
            if leg.dossier in work.withdrawn and leg.answered_by is None:
                work.late.add(number)
                change(leg, answered_by=number)
            return False
        if told.does in ("agree", "disagree"):
            self._decide(work, leg, told, number)
            return False
        rounds = self._rounds(leg)
        if told.does == "answer" and leg.state in ("open", "paused"):
            _end(leg, "done", work.now, answered_by=number)
        elif told.does == "refuse" and leg.state in ("open", "paused"):
            _end(leg, "refused", work.now, answered_by=number)
            return True
        elif told.does == "pause" and leg.state == "open" and rounds:
            left = rounds.left(work.now, leg.due_at) if rounds.left and leg.due_at is not None else None
            due = rounds.clock(work.now) if rounds.clock else None
            change(leg, state="paused", time_left=left, due_at=due, ask_at=None, rounds=leg.rounds + 1)
        elif told.does == "resume" and leg.state == "paused" and rounds:
            self._resume(work, leg, wanted)
        elif told.does == "resume" and leg.state == "open" and rounds and rounds.is_own and rounds.send:
            wanted.append(
                Wanted(_named(self._legs.by_route[leg_of(leg.route)], leg.route), "resume", rounds.send)
            )
        return False

    def _decide(self, work: Work, leg: Leg, told: Told, number: int) -> None:
        """The peer decides what the leg's undo asks for; also before its call has ended, and anew.

        Not where nothing was asked yet: then it speaks of something else.
        """
        if leg.state != "undoing" or leg.reason.endswith(PENDING):
            return
        if told.does == "agree":
            _end(leg, "undone", work.now, reason="the peer agrees (bên nhận đồng ý)")
        else:
            change(leg, reason=f"the peer does not agree (bên nhận không đồng ý): {FOR_A_PERSON}")
        if leg.answered_by is None:
            change(leg, answered_by=number)

    def _resume(self, work: Work, leg: Leg, wanted: list[Wanted]) -> None:
        """The leg's own clock goes on with what was left of it, and the supplement is sent on."""
        spec = self._legs.by_route[leg_of(leg.route)]
        rounds, due = spec.rounds, None
        if rounds and rounds.again and leg.time_left is not None:
            due = rounds.again(work.now, leg.time_left)
        ask_at = work.now + spec.ask_every if spec.ask_every else None
        change(leg, state="open", time_left=None, due_at=due, ask_at=ask_at)
        if rounds and rounds.send:
            wanted.append(Wanted(_named(spec, leg.route), "resume", rounds.send))

    def _rounds(self, leg: Leg) -> Rounds | None:
        spec = self._legs.by_route.get(leg_of(leg.route))
        return spec.rounds if spec else None

    def _undo_unnamed(self, work: Work, dossier: int, plan: Plan, wanted: list[Wanted]) -> None:
        """A value that a later list no longer names: its leg is undone."""
        named = dict(plan.named)
        for leg in work.legs.get(dossier, {}).values():
            routes = named.get(leg_of(leg.route))
            if routes is not None and leg.route not in routes and leg.state in ("open", "paused"):
                self._undo(work, leg, wanted, "the list no longer names it")

    def open(self, work: Work, dossier: int, number: int, planned: PlannedDelivery) -> bool:
        """Whether a planned leg is to be sent; one with an answer opens once per dossier and value."""
        if not planned.expects:
            return planned.sends
        known = work.legs.setdefault(dossier, {}).get(planned.route)
        if known is not None and not _may_open_again(known):
            if planned.until is not None and known.state == "open" and known.due_at != planned.until:
                change(known, due_at=planned.until)
            return False
        self._begin(work, dossier, number, planned, "open")
        return planned.sends

    def _begin(self, work: Work, dossier: int, number: int, planned: PlannedDelivery, state: str) -> None:
        legs = work.legs.setdefault(dossier, {})
        due = planned.until
        if due is None and planned.clock and state == "open":
            due = planned.clock(work.now)
        ask = work.now + planned.ask_every if planned.ask_every and state == "open" else None
        if (leg := legs.get(planned.route)) is None:
            leg = legs[planned.route] = Leg(dossier, planned.route, state, number, is_new=True)
        change(leg, state=state, started_by=number, answered_by=None, opened_at=work.now, ended_at=None)
        change(leg, due_at=due, ask_at=ask, tie=planned.tie or leg.tie, reason="")
        if state == "open":
            for route in self._legs.follow.get(leg_of(planned.route), ()):
                after = self._legs.by_route[route]
                if route not in legs and (after.after_withdrawal or dossier not in work.withdrawn):
                    self._begin(work, dossier, number, after, "planned")

    def start(self, work: Work, dossier: int, number: int) -> Iterator[Wanted]:
        """Start every planned leg for which all that it waits for is done; `number` has completed it."""
        legs = work.legs.get(dossier, {})
        while planned := [leg for leg in legs.values() if leg.state == "planned"]:
            moved = False
            for leg in planned:
                spec = self._legs.by_route.get(leg.route)
                if spec is None:
                    continue
                if (fate := _fate(legs.values(), spec)) == "start":
                    self._begin(work, dossier, number, spec, "open")
                    if spec.sends:
                        yield Wanted(spec, "" if spec.expects else "end")
                elif fate:
                    _end(leg, "undone", work.now, reason=fate)
                moved = moved or bool(fate)
            if not moved:
                return

    def withdraw(
        self, work: Work, dossier: int, source: str, *, never: Collection[str], pending: Collection[str]
    ) -> list[Wanted]:
        """No leg goes on; what nothing was sent for is undone at once, the others by their `undo`.

        `never` are the routes whose sending was given up; of those `pending` it is not known yet: they are
        undone when it is. What the dossier's withdrawal comes from (`source`) needs no undoing.
        """
        wanted: list[Wanted] = []
        for leg in list(work.legs.get(dossier, {}).values()):
            spec = self._legs.by_route.get(leg_of(leg.route))
            if leg.state in ENDED or (spec is not None and spec.after_withdrawal):
                continue
            told = spec is not None and spec.connector == source
            if leg.state == "planned" or leg.route in never or told:
                _end(leg, "undone", work.now, reason=WITHDRAWN)
            elif leg.state != "undoing" and leg.route in pending:
                change(leg, state="undoing", ask_at=None, due_at=None, reason=f"{WITHDRAWN}: {PENDING}")
            elif leg.state != "undoing":
                self._undo(work, leg, wanted, WITHDRAWN)
        return wanted

    def _undo(self, work: Work, leg: Leg, wanted: list[Wanted], why: str) -> None:
        spec = self._legs.by_route.get(leg_of(leg.route))
        undo = spec.undo if spec else "person"
        due = spec.undo_clock(work.now) if spec and spec.undo_clock else None
        if spec is None or undo == "person":
            change(leg, state="undoing", ask_at=None, due_at=due, reason=f"{why}: {FOR_A_PERSON}")
        elif isinstance(undo, Way):
            change(leg, state="undoing", ask_at=None, due_at=due, reason=why)
            wanted.append(Wanted(_named(spec, leg.route), "undo", undo))
        else:
            _end(leg, "undone", work.now, reason=why)

    def _is_decided(self, leg: Leg) -> bool:
        spec = self._legs.by_route.get(leg_of(leg.route))
        return spec is not None and isinstance(spec.undo, Way) and spec.undo.is_decided

    def end(self, work: Work, dossier: int, end: LegEnd) -> list[Wanted]:
        """The end of a delivery is that of its leg, or lets it be undone."""
        wanted: list[Wanted] = []
        leg = work.legs.get(dossier, {}).get(end.route)
        if leg is None:
            return wanted
        if leg.state in ("open", "paused") and end.end in ("done", "refused"):
            _end(leg, end.end, work.now, reason=end.reason if end.end == "refused" else "")
        elif leg.state in ("open", "paused") and end.end == "given up":
            _end(leg, "undone", work.now, reason=end.reason)
        elif leg.state == "undoing" and end.end == "sent":
            self._undo(work, leg, wanted, WITHDRAWN)
        elif leg.state == "undoing" and end.end == "undone" and self._is_decided(leg):
            if not leg.reason.endswith(FOR_A_PERSON):
                change(leg, reason=ASKED)
        elif leg.state == "undoing" and end.end == "not undone":
            change(leg, reason=f"the peer does not undo it ({end.reason}): {FOR_A_PERSON}")
        elif leg.state == "undoing":
            _end(leg, "undone", work.now, reason=WITHDRAWN)
        return wanted


def _meant(legs: "dict[str, Leg]", told: Told, keep: Keep) -> list[Leg]:
    """The legs that a message is about: by its call, else by what it names, else by the dossier's number."""
    rows = [leg for leg in legs.values() if leg_of(leg.route) == told.route]
    if keep.route and leg_of(keep.route) == told.route:
        return [leg for leg in rows if leg.route == keep.route]
    if told.ties is not None:
        named = [leg for leg in rows if _item(leg.route) in told.ties or leg.tie in told.ties]
        if named or any(leg.tie or _item(leg.route) for leg in rows):
            return named
    decides = told.does in ("agree", "disagree")
    waiting = [leg for leg in rows if leg.state in (("undoing",) if decides else ("open", "paused"))]
    several = told.does in ("answer", "refuse", "agree", "disagree") and len(waiting) > 1
    # of several that wait nobody can tell which is meant, unless nothing tells them apart for its peer either
    return [] if several and any(leg.tie for leg in waiting) else rows


def _may_open_again(leg: Leg) -> bool:
    """A value may be named again; what a withdrawal had dropped is started again where it is refused."""
    return leg.state == "undone" and ("[" in leg.route or leg.reason == WITHDRAWN)


def _item(route: str) -> str:
    return route.partition("[")[2].removesuffix("]")


def _fate(legs: Iterable[Leg], spec: PlannedDelivery) -> str:
    """Give "start", or why it never will, or "" while it waits."""
    rows: dict[str, list[Leg]] = {route: [] for route in spec.after}
    for leg in legs:
        if leg_of(leg.route) in rows:
            rows[leg_of(leg.route)].append(leg)
    for route, found in rows.items():
        if route not in spec.even_if_refused and any(leg.state == "refused" for leg in found):
            return f"{route} was refused"
        if any(leg.state == "undone" and leg.route == route for leg in found):
            return f"{route} was undone"
    ends = ("done", "refused")
    live = [[leg for leg in found if leg.state != "undone"] for found in rows.values()]
    return "start" if all(found and all(leg.state in ends for leg in found) for found in live) else ""


def _named(spec: PlannedDelivery, route: str) -> PlannedDelivery:
    return spec if spec.route == route else replace(spec, route=route)


def _end(leg: Leg, state: str, now: float, **more: object) -> None:
    """End a leg; nobody owes an answer to one that is undone."""
    undone = state == "undone"
    # what a pause had left of its time is wanted again where a withdrawal is refused (`lifting`)
    due, left = (None, leg.time_left) if undone else (leg.due_at, None)
    change(leg, state=state, ended_at=now, due_at=due, ask_at=None, time_left=left, **more)


def change(leg: Leg, **values: object) -> None:
    """Change columns of a leg's row."""
    for name, value in values.items():
        setattr(leg, name, value)
    leg.is_changed = True
