"""What keeps an installation from starting though each setting is right: `check` tells it, `serve` refuses.

The connectors' deadlines against the broker's patience (rule 15) and against the time of a stop (rule 24).
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bus.errors import ConfigurationError
from bus.installation import Installation
from bus.ports import Operation
from bus.topology import rhythm_problems
from commands.parts import adapter_types, file_store, read_settings


def problems(installation: Installation, longest_calls: Mapping[str, float]) -> Iterator[str]:
    """Each problem as a sentence that says what to change. `longest_calls` are seconds, by connector."""
    slots = {name: peer.concurrency for name, peer in installation.connectors.items()}
    yield from rhythm_problems(longest_calls, slots, installation.broker.consumer_timeout)
    within = installation.installation.stop_within
    for name, seconds in longest_calls.items():
        if seconds >= within:
            yield (
                f"{name}: a call may take {seconds:.0f} s and a stop only {within.written}. Shorten its"
                f' timeout, or set [installation] stop_within = "{2 * seconds:.0f} seconds"'
            )


def refuse(installation: Installation, longest_calls: Mapping[str, float]) -> None:
    """Raise `ConfigurationError` with every problem."""
    if found := list(problems(installation, longest_calls)):
        raise ConfigurationError(found)


def offered(installation: Installation) -> dict[str, tuple[Operation, ...]]:
    """The operations of each connector, as its adapter makes them; not to be called. Opens nothing.

    Raises `ConfigurationError` with every problem of every adapter: contracts, keys, tables of answers.
    """
    types, found, wrong = adapter_types(), dict[str, tuple[Operation, ...]](), list[object]()
    for name, peer in installation.connectors.items():
        try:
            adapter = types[peer.type].connect(name, peer, file_store(installation))
        except ConfigurationError as error:
            wrong += error.problems
            continue
        found[name] = tuple(adapter.operations.values())
        adapter.close()
    if wrong:
        raise ConfigurationError(wrong)
    return found


def deadlines(offers: Mapping[str, Sequence[Operation]]) -> dict[str, float]:
    """The longest deadline of each connector's operations, in seconds."""
    return {name: max((one.seconds for one in offer), default=0.0) for name, offer in offers.items()}


def refuse_production(command: str, settings: Path | None) -> None:
    """Raise `ConfigurationError` where the installation that is named says that it is production."""
    if settings and read_settings(settings, secrets=False).installation.environment == "production":
        raise ConfigurationError([f'{settings}: {command} does not run where environment = "production"'])
