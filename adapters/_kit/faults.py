"""What went wrong on the way to a peer, as our errors with a sentence for an operator.

A table finds each exception of the HTTP libraries by its class. What decides is rule 5 of the protocol:
before the first byte nothing was done; after it, a request that may have had an effect is unknown.
"""

import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import requests
import urllib3.exceptions as u
from requests import exceptions as r

from bus.errors import (
    DeliveryError,
    OutcomeUnknownError,
    PermanentError,
    TransientError,
)

Blame = Literal["network", "peer", "tls", "ours"]
"""Who has to look: the line, the system at its end, its certificate, or our own settings and code."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A sentence for an operator, and who is to blame."""

    text: str
    blame: Blame


_NO_NAME = Fault("The peer's host name is not known to DNS. Check the address.", "network")
_NO_WAY = Fault(
    "No connection to the peer: refused or unreachable. Check that it runs, and the way.", "network"
)
_SLOW_WAY = Fault("The peer did not take the connection in time.", "network")
_CUT = Fault("The connection broke before the whole answer was read.", "network")
_SLOW = Fault("The peer did not answer in time.", "peer")
_TLS = Fault("The peer's certificate was not accepted, or it rejects ours. Check `ca` and dates.", "tls")
_PROXY = Fault("A proxy between us and the peer failed.", "network")
_GARBLED = Fault("The peer's answer is no correct HTTP.", "peer")
_TURNED = Fault("The peer redirects; redirects are not followed. Set the address it points to.", "peer")
_OUR_URL = Fault("The address in the settings cannot be used.", "ours")
_OUR_CODE = Fault("The request could not be written; this is a mistake in the connector.", "ours")
_POOL = Fault("The connector is closing or all its connections are in use.", "network")

FAULTS: Mapping[type[BaseException], Fault] = {
    # requests
    r.RequestException: _CUT,
    r.InvalidJSONError: _OUR_CODE,
    r.JSONDecodeError: _GARBLED,
    r.HTTPError: _GARBLED,
    r.ConnectionError: _NO_WAY,
    r.ProxyError: _PROXY,
    r.SSLError: _TLS,
    r.Timeout: _SLOW,
    r.ConnectTimeout: _SLOW_WAY,
    r.ReadTimeout: _SLOW,
    r.URLRequired: _OUR_URL,
    r.TooManyRedirects: _TURNED,
    r.MissingSchema: _OUR_URL,
    r.InvalidSchema: _OUR_URL,
    r.InvalidURL: _OUR_URL,
    r.InvalidHeader: _OUR_CODE,
    r.InvalidProxyURL: _OUR_URL,
    r.ChunkedEncodingError: _CUT,
    r.ContentDecodingError: _GARBLED,
    r.StreamConsumedError: _OUR_CODE,
    r.RetryError: _NO_WAY,
    r.UnrewindableBodyError: _OUR_CODE,
    # urllib3
    u.HTTPError: _CUT,
    u.PoolError: _POOL,
    u.RequestError: _CUT,
    u.SSLError: _TLS,
    u.ProxyError: _PROXY,
    u.DecodeError: _GARBLED,
    u.ProtocolError: _CUT,
    u.MaxRetryError: _NO_WAY,
    u.HostChangedError: _TURNED,
    u.TimeoutStateError: _OUR_CODE,
    u.TimeoutError: _SLOW,
    u.ReadTimeoutError: _SLOW,
    u.ConnectTimeoutError: _SLOW_WAY,
    u.NewConnectionError: _NO_WAY,
    u.NameResolutionError: _NO_NAME,
    u.EmptyPoolError: _POOL,
    u.FullPoolError: _POOL,
    u.ClosedPoolError: _POOL,
    u.LocationValueError: _OUR_URL,
    u.LocationParseError: _OUR_URL,
    u.URLSchemeUnknown: _OUR_URL,
    u.ResponseError: _GARBLED,
    u.ResponseNotChunked: _GARBLED,
    u.BodyNotHttplibCompatible: _GARBLED,
    u.IncompleteRead: _CUT,
    u.InvalidChunkLength: _GARBLED,
    u.InvalidHeader: _GARBLED,
    u.HeaderParsingError: _GARBLED,
    u.ProxySchemeUnknown: _OUR_URL,
    u.ProxySchemeUnsupported: _OUR_URL,
    u.UnrewindableBodyError: _OUR_CODE,
    # what may come through from below them
    http.client.HTTPException: _GARBLED,
    http.client.RemoteDisconnected: _CUT,
    http.client.IncompleteRead: _CUT,
    ssl.SSLError: _TLS,
    socket.gaierror: _NO_NAME,
    TimeoutError: _SLOW,
    OSError: _CUT,
}
_WRAPPERS = (requests.ConnectionError, r.Timeout, u.MaxRetryError)


def fault_of(error: BaseException) -> Fault | None:
    """Find the row of an exception, looking under wrappers first: "max retries" says less than its reason."""
    inner = _inner(error)
    if inner is not None and (found := fault_of(inner)):
        return found
    return next((FAULTS[kind] for kind in type(error).__mro__ if kind in FAULTS), None)


def _inner(error: BaseException) -> BaseException | None:
    if not isinstance(error, _WRAPPERS):
        return None
    reason = getattr(error, "reason", None) or (error.args[0] if error.args else None)
    return reason if isinstance(reason, BaseException) else None


def delivery_error(error: BaseException, *, sent: bool, effect: bool, expired: bool) -> DeliveryError:
    """Turn an exception of a call into our error. `effect`: the request may change something at the peer."""
    fault = _SLOW if expired and sent else _SLOW_WAY if expired else fault_of(error)
    if fault is None:
        raise error
    if sent and effect:
        return OutcomeUnknownError(fault.text)
    if fault.blame == "ours":
        return PermanentError(fault.text, problems=(type(error).__name__,))
    return TransientError(fault.text, connected=sent)
