"""PHP's SoapServer as a process: SOAP, XML signatures and digests that share nothing with ours."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from deploy.local.errors import ServerUnavailableError
from deploy.local.folder import free_ports
from deploy.local.php import find_php
from tests.contract.tax_world import PASSWORD


@dataclass
class Php:
    """A PHP server and its notes."""

    root: str
    folder: Path

    def notes(self, name: str) -> list[str]:
        """What it wrote down."""
        path = self.folder / name
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def php_or_skip() -> str:
    """PHP with SOAP: skip at home where there is none, fail where CI=true."""
    try:
        return find_php()
    except ServerUnavailableError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))


@contextmanager
def serving(script: str, wsdl: Path, folder: Path) -> Iterator[Php]:
    """Run a script on a contract; it must have had nothing to complain of when the test ends."""
    php = php_or_skip()
    (port,) = free_ports(1)
    known = {"GIP_WSDL": str(wsdl), "GIP_STATE": str(folder), "GIP_PASSWORD": PASSWORD}
    command = [php, "-S", f"127.0.0.1:{port}", str(Path(__file__).with_name(script))]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **known}, stdout=log, stderr=log)  # noqa: S603
        one = Php(f"http://127.0.0.1:{port}", folder)
        try:
            _listening(one.root)
            yield one
        finally:
            process.terminate()
            process.wait(10)
    assert one.notes("complaints") == []


def _listening(url: str) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("PHP does not listen")
