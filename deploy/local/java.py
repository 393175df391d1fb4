"""A JDK with JAX-WS (the reference implementation, Debian's packages): for the contract tests alone."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from deploy.local import packages
from deploy.local.errors import ServerUnavailableError

PACKAGES = ("default-jdk-headless", "libjaxws-java", "libsaaj-ri-java", "libjaxb-java")
JARS = Path("/usr/share/java")
NEEDED = (
    "jaxws-api", "jaxws-rt", "jaxb-api", "jaxb-impl", "jaxb-core", "jaxb-runtime", "saaj-impl",
    "javax.xml.soap-api", "jws-api", "javax.activation", "stax-ex", "streambuffer", "metro-policy",
    "mimepull", "gmbal", "glassfish-management-api", "istack-commons-runtime", "FastInfoset", "stax2-api",
    "woodstox-core", "txw2", "geronimo-annotation-1.3-spec",
)  # fmt: skip


def find_jaxws() -> tuple[str, str, str]:
    """Return java, javac and the class path; raises ServerUnavailableError that says what to install."""
    java, javac = shutil.which("java"), shutil.which("javac")
    jars = [JARS / f"{name}.jar" for name in NEEDED]
    if java is None or javac is None or not all(jar.exists() for jar in jars):
        raise ServerUnavailableError(packages.advice("a JDK with JAX-WS", " ".join(PACKAGES)))
    return java, javac, ":".join(map(str, jars))


def provide_jaxws(*, say: Callable[[str], None]) -> None:
    """Install the distribution's packages where CI=true and they are missing; may be repeated.

    At home the tests that need them skip with the reason; nobody wants a JDK installed for them unasked.
    """
    try:
        find_jaxws()
    except ServerUnavailableError:
        if os.environ.get("CI") == "true":
            packages.install("a JDK with JAX-WS", " ".join(PACKAGES), say=say, interactive=False)
