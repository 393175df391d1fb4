"""SoftHSM, a token in software: for the test that a key on a token signs."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from deploy.local import packages
from deploy.local.errors import ServerUnavailableError

PACKAGE = "softhsm2"
_PLACES = ("/usr/lib/softhsm", "/usr/lib/x86_64-linux-gnu/softhsm", "/usr/lib/aarch64-linux-gnu/softhsm")


def find_softhsm() -> tuple[str, Path]:
    """Return its command and its library; raises ServerUnavailableError that says what to install."""
    command = shutil.which("softhsm2-util")
    library = next((file for each in _PLACES if (file := Path(each) / "libsofthsm2.so").exists()), None)
    if command is None or library is None:
        raise ServerUnavailableError(packages.advice("SoftHSM", PACKAGE))
    return command, library


def provide_softhsm(*, say: Callable[[str], None]) -> None:
    """Install the distribution's package where CI=true and it is missing; may be repeated.

    At home the tests that need it skip with the reason.
    """
    try:
        find_softhsm()
    except ServerUnavailableError:
        if os.environ.get("CI") == "true":
            packages.install("SoftHSM", PACKAGE, say=say, interactive=False)
