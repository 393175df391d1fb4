"""A connection at a door: it must come to its point, and tells which certificate its peer has shown.

uvicorn waits for ever for the rest of a request's head, so that whoever opens connections and says nothing
would hold all of them; and it tells an application nothing of a certificate. What ASGI's TLS extension says
is put there: `scope["extensions"]["tls"]["client_cert_chain"]`, as PEM.
"""

import asyncio
import ssl
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_WITHIN = 20.0
"""Seconds in which a request's head must be there, from the connection's or the last answer's end on."""


class Connection(H11Protocol):
    """A connection as our doors have it. A body has a patience of its own, where it is read."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Look at the certificate once a connection, and wait for a head."""
        super().connection_made(transport)
        shown = transport.get_extra_info("ssl_object")
        found = shown.getpeercert(binary_form=True) if shown is not None else None
        if found:
            self.app = _telling(self.app, ssl.DER_cert_to_PEM_cert(found))
        self._wait()

    def data_received(self, data: bytes) -> None:
        """A whole head ends the waiting; a piece of one does not begin it anew."""
        super().data_received(data)
        if not self._is_waiting:
            self._rest()

    def on_response_complete(self) -> None:
        """Wait for the next head."""
        super().on_response_complete()
        if self._is_waiting:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._rest()
        super().connection_lost(exc)

    @property
    def _is_waiting(self) -> bool:
        return self.cycle is None or bool(self.cycle.response_complete)

    def _wait(self) -> None:
        self._rest()
        self._patience = self.loop.call_later(HEAD_WITHIN, self._give_up)

    def _rest(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        if self._is_waiting and not self.transport.is_closing():
            self.transport.close()


def _telling(app: Any, certificate: str) -> Any:
    async def told(scope: Any, receive: Any, send: Any) -> None:
        tls = {"tls": {"client_cert_chain": (certificate,)}}
        extensions = {**scope.get("extensions", {}), **tls}
        await app({**scope, "extensions": extensions}, receive, send)

    return told
