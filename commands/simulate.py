"""`simulate`: simulated peers alone, in the foreground, for whoever develops or rehearses against them."""

import signal
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from commands.demo_world import Simulator, start_simulator
from commands.parts import ROOT, one_of
from commands.tell import FINE, NEEDS_YOU, out, put_json, say

_LOOK_EVERY = 0.5


def simulate(names: Sequence[str], data: Path, seed: int, *, as_json: bool) -> int:
    """Run simulators until Ctrl-C or SIGTERM; print where each answers. `NEEDS_YOU` where one ends by itself.

    Raises `ConfigurationError` for a name that is no simulator. What a simulator remembers stays in `data`.
    """
    wanted = [known_simulator(name) for name in names]
    signal.signal(signal.SIGTERM, _interrupt)
    with ExitStack() as stack:
        running = [start_simulator(stack, name, data, ["--seed", str(seed)]) for name in wanted]
        _announce(running, as_json=as_json)
        try:
            return _watch(running)
        except KeyboardInterrupt:
            return FINE


def known_simulators() -> tuple[str, ...]:
    """The systems that can be simulated: adapters' folders that hold a `simulator.py`."""
    return tuple(sorted(file.parent.name for file in (ROOT / "adapters").glob("[a-z]*/simulator.py")))


def known_simulator(name: str) -> str:
    """The name, where there is such a simulator; else `ConfigurationError` with a guess."""
    one_of("simulator", name, known_simulators())
    return name


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _announce(running: Sequence[Simulator], *, as_json: bool) -> None:
    if as_json:
        put_json({one.name: {"url": one.url, "control_url": one.control_url} for one in running})
    else:
        for one in running:
            out().print(f"{one.name}: {one.url} (what it was asked to do: {one.control_url}/_sim/effects)")
    say("Ctrl-C ends them")


def _watch(running: Sequence[Simulator]) -> int:
    while True:
        for one in running:
            if one.process.poll() is not None:
                say(f"the simulator of {one.name} has ended by itself; see simulator.log in its folder")
                return NEEDS_YOU
        time.sleep(_LOOK_EVERY)
