"""Chromium, for the tests of the console in a real browser alone."""

import os
import shutil
from collections.abc import Callable

from deploy.local import packages
from deploy.local.errors import ServerUnavailableError

PACKAGES = ("chromium", "fonts-noto-core")
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str:
    """Return the browser's path; raises ServerUnavailableError that says what to install."""
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    raise ServerUnavailableError(packages.advice("Chromium", " ".join(PACKAGES)))


def provide_chromium(*, say: Callable[[str], None]) -> None:
    """Install the distribution's packages where CI=true and they are missing; may be repeated.

    At home the tests that need a browser skip with the reason; nobody wants one installed for them unasked.
    """
    try:
        find_chromium()
    except ServerUnavailableError:
        if os.environ.get("CI") == "true":
            packages.install("Chromium", " ".join(PACKAGES), say=say, interactive=False)
