"""What other authorities add to a dossier of the one-stop: papers, money, questions, steps. All ours [I].

Each is known by a key and shows in the dossier read whole: so none is added twice, and one whose answer was
lost is found.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.onestop.settings import Paths
from adapters.onestop.writing import Desk, Shown, body_of, contains, look, without_address
from bus.ports import Answer, Call, Sighting, Tree

Record = Mapping[str, Any]
_READY = frozenset({"9", "10"})
_WITHDRAWN = "7"


def part_key(tree: Tree) -> str:
    """What an added part is known by."""
    return str(tree.get("id", ""))


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of thing that is written into a dossier: schema, path, how it shows, by what it is known.

    Without a `key` it replaces what stood there before.
    """

    schema: str
    path: Callable[[Paths], str]
    shown: Shown
    key: Callable[[Tree], str] | None = part_key
    method: str = "POST"

    def add(self, desk: Desk, call: Call) -> Answer:
        """Add it, once."""
        body = body_of(call)
        desk.check(self.schema, body)
        known = desk.known(call)
        if call.attempt > 1 and self._there(desk, known, call):
            return Answer(note="the one-stop has this already")
        path = self.path(desk.paths)
        _, raw = desk.client.write(self.method, path, known, body, call.deadline, call.request_id)
        return Answer(raw=raw)

    def is_there(self, desk: Desk, call: Call) -> Sighting:
        """Whether the dossier shows it."""
        return look(desk, call, self.shown)

    def _there(self, desk: Desk, known: str, call: Call) -> bool:
        record = desk.client.online(known, call.deadline)
        return record is not None and self.shown(record, call.request)


def _supplement_shows(record: Record, request: Tree) -> bool:
    wanted = request.get("id")
    return any(
        wanted == item.get("answerId") or (wanted == item.get("id") and item.get("answered") is True)
        for item in _items(record, "supplements")
    )


def _withdrawal_shows(record: Record, request: Tree) -> bool:
    given = record.get("withdrawal")
    asked = isinstance(given, Mapping) and given.get("id") == request.get("id")
    return asked or _status(record) == _WITHDRAWN


def _listed(name: str) -> Shown:
    """Whether a list of the dossier has an item of the request's id."""
    return lambda record, request: any(item.get("id") == request.get("id") for item in _items(record, name))


def _obligation_shows(record: Record, request: Tree) -> bool:
    return contains(record.get("obligation"), without_address(request))


def _met_shows(record: Record, _request: Tree) -> bool:
    obligation = record.get("obligation")
    return isinstance(obligation, Mapping) and obligation.get("met") is True


def _ready_shows(record: Record, _request: Tree) -> bool:
    return record.get("ready") is True or _status(record) in _READY


def _payment_shows(record: Record, request: Tree) -> bool:
    return any(
        item.get("id") == request.get("id") or payment_key(item) == payment_key(request)
        for item in _items(record, "payments")
    )


def _revocation_shows(record: Record, request: Tree) -> bool:
    return any(
        item.get("id") == request.get("id") and item.get("revoked") is True
        for item in _items(record, "results")
    )


def _transfer_shows(record: Record, request: Tree) -> bool:
    return any(hand_over_key(item) == hand_over_key(request) for item in _items(record, "transfers"))


def payment_key(tree: Tree) -> str:
    """What a payment is known by: notice and amount, else the reference that never changes on its route.

    The portal and the tax office both tell of it, each under a number of its own, and the portal's word was
    only seen without a reference: it cannot go first.
    """
    if tree.get("noticeNumber"):
        return f"{tree['noticeNumber']}|{tree.get('amount')}|{tree.get('state')}"
    return str(tree.get("reference") or tree.get("id", ""))


def met_key(tree: Tree) -> str:
    """What is met: the payments it was met with, so that a later notice makes it another one."""
    return "met|" + "|".join(sorted({payment_key(each) for each in _items(tree, "payments")}))


def hand_over_key(tree: Tree) -> str:
    """To whom a dossier is handed."""
    agency = tree.get("toAgency")
    return str(agency.get("code") or agency.get("name")) if isinstance(agency, Mapping) else ""


SUPPLEMENT = Part("supplement", lambda paths: paths.supplements, _supplement_shows)
WITHDRAWAL = Part("withdrawal", lambda paths: paths.withdrawal, _withdrawal_shows)
RESULT = Part("result", lambda paths: paths.results, _listed("results"))
QUESTION = Part("supplement_request", lambda paths: paths.supplement_requests, _listed("supplements"))
STEP = Part("step", lambda paths: paths.steps, _listed("tasks"))
PAYMENT = Part("payment", lambda paths: paths.payments, _payment_shows, payment_key)
OBLIGATION = Part("obligation", lambda paths: paths.obligation, _obligation_shows, None, "PUT")
MET = Part("obligation_met", lambda paths: paths.obligation_met, _met_shows, met_key)
READY = Part("ready", lambda paths: paths.ready, _ready_shows, lambda _: "ready")
REVOCATION = Part("revocation", lambda paths: paths.revocations, _revocation_shows)
HAND_OVER = Part("hand_over", lambda paths: paths.transfers, _transfer_shows, hand_over_key)
RETURN = Part("result_return", lambda paths: paths.returns, _listed("resultReturns"))


def _items(record: Record, name: str) -> Iterable[Record]:
    listed = record.get(name)
    return [item for item in listed if isinstance(item, Mapping)] if isinstance(listed, list) else []


def _status(record: Record) -> str:
    status = record.get("statusCurrentTask")
    return str(status.get("id")) if isinstance(status, Mapping) else ""
