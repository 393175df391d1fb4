"""What an installation says about its broker: `[broker]`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from bus.settings import BrokerUrl, Fault, Seconds, Secret, Section, Url, says, with_password


class Broker(Section, frozen=True, kw_only=True):
    """[broker]: RabbitMQ."""

    url: Annotated[BrokerUrl, says("its nodes, user and virtual host, without the password")]
    password: Annotated[Secret | None, says("the user's password")] = None
    ca: Annotated[Path | None, says("whose certificates we accept; empty: the system's", must_exist=True)] = (
        None
    )
    prefix: Annotated[str, says("what all names of queues and exchanges begin with")] = "lienthong"
    consumer_timeout: Annotated[
        Seconds, says("the broker's own `consumer_timeout`; work must be settled well within", least=60)
    ] = Seconds("30 minutes")
    wait_at_start: Annotated[Seconds, says("how long a start waits for the broker")] = Seconds("30 seconds")
    management: Annotated[
        Url | None, says("its management HTTP API, for `topology --agencies`; empty: by `rabbitmqctl`")
    ] = None
    management_user: Annotated[str, says("who administers there (tag administrator)")] = ""
    management_password: Annotated[Secret | None, says("that user's password")] = None
    rabbitmqctl: Annotated[
        tuple[str, ...], says("the words of that command, where there is no management API")
    ] = ("rabbitmqctl",)

    @property
    def address(self) -> str:
        """The whole URL, password included."""
        return with_password(self.url, self.password)

    def faults(self) -> Iterator[Fault]:
        """Refuse a prefix that is no name, and what belongs to an encrypted connection without one."""
        if not re.fullmatch(r"[a-z][a-z0-9_.-]*", self.prefix):
            yield Fault("prefix", f'"{self.prefix}" is no name: small letters, digits, . _ -')
        if self.ca and not self.url.tls:
            yield Fault("ca", "is of no use without encryption", "Begin the url with amqps://")
        if self.password and "@" not in self.url:
            yield Fault("url", "lacks the user whose password is given", f"Write it like {BrokerUrl.form}")
        if self.management and not (self.management_user and self.management_password):
            yield Fault("management", '"management" needs "management_user" and "management_password"')
        if not self.rabbitmqctl:
            yield Fault("rabbitmqctl", "has no word", 'Write rabbitmqctl = ["rabbitmqctl"]')
