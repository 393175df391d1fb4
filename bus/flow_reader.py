"""Read route files into flows, with every mistake of every file at once.

A route file is a list of [[flow]]. The words of a flow: `name`, `title`, `when`, [[flow.leg]] and
[flow.withdraw] with `on` and `unless_refused`, the legs that tell of a withdrawal and whose refusal says that
it does not come to pass: then the dossier goes on. The words of a leg:

    on                 the kind or kinds of message that start it
    after              or the legs of its flow after which it starts: once, when each of them is done
    even_if_refused    those of `after` that may be refused as well
    when               equality: a flow's looks at the dossier, a leg's at its message; a list means any of
    send               connector.operation
    to_agency          the field that names the agency whose system it goes to, as of the day of sending
    expects            the kind or kinds of message that end it; such a leg opens once per dossier
    answer_when        which of the expected messages is the answer
    matched_by         the field of the answer that names what we sent, or the value of `per`; else the
                       dossier's number ties it
    refused_on         the kind or kinds of message that are a "no"; without it one of `expects`
    refused_when       which of them; the leg ends refused, and the reason becomes a step (TYPE.refusal)
    ask, ask_every     the operation that asks a peer who never calls back, and how often
    per                one leg for each value at this path; one that a later list no longer names is undone
    within             its clock, like "4 working hours"; late is an alert, never an action
    until              or the field of the message (of the value's own part of it) that says by when
    pauses_on          the message that stops its clock: a supplement is asked for
    resumes_on         the message that lets it go on
    resume_within      the clock of the supplement
    resume_send        the operation that carries the supplement to the peer
    undo               what a withdrawal does about it when open: an operation, "person" or "none"
    undo_within        the clock of that: of what was asked back and is not given yet
    after_withdrawal   true: it starts though the dossier is withdrawn
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bus.flow_file import Known, RouteFile, Table
from bus.flow_leg_reader import LegReader
from bus.flow_values import Flow, Leg, Value
from mappings.dossier import Dossier
from mappings.source import Keys, ProblemsError, Source

_OPERATIONS = ("send", "ask", "resume_send", "undo")
"""Words of a leg that name an operation of a connector."""
FLOW_WORDS = ("name", "title", "when", "leg", "withdraw")


def read_flows(
    sources: Sequence[Source],
    *,
    operations: Mapping[str, frozenset[str]],
    messages: Mapping[str, type],
    derivable: Mapping[str, frozenset[Value]] | None = None,
    absent: frozenset[str] = frozenset(),
) -> tuple[Flow, ...]:
    """Read the flows of route files, in order; raises `ProblemsError` with everything that is wrong.

    `derivable` are the values that derived fields can have; None where no tables are at hand to tell. A flow
    that speaks to one of `absent`, systems that an installation does not have, is not in force there.
    """
    known = Known(operations, messages, derivable)
    flows = [flow for source in sources for flow in _flows(RouteFile(source, known), absent)]
    if known.problems:
        raise ProblemsError(known.problems)
    return tuple(flows)


def idle_flows(sources: Sequence[Source], absent: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """The flows that are not in force, by name, with the absent systems that they speak to."""
    listed = (
        table for source in sources for table in source.value.get("flow", ()) if isinstance(table, dict)
    )
    found = {str(table.get("name")): tuple(sorted(_speaks_to(table) & absent)) for table in listed}
    return {name: missing for name, missing in found.items() if missing}


def _speaks_to(table: Table) -> set[str]:
    listed = table.get("leg")
    legs = listed if isinstance(listed, list) else []
    words = [leg.get(word) for leg in legs if isinstance(leg, dict) for word in _OPERATIONS]
    return {word.partition(".")[0] for word in words if isinstance(word, str)}


def _flows(file: RouteFile, absent: frozenset[str]) -> list[Flow]:
    whole = file.source.value
    file.words((), whole, ("flow",), "a route file")
    tables = file.tables((), whole, "flow")
    if "flow" not in whole:
        file.wrong((), "there is no flow in this file", "Write [[flow]] and its legs, or remove the file")
    return [
        _flow(file, ("flow", place), table)
        for place, table in enumerate(tables)
        if not _speaks_to(table) & absent
    ]


def _flow(file: RouteFile, path: Keys, table: Table) -> Flow:
    file.words(path, table, FLOW_WORDS, "a flow")
    name = file.name(path, table, ())
    reader = LegReader(file, name)
    listed = file.tables(path, table, "leg")
    legs = tuple(reader.leg((*path, "leg", place), each) for place, each in enumerate(listed))
    reader.check_order(legs, [(*path, "leg", place) for place in range(len(listed))])
    withdraws_on, unless = _withdraw(file, (*path, "withdraw"), table.get("withdraw"), legs)
    if "leg" not in table and "withdraw" not in table:
        file.wrong(path, f'flow "{name}" has no legs', "Write [[flow.leg]] below it")
    return Flow(
        name=name,
        title=file.text(path, table, "title") or name,
        when=file.conditions(path, table, "when", [Dossier], derived=True),
        legs=legs,
        withdraws_on=withdraws_on,
        unless_refused=unless,
    )


def _withdraw(
    file: RouteFile, path: Keys, table: Any, legs: Sequence[Leg]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if table is None:
        return (), ()
    if not isinstance(table, dict):
        file.wrong(path, "withdraw must be a table", 'Write [flow.withdraw] and on = ["…"]')
        return (), ()
    file.words(path, table, ("on", "unless_refused"), "[flow.withdraw]")
    if "on" not in table:
        file.wrong(path, "on is missing", "Name the messages that withdraw a dossier")
    on = file.kinds(path, table, "on")
    tells = [leg.name for leg in legs if leg.operation and set(leg.on) & set(on)]
    unless = file.listed(path, table, "unless_refused", "leg", "withdraw_in")
    for at, name in unless:
        if name not in tells:
            file.unknown(at, f'no leg "{name}" of this flow tells of a withdrawal', name, tells)
    return on, tuple(name for _, name in unless)
