"""Which agencies are told of an event that leaves the outbox: by a call, or in a queue of their own."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from adapters.agency.notices import Notifier, body
from adapters.agency.province import Province
from bus.events import identity
from bus.installation import Installation
from bus.ledger.records import Event, Notice
from bus.planning import Planner
from mappings.tables import Table


def noticing(
    installation: Installation, tables: Mapping[str, Table], planner: Planner
) -> Callable[[Event], Sequence[Notice]]:
    """The notices of an event: one for each agency that it concerns and that wants to be called."""
    called = [each for each in installation.agencies if each.calls_back]
    if not called:
        return lambda _: ()
    notifier = Notifier(called, Province(tables))

    def notices(event: Event) -> Sequence[Notice]:
        if not event.fold:
            return ()
        whole, name = planner.as_of(event.fold, ()).whole, identity(event)
        told = partial(body, event=name, at=event.at, system=event.connector, outcome=event.kind)
        return [
            Notice(agency.code, name, told(agency, whole, event.codes))
            for agency in notifier.concerned(whole, event.codes)
        ]

    return notices


def listening(
    installation: Installation, tables: Mapping[str, Table], planner: Planner
) -> Callable[[Event], Sequence[str]]:
    """The codes of the agencies that are told of an event in a queue of their own."""
    listeners = [each for each in installation.agencies if each.events_password]
    if not listeners:
        return lambda _: ()
    notifier = Notifier(listeners, Province(tables))

    def codes(event: Event) -> Sequence[str]:
        if not event.fold:
            return ()
        whole = planner.as_of(event.fold, ()).whole
        return [each.code for each in notifier.concerned(whole, event.codes)]

    return codes
