"""promtool, Prometheus's own judge of metrics and rules, for the tests alone."""

import os
import shutil
from collections.abc import Callable

from deploy.local import packages
from deploy.local.errors import ServerUnavailableError

PACKAGE = "prometheus"


def find_promtool() -> str:
    """Return promtool's path; raises ServerUnavailableError that says what to install."""
    promtool = shutil.which("promtool")
    if promtool is None:
        raise ServerUnavailableError(packages.advice("promtool", PACKAGE))
    return promtool


def provide_promtool(*, say: Callable[[str], None]) -> None:
    """Install the distribution's package where CI=true and it is missing; may be repeated.

    At home the tests that need promtool skip with the reason.
    """
    try:
        find_promtool()
    except ServerUnavailableError:
        if os.environ.get("CI") == "true":
            packages.install("promtool", PACKAGE, say=say, interactive=False)
