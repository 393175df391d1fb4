"""Agencies that prove themselves by a certificate (mTLS): uvicorn asks for one and hands it on.

uvicorn tells an application nothing of the certificate, so its connection puts it where ASGI's TLS extension
says: `scope["extensions"]["tls"]["client_cert_chain"]`, as PEM. Whoever shows none is served as before.
"""

import asyncio
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from bus.errors import ConfigurationError


class Connection(H11Protocol):
    """A connection that tells the application which certificate its peer has shown."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Look at the certificate once a connection."""
        super().connection_made(transport)
        shown = transport.get_extra_info("ssl_object")
        found = shown.getpeercert(binary_form=True) if shown is not None else None
        if found:
            self.app = _telling(self.app, ssl.DER_cert_to_PEM_cert(found))


def accept(config: uvicorn.Config, certificates: Sequence[Path]) -> None:
    """Have these very certificates accepted, and asked for; TLS must be configured."""
    if not certificates:
        return
    config.load()
    if config.ssl is None:
        raise ConfigurationError(["[listen.intake] has no TLS: nobody can show a certificate"])
    for file in certificates:
        config.ssl.load_verify_locations(cafile=str(file))
    config.ssl.verify_mode = ssl.CERT_OPTIONAL
    # an agency's certificate is trusted itself, not whoever has issued it
    config.ssl.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN


def _telling(app: Any, certificate: str) -> Any:
    async def told(scope: Any, receive: Any, send: Any) -> None:
        tls = {"tls": {"client_cert_chain": (certificate,)}}
        extensions = {**scope.get("extensions", {}), **tls}
        await app({**scope, "extensions": extensions}, receive, send)

    return told
