"""Whether what starts a leg can be told to the sheet of what it sends; each mistake with its place.

A sheet of the whole dossier can always be written. Any other takes one struct, and a message of another
kind has to be retold as it (`mappings.retelling`): where it cannot, every delivery of the leg would be dead.
"""

from collections.abc import Iterator, Mapping, Sequence

from bus.flow_values import Leg, Send
from bus.flows import Routes
from mappings.dossier import MESSAGES, Dossier
from mappings.retelling import can_be_told
from mappings.source import Keys, Problem, Source


def unwritable(sources: Sequence[Source], routes: Routes, takes: Mapping[str, type]) -> Iterator[Problem]:
    """Every word of a leg that sends something which its sheet cannot be written from. Pure.

    `takes` is the struct that the sheet of each "connector.operation" is about; others are not looked at.
    """
    legs = {(leg.flow, leg.name): leg for leg in routes.legs}
    for source in sources:
        for place, flow in enumerate(source.value["flow"]):
            for number, table in enumerate(flow.get("leg", ())):
                # a flow that is not in force has no legs there
                if leg := legs.get((flow["name"], table["name"])):
                    keys = ("flow", place, "leg", number)
                    yield from _of_leg(source, keys, leg, legs, takes)


def _of_leg(
    source: Source,
    keys: Keys,
    leg: Leg,
    legs: Mapping[tuple[str, str], Leg],
    takes: Mapping[str, type],
) -> Iterator[Problem]:
    for word, send, kinds in _sendings(leg, legs):
        wanted = takes.get(f"{send.connector}.{send.operation}")
        if wanted is None or wanted is Dossier:
            continue
        if wrong := [kind for kind in kinds if not can_be_told(MESSAGES[kind], wanted)]:
            what = (
                f"{send.connector}.{send.operation} is written from a {wanted.__name__}, not from {wrong[0]}"
            )
            hint = f"Let {' or '.join(_fitting(wanted))} start it, or send something else"
            yield source.problem((*keys, word), what, hint)


def _sendings(leg: Leg, legs: Mapping[tuple[str, str], Leg]) -> Iterator[tuple[str, Send, tuple[str, ...]]]:
    """The words of a leg that send, what each sends, and the kinds of message that make it so."""
    before = (legs[leg.flow, name] for name in leg.after)
    # the message of a leg that comes after others is whichever of their answers came last
    starts = leg.on or tuple(kind for one in before for kind in one.expects)
    if leg.connector and leg.operation:
        yield "send", Send(leg.connector, leg.operation), starts
    if leg.ask:
        yield "ask", Send(leg.ask.connector, leg.ask.operation), starts
    if leg.pause and leg.pause.send:
        yield "resume_send", leg.pause.send, leg.pause.resumes_on


def _fitting(wanted: type) -> list[str]:
    """The kinds of message that such a sheet can be written from."""
    return sorted(kind for kind, struct in MESSAGES.items() if can_be_told(struct, wanted))
