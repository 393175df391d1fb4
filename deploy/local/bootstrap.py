"""Making the project's environment `.venv` and getting into it, with the standard library alone.

What is installed is recorded as the hash of its lock in `.venv/lienthong-lock`. The check costs milliseconds;
everything heavier is in `install.py`, imported only when something has to be installed.
"""

import hashlib
import os
import sys
from pathlib import Path

RECORD = "lienthong-lock"
LOCKS = {"run": "deploy/requirements.lock", "dev": "deploy/requirements-dev.lock"}
"""The kinds of environment; `dev` holds everything that `run` holds, in the same versions."""

_DEVELOPERS_COMMANDS = ("test", "bench")
_ENTERED = "LIENTHONG_ENTERED"


def enter(root: Path, arguments: list[str]) -> None:
    """Return inside the environment of the project at `root`, complete for the command in `arguments`.

    Outside of it, or where something is missing, installs it and replaces this process by itself started
    inside; so it returns at once on the second call. Ends the program with a sentence where it cannot be had.
    """
    kind = kind_for(arguments)
    inside = _is_inside(root)
    if not is_installed(root, kind) or (inside and _is_of_another_python(root)):
        from deploy.local.errors import ServerUnavailableError  # noqa: PLC0415 -- keeps the usual start fast
        from deploy.local.install import install  # noqa: PLC0415 -- as above

        try:
            install(root, kind)
        except ServerUnavailableError as error:
            sys.exit(str(error))
        except KeyboardInterrupt:
            sys.stderr.write("\ninterrupted; the next start repairs the environment\n")
            sys.exit(130)
        inside = False
    if not inside:
        _restart(root, arguments)
    os.environ.pop(_ENTERED, None)


def kind_for(arguments: list[str]) -> str:
    """Tell which kind of environment the command line needs: `run`, or `dev` for tests and benchmarks."""
    command = next((word for word in arguments if not word.startswith("-")), "")
    return "dev" if command in _DEVELOPERS_COMMANDS else "run"


def is_installed(root: Path, kind: str) -> bool:
    """Tell whether `.venv` holds what the lock of `kind` says, by the recorded hash."""
    return os.access(python_of(root), os.X_OK) and recorded(root).get(kind) == lock_hash(root, kind)


def recorded(root: Path) -> dict[str, str]:
    """Read what is complete: the hash of the lock by kind, and the version of `python`; empty for nothing."""
    try:
        lines = (root / ".venv" / RECORD).read_text(encoding="ascii").splitlines()
    except OSError:
        return {}
    return dict(line.split(" ", 1) for line in lines if " " in line)


def lock_hash(root: Path, kind: str) -> str:
    """Hash the lock of `kind`."""
    return hashlib.sha256((root / LOCKS[kind]).read_bytes()).hexdigest()


def python_version() -> str:
    """Name the running Python as `recorded` does, by what its libraries depend on."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def python_of(root: Path) -> Path:
    """Name the interpreter of the environment."""
    return root / ".venv" / "bin" / "python"


def _is_inside(root: Path) -> bool:
    try:
        return Path(sys.prefix).samefile(root / ".venv")
    except OSError:
        return False


def _is_of_another_python(root: Path) -> bool:
    """Tell whether the system's Python changed its version under an environment that links to it."""
    return recorded(root).get("python") != python_version()


def _restart(root: Path, arguments: list[str]) -> None:
    if os.environ.get(_ENTERED):
        sys.exit(
            f"{python_of(root)} is no interpreter of {root / '.venv'}: remove that folder, then start again"
        )
    os.environ[_ENTERED] = "1"
    sys.stderr.flush()
    interpreter = str(python_of(root))
    os.execv(interpreter, [interpreter, str(root / "run.py"), *arguments])  # noqa: S606 -- no shell is meant
