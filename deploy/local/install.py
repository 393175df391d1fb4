"""Installing the pinned libraries into `.venv`: one start at a time, with progress, repaired when cut off."""

import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deploy.local import packages
from deploy.local.bootstrap import LOCKS, RECORD, is_installed, lock_hash, python_of, recorded
from deploy.local.errors import ServerUnavailableError
from deploy.local.guard import guarded_popen

UNFINISHED = "lienthong-unfinished"
"""Lies in `.venv` while it is being changed: what a cut-off change leaves is made anew, never trusted."""


def install(root: Path, kind: str) -> None:
    """Make `.venv` under `root` hold what the lock of `kind` says; may be repeated, waits for others.

    Raises ServerUnavailableError with what to do where the environment cannot be made.
    """
    with _alone(root) as descriptor:
        if is_installed(root, kind) and recorded(root).get("python") == _version_inside(root):
            return
        wanted = "dev" if "dev" in recorded(root) else kind
        try:
            _make_environment(root, descriptor)
            _install_lock(root, wanted, descriptor)
            _record(root, wanted)
        except OSError as error:
            raise ServerUnavailableError(f"{root / '.venv'} could not be made: {error}") from error


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


@contextmanager
def _alone(root: Path) -> Iterator[int]:
    """Hold the lock of the project's environment; the kernel lets go of it when its holder ends."""
    folder = root / ".lienthong"
    folder.mkdir(exist_ok=True)
    with (folder / "bootstrap.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another start is installing the libraries: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def _make_environment(root: Path, descriptor: int) -> None:
    """Create `.venv` where it is missing, broken, of another Python or half made; mark it as unfinished."""
    folder = root / ".venv"
    if not _usable(root):
        _require_venv()
        python = os.path.realpath(sys.executable)  # the system's own, also when started from a broken `.venv`
        _say(f"making the environment {folder}")
        _put_away(root)
        folder.mkdir()
        (folder / UNFINISHED).touch()
        _create(folder, python, descriptor)
    (folder / UNFINISHED).touch()
    (folder / RECORD).unlink(missing_ok=True)


def _create(folder: Path, python: str, descriptor: int) -> None:
    command = [python, "-m", "venv", str(folder)]
    with guarded_popen(command, keep_fds=(descriptor,)) as making:
        code = making.wait()
    if code != 0:
        raise ServerUnavailableError(f"`{' '.join(command)}` ended with {code}: its reason stands above")


def _put_away(root: Path) -> None:
    """Take `.venv` out of the way in one step, so that a removal cut off leaves none that looks whole."""
    old = root / ".lienthong" / "old-environment"
    shutil.rmtree(old, ignore_errors=True)
    with suppress(FileNotFoundError):
        (root / ".venv").rename(old)
    shutil.rmtree(old, ignore_errors=True)


def _usable(root: Path) -> bool:
    if (root / ".venv" / UNFINISHED).exists() or not os.access(python_of(root), os.X_OK):
        return False
    return _version_inside(root) != ""


def _version_inside(root: Path) -> str:
    """Ask the environment's own Python for its version; empty where it is too old or has lost its pip."""
    program = "import sys, pip; print(*sys.version_info[:2], sep='.'); sys.exit(sys.version_info < (3, 11))"
    asked = subprocess.run(  # noqa: S603 -- our own environment's interpreter
        [str(python_of(root)), "-c", program], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() if asked.returncode == 0 else ""


def _require_venv() -> None:
    """Debian and Ubuntu keep what `venv` needs in a package of its own."""
    if importlib.util.find_spec("ensurepip") is not None and importlib.util.find_spec("venv") is not None:
        return
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    packages.install("Python's venv", package, say=_say)
    importlib.invalidate_caches()


def _install_lock(root: Path, kind: str, descriptor: int) -> None:
    """Run pip on the lock of `kind`; it keeps `descriptor`, the lock on `.venv`, for as long as it lives."""
    lock = root / LOCKS[kind]
    total = sum("==" in line and not line.startswith("#") for line in lock.open(encoding="utf-8"))
    _say(f"installing up to {total} pinned libraries of {LOCKS[kind]}")
    command = [str(python_of(root)), "-m", "pip", "install", "--require-hashes", "--no-deps", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar=off", "-r", str(lock)]
    with guarded_popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, keep_fds=(descriptor,)
    ) as pip:
        last = _follow(pip.stdout or (), total)
        code = pip.wait()
    if code != 0:
        said = "\n".join(f"  {line}" for line in last)
        raise ServerUnavailableError(
            f"the libraries could not be installed (pip ended with {code}); it said:\n{said}"
        )
    _say("the libraries are installed")


def _follow(output: Iterable[bytes], total: int) -> list[str]:
    """Show how far pip is; the last lines it said are returned."""
    last: deque[str] = deque(maxlen=12)
    done = 0
    for raw in output:
        line = raw.decode(errors="replace").rstrip()
        last.append(line)
        words = line.split()
        if words[:1] == ["Collecting"]:
            done += 1
            _show(done, total, words[1])
        elif words[:2] == ["Requirement", "already"]:
            done += 1
        elif words[:2] == ["Installing", "collected"]:
            _say("\nunpacking" if sys.stderr.isatty() else "unpacking")
    return list(last)


def _show(done: int, total: int, name: str) -> None:
    """On a terminal one line that changes; elsewhere one line for ten libraries."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K  {done}/{total} {name}")
        sys.stderr.flush()
    elif done % 10 == 0:
        _say(f"  {done}/{total} {name}")


def _record(root: Path, kind: str) -> None:
    """Write down what is installed, in one step, as the last thing."""
    kinds = ("run", "dev") if kind == "dev" else ("run",)
    record = root / ".venv" / RECORD
    new = record.with_name(f"{RECORD}.new")
    lines = [f"python {_version_inside(root)}\n", *(f"{each} {lock_hash(root, each)}\n" for each in kinds)]
    new.write_text("".join(lines), encoding="ascii")
    new.replace(record)
    (record.with_name(UNFINISHED)).unlink(missing_ok=True)


def main() -> None:
    """Install the environment of the kind given as argument (`run` or `dev`), without a command to run."""
    try:
        install(Path(__file__).resolve().parents[2], sys.argv[1])
    except ServerUnavailableError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
