"""Agencies that prove themselves by a certificate (mTLS): a door asks for one, and serves others too."""

import ssl
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from bus.errors import ConfigurationError


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
