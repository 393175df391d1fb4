"""Node's servers for the tests alone, pinned by hashes: `soap`, a sloppy one, and `oidc-provider`."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from deploy.local import packages
from deploy.local.errors import ServerUnavailableError

PACKAGES = ("nodejs", "npm")
SOAP, OIDC = "soap", "oidc-provider"
LOCKS = {SOAP: "node_soap", OIDC: "node_oidc"}
"""A module that a test asks for -> the folder of its lock beside this file."""

ROOT = Path(__file__).resolve().parents[2]
_NEEDS = 18
"""Node's major version that its modules run on."""


def find_node(module: str = SOAP) -> tuple[str, Path]:
    """Return node and the folder of its modules; raises ServerUnavailableError that says what to install."""
    node, modules = _node(), _modules(module)
    if not (modules / module).is_dir():
        raise ServerUnavailableError(
            f"node's `{module}` is missing: `python3 -m deploy.local.node` puts it into {modules.parent}"
        )
    return node, modules


def provide_node(module: str, *, say: Callable[[str], None]) -> None:
    """Install node and the pinned modules where CI=true and they are missing; may be repeated.

    At home the tests that need them skip with the reason; nobody wants a language installed for them unasked.
    """
    try:
        find_node(module)
    except ServerUnavailableError:
        if os.environ.get("CI") == "true":
            if shutil.which("node") is None or shutil.which("npm") is None:
                packages.install("Node", " ".join(PACKAGES), say=say, interactive=False)
            install(module, say=say)


def install(module: str, *, say: Callable[[str], None]) -> None:
    """Put the pinned modules below `.lienthong`, whole or not at all; runs no script of theirs.

    Raises ServerUnavailableError with what npm said. May be repeated, also several at once.
    """
    npm, there = shutil.which("npm"), _modules(module).parent
    if npm is None:
        raise ServerUnavailableError(packages.advice("Node's npm", " ".join(PACKAGES)))
    say(f"installing node's `{module}` for the tests")
    there.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{LOCKS[module]}-new-", dir=there.parent) as new:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_lock(module) / name, new)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-progress"]
        done = subprocess.run(  # noqa: S603 - found above, fixed words
            command, cwd=new, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ServerUnavailableError(f"npm ci failed; it said:\n{done.stderr[-2000:]}")
        if not there.exists():
            shutil.copytree(new, f"{new}-whole")
            Path(f"{new}-whole").rename(there)


def _node() -> str:
    node = shutil.which("node")
    told = _version(node) if node else 0
    if node is None or told < _NEEDS:
        raise ServerUnavailableError(packages.advice(f"Node {_NEEDS} or later", " ".join(PACKAGES)))
    return node


def _version(node: str) -> int:
    """The major version; 0 where it does not say."""
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603 - found above
    major = told.strip().removeprefix("v").partition(".")[0]
    return int(major) if major.isdigit() else 0


def _lock(module: str) -> Path:
    return Path(__file__).parent / LOCKS[module]


def _modules(module: str) -> Path:
    """The folder of what the lock says: another lock is another folder."""
    mark = hashlib.sha256((_lock(module) / "package-lock.json").read_bytes()).hexdigest()[:12]
    name = LOCKS[module].replace("_", "-")
    return ROOT / ".lienthong" / f"{name}-{mark}" / "node_modules"


if __name__ == "__main__":
    for each in LOCKS:
        install(each, say=print)
