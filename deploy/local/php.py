"""PHP with its SOAP server: an independent implementation for the contract tests alone."""

import os
import shutil
import subprocess
from collections.abc import Callable

from deploy.local import packages
from deploy.local.errors import ServerUnavailableError

PACKAGES = ("php-cli", "php-soap", "php-xml")
MODULES = frozenset({"soap", "dom", "openssl"})


def find_php() -> str:
    """Return PHP's path; raises ServerUnavailableError that says what to install."""
    php = shutil.which("php")
    told = subprocess.run([php, "-m"], capture_output=True, text=True, check=False).stdout if php else ""  # noqa: S603 - found above
    if php is None or not set(told.split()) >= MODULES:
        raise ServerUnavailableError(packages.advice("PHP with SOAP", " ".join(PACKAGES)))
    return php


def provide_php(*, say: Callable[[str], None]) -> None:
    """Install the distribution's packages where CI=true and they are missing; may be repeated.

    At home the tests that need PHP skip with the reason; nobody wants a language installed for them unasked.
    """
    try:
        find_php()
    except ServerUnavailableError:
        if os.environ.get("CI") == "true":
            packages.install("PHP with SOAP", " ".join(PACKAGES), say=say, interactive=False)
