"""SOAP to a peer: zeep writes and reads by the contract, our line carries, every answer is judged first.

A call is one envelope with a fresh token, sent under the call's hard deadline by `adapters._kit.http` (no
redirect, whole answers, first byte noted). HTTP status, media type, well-formedness, faults and the
contract's schema are looked at before zeep: it would take a proxy's page for a business fault, follow a
redirect as GET, and turn an unreadable time into None (reference 2.4).
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, NoReturn, Protocol

from lxml import etree
from zeep import Client, Settings
from zeep.transports import Transport

from adapters._kit.http import Http, Reply, Request, failed
from adapters._kit.soap_contract import SETTINGS, Contract, ForeignAddressError
from adapters._kit.soap_faults import RAISED, judged, nothing_in, zeep_error
from adapters._kit.soap_token import UsernameToken
from adapters._kit.wordings import Wording
from bus.errors import PermanentError
from bus.ports import Deadline


@dataclass(frozen=True, slots=True)
class SoapReply:
    """What an operation gave back, and the bytes of the whole answer."""

    value: Any
    raw: bytes


class Courier(Protocol):
    """Takes an envelope to the peer, with what goes beside it, and gives the envelope of the answer."""

    def carry(self, http: Http, request: Request, deadline: Deadline) -> Reply:
        """Send once; raises `DeliveryError`s."""
        ...


class _Bare:
    """Nothing goes beside the envelope."""

    def carry(self, http: Http, request: Request, deadline: Deadline) -> Reply:
        return http.send(request, deadline)


@dataclass(slots=True)
class _Exchange:
    """One call under way in a thread."""

    operation: str
    deadline: Deadline
    effect: bool
    parcel: Courier
    reply: Reply | None = field(default=None)


class SoapClient:
    """The operations of one peer. Built once; safe for many threads, for what is of a call stays there."""

    def __init__(
        self,
        contract: Contract,
        http: Http,
        address: str,
        *,
        wordings: Sequence[Wording] = (),
        token: UsernameToken | None = None,
    ) -> None:
        self._contract = contract
        self._carrier = _Carrier(contract, http, wordings)
        client = Client(contract.document, wsse=token, transport=self._carrier, settings=Settings(**SETTINGS))
        self._service = client.create_service(contract.binding.name, address)

    def call(
        self,
        operation: str,
        *values: Any,
        deadline: Deadline,
        effect: bool,
        parcel: Courier | None = None,
        **named: Any,
    ) -> SoapReply:
        """Call an operation once; `effect`: it may change something at the peer; `parcel`: files beside it.

        Raises `PermanentError` before anything is sent where the request does not fit the contract, the
        errors of `Http.send`, those of the peer's faults, and for an answer that breaks the contract
        `OutcomeUnknownError` (`TransientError` without effect). Never gives None for a required value.
        """
        _aware_only([*values, *named.values()])
        exchange = _Exchange(operation, deadline, effect, parcel or _Bare())
        with self._carrier.carrying(exchange):
            try:
                value = self._service[operation](*values, **named)
            except RAISED as error:
                raise zeep_error(error, exchange.reply, effect=effect) from None
        reply = exchange.reply
        if reply is None:
            raise PermanentError("The operation was not sent.", problems=(operation,))
        self._whole(operation, value, reply, effect=effect)
        return SoapReply(value, reply.body)

    def _whole(self, operation: str, value: Any, reply: Reply, *, effect: bool) -> None:
        output = self._contract.binding.get(operation).output
        # zeep gives the one element of an answer for the answer
        kind = getattr(value, "_xsd_type", None) or getattr(output.body, "type", None)
        lacking = nothing_in(value, kind)
        if lacking:
            raise failed(f"The peer's answer is not whole: {'; '.join(lacking)}", reply, effect=effect)


class _Carrier(Transport):
    """zeep's transport over our line. It judges the answer before zeep may see it."""

    def __init__(self, contract: Contract, http: Http, wordings: Sequence[Wording]) -> None:
        super().__init__()
        self._contract = contract
        self._http = http
        self._wordings = wordings
        self._thread = threading.local()

    def carrying(self, exchange: _Exchange) -> "_Carrying":
        """Make the thread's next post the one of this exchange."""
        return _Carrying(self._thread, exchange)

    def post_xml(self, address: str, envelope: Any, headers: dict[str, str]) -> "_Judged":
        """Check, send and judge; raises `DeliveryError`s."""
        exchange: _Exchange = self._thread.exchange
        self._fits(envelope)
        body = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
        request = Request("POST", address, body, headers, effect=exchange.effect)
        reply = exchange.reply = exchange.parcel.carry(self._http, request, exchange.deadline)
        content = judged(
            reply,
            self._wordings,
            exchange.operation,
            namespace=self._contract.namespace,
            effect=exchange.effect,
        )
        if problems := self._contract.answer_problems(exchange.operation, content):
            text = f"The peer's answer breaks its contract: {'; '.join(problems)[:1000]}"
            raise failed(text, reply, effect=exchange.effect, code="contract")
        return _Judged(reply.body)

    def load(self, url: str) -> NoReturn:
        """Everything was read when the contract was."""
        raise ForeignAddressError(f"nothing is fetched from {url}")

    def get(self, address: str, *_: Any) -> NoReturn:
        """SOAP is posted."""
        raise ForeignAddressError(f"nothing is fetched from {address}")

    def _fits(self, envelope: Any) -> None:
        body = envelope.find(f"{{{self._contract.namespace}}}Body")
        problems = tuple(problem for each in body for problem in self._contract.problems(each))
        if problems:
            raise PermanentError(
                "The request breaks the peer's contract; it was not sent.", problems=problems
            )


class _Carrying:
    """The exchange of a thread, for as long as it lasts."""

    def __init__(self, thread: threading.local, exchange: _Exchange) -> None:
        self._thread, self._exchange = thread, exchange

    def __enter__(self) -> None:
        self._thread.exchange = self._exchange

    def __exit__(self, *_: object) -> None:
        del self._thread.exchange


@dataclass(frozen=True, slots=True)
class _Judged:
    """A good answer in the shape that zeep reads: media type and status are settled."""

    content: bytes
    status_code: int = 200
    encoding: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Type": "text/xml"}


def _aware_only(values: Sequence[Any]) -> None:
    """Refuse a time without its offset: half of the servers read it as UTC (reference 2.3)."""
    for value in values:
        inner = list(value.values()) if isinstance(value, dict) else value
        if isinstance(inner, list | tuple):
            _aware_only(inner)
        elif isinstance(value, datetime | time) and value.tzinfo is None:
            raise PermanentError("A time without its offset is never sent.", problems=("naive time",))
