"""Installing a distribution's package, where that may be done, without starting the service in it."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from deploy.local.errors import ServerUnavailableError

_NO_START = "#!/bin/sh\nexit 101\n"
"""What invoke-rc.d reads as "do not start this service" (Debian policy 9.3.3.1)."""


def advice(product: str, package: str) -> str:
    """Say in one sentence what a person has to install."""
    return (
        f"{product} is not installed: install it with `apt-get install {package}` as root, then start again"
    )


def install(
    product: str, package: str, *, say: Callable[[str], None], interactive: bool | None = None
) -> None:
    """Install the distribution's `package` (several with blanks), its service not started; may be repeated.

    Only as root on a system with apt-get. On a terminal (`interactive`; by default where input and errors are
    one) a person is asked first. Otherwise raises ServerUnavailableError: one sentence on what to install.
    """
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise ServerUnavailableError(advice(product, package))
    on_terminal = sys.stdin.isatty() and sys.stderr.isatty() if interactive is None else interactive
    if on_terminal and not _agreed(product, package):
        raise ServerUnavailableError(advice(product, package))
    say(f"installing {package} (its service is not started)")
    if package.startswith("postgresql"):
        _keep_cluster_away()
    with _no_service_starts():
        _apt("update")
        _apt(
            "install",
            "-y",
            "--no-install-recommends",
            "-o",
            "Dpkg::Options::=--force-confold",
            *package.split(),
        )


def _agreed(product: str, package: str) -> bool:
    sys.stderr.write(f"{product} is not installed. Install {package} now? [Y/n] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("", "y", "yes", "c", "có")


def _apt(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    done = subprocess.run(  # noqa: S603 -- fixed words and a package name of ours
        ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", *arguments],  # noqa: S607 -- found by `which` above
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        end = "\n".join(f"  {line}" for line in done.stdout.splitlines()[-8:])
        raise ServerUnavailableError(
            f"apt-get {' '.join(arguments)} failed, run it yourself; it said:\n{end}"
        )


@contextlib.contextmanager
def _no_service_starts(policy: Path = Path("/usr/sbin/policy-rc.d")) -> Iterator[None]:
    """Forbid packages to start services meanwhile; a policy that the machine already has is left alone."""
    if policy.exists():
        yield
        return
    with tempfile.NamedTemporaryFile("w", dir=policy.parent, delete=False, encoding="ascii") as new:
        new.write(_NO_START)
    Path(new.name).chmod(0o755)
    Path(new.name).rename(policy)
    try:
        yield
    finally:
        policy.unlink(missing_ok=True)


def _keep_cluster_away(settings: Path = Path("/etc/postgresql-common/createcluster.conf")) -> None:
    """Keep a PostgreSQL package from creating a cluster of its own; settings that exist are left alone."""
    if not settings.exists():
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text("create_main_cluster = false\n", encoding="ascii")
