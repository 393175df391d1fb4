"""A real provider of OpenID Connect for tests: `oidc-provider` on node, ended with the block."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.errors import ServerUnavailableError
from deploy.local.node import OIDC, find_node
from tests.conftest import missing

CLIENT, SECRET = "ban-dieu-khien", "mot-bi-mat-that-dai-cua-phep-thu"


@contextmanager
def provider(port: int, home: str, log: Path) -> Iterator[str]:
    """The issuer's address; it sends browsers back to `home`. Skips at home where it is not installed."""
    try:
        node, modules = find_node(OIDC)
    except ServerUnavailableError as error:
        missing(error)
    script = Path(__file__).with_name("oidc_provider.js")
    command = [node, str(script), str(port), CLIENT, SECRET, f"{home}/oidc/back"]
    env = {**os.environ, "NODE_PATH": str(modules)}
    with log.open("wb") as errors:
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=errors, text=True)  # noqa: S603
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        while said and said != "ready\n":
            said = process.stdout.readline()
        assert said == "ready\n", log.read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
