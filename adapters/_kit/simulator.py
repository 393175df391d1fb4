"""The chassis of a simulated system: a real HTTP server in its own process, with state that is its own.

A simulator module builds a `Simulation` from a `Workshop` and hands both to `main`:

    def build(options: Namespace, workshop: Workshop) -> Simulation: ...

    if __name__ == "__main__":
        sys.exit(main("adapters.onestop.simulator", add_options, build))

It prints one JSON line `{"url": …, "control_url": …}` when it listens and exits 0 on SIGTERM. `/_sim/…` is
served at both addresses and never misbehaves; the second stays reachable while the first is `dead`.
"""

import asyncio
import os
import signal
import socket
import sys
from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser, Namespace
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
import uvicorn
import uvloop
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from adapters._kit.simulator_http import Answer, App, Receive, Request, Route, Scope, Send, json_answer
from adapters._kit.simulator_journal import Journal
from adapters._kit.simulator_shelf import Shelf
from adapters._kit.simulator_switchboard import Switch, Switchboard

_PORT_CHECK_SECONDS = 0.05


class Workshop:
    """What the chassis gives to a simulator: its folder, seed, journal, switchboard and shelves."""

    def __init__(self, data: Path, seed: int) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self.data = data
        self.seed = seed
        self.journal = Journal(data / "journal.jsonl")
        self.board = Switchboard(seed)

    def shelf(self, name: str) -> Shelf:
        """Open the kept values `name` of this simulator; a restart over the same folder finds them again."""
        return Shelf(self.data / f"{name}.jsonl")


class Simulation(msgspec.Struct, frozen=True):
    """One simulated system.

    `routes` are the peer's own paths (subject to the switchboard); `control` are extra `/_sim/…` paths
    (never); `state` answers `GET /_sim/state`; `facts` is merged into `GET /_sim/effects`; `background` are
    coroutines that run beside the server until it ends; `expire_sessions` is what its switch does.
    """

    routes: Sequence[Route]
    control: Sequence[Route] = ()
    state: Callable[[], Mapping[str, Any]] = dict
    facts: Callable[[], Mapping[str, Any]] = dict
    background: Sequence[Callable[[], Awaitable[None]]] = ()
    expire_sessions: Callable[[], None] | None = None


Build = Callable[[Namespace, Workshop], Simulation]


def main(
    module: str,
    add_options: Callable[[ArgumentParser], None],
    build: Build,
    arguments: Sequence[str] | None = None,
) -> int:
    """Run a simulator until SIGTERM or SIGINT; returns the exit code 0."""
    parser = ArgumentParser(formatter_class=ArgumentDefaultsHelpFormatter, prog=f"python -m {module}")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="port; 0: a free one")
    parser.add_argument("--control-port", type=int, default=0, help="second port for /_sim; 0: a free one")
    parser.add_argument("--data", type=Path, required=True, help="folder of journal and state")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything that is drawn")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when the parent's pipe closes")
    add_options(parser)
    options = parser.parse_args(arguments)
    workshop = Workshop(options.data, options.seed)
    uvloop.run(_serve(build(options, workshop), workshop, options))
    return 0


async def _serve(simulation: Simulation, workshop: Workshop, options: Namespace) -> None:
    control = App(_control_routes(simulation, workshop), Switchboard(workshop.seed))
    public = App(simulation.routes, workshop.board, simulation.expire_sessions)
    front = _Port(options.host, options.port, _both(public, control))
    desk = _Port(options.host, options.control_port, control)
    await front.open()
    await desk.open()
    jobs = [*(job() for job in simulation.background), _mind(front, workshop.board)]
    tasks = [asyncio.ensure_future(job) for job in jobs]
    ended = _end_signal(options)
    line = msgspec.json.encode({"url": front.url, "control_url": desk.url}).decode()
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
    await asyncio.wait([ended, *tasks], return_when=asyncio.FIRST_COMPLETED)
    await _close([front, desk], tasks)
    workshop.journal.close()


async def _close(ports: "Sequence[_Port]", tasks: Sequence["asyncio.Future[None]"]) -> None:
    for port in ports:
        port.close()
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    failures = [r for r in results if isinstance(r, Exception)]
    if failures:
        raise failures[0]


def _end_signal(options: Namespace) -> "asyncio.Future[None]":
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def end() -> None:
        if not ended.done():
            ended.set_result(None)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    if options.until_stdin_closes:
        loop.add_reader(sys.stdin.fileno(), lambda: None if os.read(sys.stdin.fileno(), 4096) else end())
    return ended


async def _mind(port: "_Port", board: Switchboard) -> None:
    while True:
        if board.port_closed() and port.listening:
            port.close()
        elif not board.port_closed() and not port.listening:
            await port.open()
        await asyncio.sleep(_PORT_CHECK_SECONDS)


class _Protocol(H11Protocol):
    """uvicorn's HTTP/1.1, which also lets the application reset the connection."""

    def __init__(self, config: uvicorn.Config, server_state: ServerState) -> None:
        super().__init__(config, server_state, {})
        application = config.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope["transport"] = self.transport
            await cast("Callable[[Scope, Receive, Send], Awaitable[None]]", application)(scope, receive, send)

        self.app = cast("Any", app)


class _Port:
    """A listening port that can be closed, with all its connections, and opened again at the same number."""

    def __init__(self, host: str, port: int, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._address = (host, port)
        self._config = uvicorn.Config(
            cast("Any", app),
            log_config=None,
            lifespan="off",
            ws="none",
            proxy_headers=False,
            timeout_keep_alive=60,
        )
        self._state = ServerState()
        self._server: asyncio.AbstractServer | None = None

    @property
    def url(self) -> str:
        return f"http://{self._address[0]}:{self._address[1]}"

    @property
    def listening(self) -> bool:
        return self._server is not None

    async def open(self) -> None:
        listener = socket.socket()
        # a port that was closed a moment ago must be had again while its old connections linger
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(self._address)
        self._address = listener.getsockname()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Protocol(self._config, self._state), sock=listener)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self._server = None
        for connection in list(self._state.connections):
            connection.transport.abort()


def _both(public: App, control: App) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        chosen = control if scope["path"].startswith("/_sim/") else public
        await chosen(scope, receive, send)

    return app


def _control_routes(simulation: Simulation, workshop: Workshop) -> list[Route]:
    journal, board = workshop.journal, workshop.board

    def switch(request: Request) -> Answer:
        """Set one switch or a list of them; answers those in force."""
        asked: Switch | list[Switch] = msgspec.json.decode(request.body, type=Switch | list[Switch])
        for one in asked if isinstance(asked, list) else [asked]:
            board.set(one)
        return json_answer({"switches": board.in_force()})

    return [
        Route(
            "GET",
            "/_sim/effects",
            "effects",
            lambda _: json_answer(journal.effects() | dict(simulation.facts())),
        ),
        Route("GET", "/_sim/journal", "journal", lambda r: json_answer(journal.of(r.query.get("key", "")))),
        Route("GET", "/_sim/state", "state", lambda _: json_answer(simulation.state())),
        Route("POST", "/_sim/switch", "switch", switch),
        *simulation.control,
    ]
