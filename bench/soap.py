"""`bench soap`: a call of the kit's SOAP client beside a bare zeep call and hand-built lxml over requests.

The tax gateway's contract, 2 KB of text each way, one server in a process of its own that answers at once.
One run, rounds that take turns, medians: what disturbs the machine disturbs all alike. Ours checks request
and answer against the contract's schemas and judges every answer before zeep; the others believe what comes.
"""

import base64
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import requests
from lxml import etree
from zeep import Client
from zeep.transports import Transport
from zeep.wsse.username import UsernameToken as ZeepToken

from adapters._kit.http import Http, Line
from adapters._kit.soap import SoapClient
from adapters._kit.soap_contract import Contract
from adapters._kit.soap_token import WSSE, WSU, UsernameToken
from bus.ports import Deadline
from bus.settings import Secret

WSDL = Path(__file__).resolve().parents[1] / "adapters" / "tax" / "schemas" / "tax.wsdl"
OPERATION = "xuLyTruyVanMsg"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
TEXT = "<DATA>" + "Đặng Thị Mỹ " * 140 + "</DATA>"
_ROUND = 100
_PASSWORD = "mat-khau-thu"  # noqa: S105 - of a server that asks for none


def run(seconds: float = 10.0) -> dict[str, Any]:
    """Measure for about `seconds`; calls a second each, and our share of the other two."""
    with _server() as url, _callers(url) as callers:
        for call in callers.values():
            assert call() == TEXT  # noqa: S101 - all three must do the same before anything is measured
        times: dict[str, list[float]] = {name: [] for name in callers}
        end = time.perf_counter() + seconds
        while time.perf_counter() < end or min(map(len, times.values())) < 3:
            for name, call in callers.items():
                times[name].append(_timed(call))
    rates = {name: 1 / median(each) for name, each in times.items()}
    return {
        **{f"{name}_per_s": round(rate) for name, rate in rates.items()},
        "ratio_to_zeep": round(rates["lienthong"] / rates["zeep"], 2),
        "ratio_to_hand_built": round(rates["lienthong"] / rates["hand_built"], 2),
        "calls": sum(map(len, times.values())) * _ROUND,
    }


def _timed(call: Callable[[], str]) -> float:
    began = time.perf_counter()
    for _ in range(_ROUND):
        call()
    return (time.perf_counter() - began) / _ROUND


@contextmanager
def _server() -> Iterator[str]:
    with tempfile.NamedTemporaryFile() as file:
        file.write(_answer())
        file.flush()
        command = [sys.executable, "-m", "bench.soap_server", file.name]
        with subprocess.Popen(  # noqa: S603 - our own server
            command, cwd=WSDL.parents[3], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as server:
            assert server.stdout is not None  # noqa: S101 - for mypy: it is a pipe
            assert server.stdin is not None  # noqa: S101 - for mypy: it is a pipe
            try:
                yield f"http://127.0.0.1:{server.stdout.readline().strip()}/T2B/GIP"
            finally:
                server.stdin.close()
                server.wait(10)


@contextmanager
def _callers(url: str) -> Iterator[dict[str, Callable[[], str]]]:
    http, session = Http(Line(connect=3, answer=30)), requests.Session()
    try:
        yield {"lienthong": _ours(url, http), "zeep": _zeep(url), "hand_built": _by_hand(url, session)}
    finally:
        http.close()
        session.close()


def _ours(url: str, http: Http) -> Callable[[], str]:
    client = SoapClient(Contract(WSDL), http, url, token=UsernameToken("camau", Secret(_PASSWORD)))

    def call() -> str:
        deadline = Deadline(time.monotonic() + 30)
        return str(client.call(OPERATION, TEXT, deadline=deadline, effect=True).value)

    return call


def _zeep(url: str) -> Callable[[], str]:
    made: Any = ZeepToken
    token = made("camau", _PASSWORD, use_digest=True, zulu_timestamp=True)
    client: Any = Client(str(WSDL), wsse=token, transport=Transport(operation_timeout=30))  # type: ignore[no-untyped-call]
    service = client.create_service(next(iter(client.wsdl.bindings)), url)
    return lambda: str(service[OPERATION](TEXT))


def _by_hand(url: str, session: requests.Session) -> Callable[[], str]:
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}

    def call() -> str:
        reply = session.post(url, data=_request(), headers=headers, timeout=30)
        return str(etree.fromstring(reply.content).findtext(".//return"))

    return call


def _request() -> bytes:
    nonce, created = os.urandom(16), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
    digest = hashlib.sha1(nonce + created.encode() + _PASSWORD.encode(), usedforsecurity=False).digest()
    envelope = etree.Element(f"{{{SOAP}}}Envelope")
    token = etree.SubElement(etree.SubElement(envelope, f"{{{SOAP}}}Header"), f"{{{WSSE}}}Security")
    token = etree.SubElement(token, f"{{{WSSE}}}UsernameToken")
    etree.SubElement(token, f"{{{WSSE}}}Username").text = "camau"
    etree.SubElement(token, f"{{{WSSE}}}Password").text = base64.b64encode(digest).decode()
    etree.SubElement(token, f"{{{WSSE}}}Nonce").text = base64.b64encode(nonce).decode()
    etree.SubElement(token, f"{{{WSU}}}Created").text = created
    body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
    asked = etree.SubElement(body, f"{{http://gip.request.com/}}{OPERATION}")
    etree.SubElement(asked, "in_msg").text = TEXT
    return etree.tostring(envelope, xml_declaration=True, encoding="utf-8")


def _answer() -> bytes:
    envelope = etree.Element(f"{{{SOAP}}}Envelope")
    body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
    told = etree.SubElement(body, f"{{http://gip.response.com/}}{OPERATION}Response")
    etree.SubElement(told, "return").text = TEXT
    return etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
