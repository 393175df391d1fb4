"""What agencies are called with, made of the events that leave the outbox."""

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
    if not any(each.calls_back for each in installation.agencies):
        return lambda _: ()
    notifier = Notifier(installation.agencies, Province(tables))

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
