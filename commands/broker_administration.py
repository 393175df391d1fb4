"""The broker's own administration: its management HTTP API, or `rabbitmqctl` where there is none.

Both take the same definitions. A password is only ever handed over as its salted hash, and in no text.
"""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

import msgspec
import requests

from bus.broker_settings import Broker
from bus.errors import LienThongError
from bus.listeners import Definitions
from bus.settings import Secret

TIMEOUT = (5.0, 60.0)
"""Seconds to connect, and for an answer."""

TOOL_WAIT = 120.0
"""Seconds that `rabbitmqctl` may take; it starts a whole Erlang of its own."""


class AdministrationError(LienThongError):
    """The broker's administration does not answer, or refuses; the text says which and what to do."""


class Administration(Protocol):
    """Who may administer the broker. All may be repeated; each raises `AdministrationError`."""

    def users(self, vhost: str) -> list[str]:
        """The users with any permission on a virtual host."""
        ...

    def take(self, definitions: Definitions) -> None:
        """Have the broker make what is not there, and change what is otherwise."""
        ...

    def drop(self, name: str, vhost: str) -> None:
        """Take a user away with its permissions and connections, and the queue of its name."""
        ...


def administration(broker: Broker, env: Mapping[str, str] | None = None) -> Administration:
    """What the settings say: the management API, else `rabbitmqctl` (started in `env`, by itself ours)."""
    if broker.management is None:
        return Rabbitmqctl(broker.rabbitmqctl, env)
    verify = str(broker.ca) if broker.ca else True
    return ManagementApi(broker.management, broker.management_user, broker.management_password, verify)


@dataclass(frozen=True, slots=True)
class ManagementApi:
    """RabbitMQ's management plugin; its user has the tag `administrator`."""

    url: str
    user: str
    password: Secret | None
    verify: str | bool = True

    def users(self, vhost: str) -> list[str]:
        """As `Administration.users`."""
        return [str(row["user"]) for row in self._ask("GET", f"vhosts/{_quoted(vhost)}/permissions")]

    def take(self, definitions: Definitions) -> None:
        """As `Administration.take`."""
        self._ask("POST", "definitions", definitions)

    def drop(self, name: str, vhost: str) -> None:
        """As `Administration.drop`."""
        self._ask("DELETE", f"users/{_quoted(name)}", absent=True)
        self._ask("DELETE", f"queues/{_quoted(vhost)}/{_quoted(name)}", absent=True)

    def _ask(self, method: str, path: str, body: Any = None, *, absent: bool = False) -> Any:
        secret = self.password.reveal() if self.password else ""
        try:
            answer = requests.request(
                method,
                f"{self.url.rstrip('/')}/api/{path}",
                json=body,
                auth=(self.user, secret),
                timeout=TIMEOUT,
                verify=self.verify,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            what = f"the broker's management at {self.url} does not answer ({type(error).__name__})"
            raise AdministrationError(f"{what}: look at [broker] management") from None
        if answer.status_code in (401, 403):
            what = f"the broker's management does not let {self.user!r} do this"
            raise AdministrationError(f"{what}: it needs the tag administrator")
        if not (answer.ok and answer.status_code < 300) and not (absent and answer.status_code == 404):
            raise AdministrationError(
                f"the broker's management answers {answer.status_code} to {method} {path}"
            )
        return answer.json() if method == "GET" else None


@dataclass(frozen=True, slots=True)
class Rabbitmqctl:
    """RabbitMQ's own tool, on a machine and as a user that has the node's cookie."""

    words: Sequence[str]
    env: Mapping[str, str] | None = None

    def users(self, vhost: str) -> list[str]:
        """As `Administration.users`."""
        said = self._run("list_permissions", "-p", vhost, "--formatter", "json")
        return [str(row["user"]) for row in msgspec.json.decode(said)]

    def take(self, definitions: Definitions) -> None:
        """As `Administration.take`; over standard input, for words of a command are everybody's to see."""
        self._run("import_definitions", given=msgspec.json.encode(definitions))

    def drop(self, name: str, vhost: str) -> None:
        """As `Administration.drop`."""
        for words in (("delete_user", name), ("delete_queue", name, "--vhost", vhost)):
            try:
                self._run(*words)
            except AdministrationError as error:
                if "no_such_user" not in str(error) and "not found" not in str(error).lower():
                    raise

    def _run(self, *words: str, given: bytes = b"") -> bytes:
        command = [*self.words, "--quiet", *words]
        try:
            done = subprocess.run(  # noqa: S603  the command of the settings
                command, input=given, env=self.env, capture_output=True, timeout=TOOL_WAIT, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            what = f"{command[0]} cannot be run ({type(error).__name__})"
            raise AdministrationError(
                f"{what}: set [broker] management, or rabbitmqctl = [words of the command]"
            ) from None
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip()).decode(errors="replace")
            raise AdministrationError(f"rabbitmqctl {words[0]}: {' '.join(said.split())[:300]}")
        return done.stdout


def _quoted(name: str) -> str:
    return quote(name, safe="")
