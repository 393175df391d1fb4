"""A private PostgreSQL cluster of the installed server: on loopback, on a free port, gone with its owner."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import packages
from deploy.local.errors import ServerUnavailableError
from deploy.local.folder import free_ports, kept_secret, last_lines, locked_folder
from deploy.local.guard import Guarded, guarded_popen

PROGRAMS_VARIABLE = "LIENTHONG_POSTGRES_BIN"
"""Names the folder with `initdb` and `postgres` where it is in no usual place; then no other is looked at."""

USER = "lienthong"
DATABASE = "postgres"
START_WAIT = 60.0
"""Seconds that a cluster gets to answer, recovery after a crash among them."""
ATTEMPTS = 3
"""A free port may be taken between asking and listening, so a start is tried so often."""

_UNPRIVILEGED = ("postgres", "nobody")
_LONGEST_SOCKET_FOLDER = 80
"""Bytes; the kernel allows 107 for the whole address of a unix socket."""
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(frozen=True)
class _Cluster:
    """Where the cluster lies, by whose programs and as whom it runs."""

    data: Path
    programs: Path
    user: tuple[int, int] | None
    """(uid, gid) to run as; None: as ourselves. PostgreSQL refuses to run as root."""
    durable: bool
    preload: Mapping[str, str] = field(default_factory=dict)
    """Further environment of the server: a drill's clock."""
    wal: Path | None = None
    """Where the write-ahead log lies; None: with the rest."""


@contextlib.contextmanager
def find_postgres(
    data: Path, *, say: Callable[[str], None], interactive: bool | None = None, durable: bool = False
) -> Iterator[str]:
    """Yield what `private_postgres` yields, after installing the server where it is missing.

    `packages.install` says when that is done; no default cluster is created then. Raises
    ServerUnavailableError with one sentence that says what to do.
    """
    if find_programs() is None:
        packages.install("PostgreSQL", "postgresql", say=say, interactive=interactive)
    with private_postgres(data, say=say, durable=durable) as url:
        yield url


@contextlib.contextmanager
def private_postgres(
    data: Path,
    *,
    say: Callable[[str], None],
    durable: bool = False,
    preload: Mapping[str, str] | None = None,
    wal: Path | None = None,
) -> Iterator[str]:
    """Start a private cluster on the folder `data` and yield its SQLAlchemy URL (superuser, holds a secret).

    The data survive from start to start; with `durable=False` (for tests) not a crash of the machine.
    As root the cluster runs as an unprivileged user, in a temporary folder where that user cannot reach
    `data`. It ends with the context, and with this process however that ends. Raises
    ServerUnavailableError where no server is installed, where it does not start, or where another one
    runs on `data`. `preload` is further environment of the server; `wal` is an absolute folder for the
    write-ahead log of a new cluster.
    """
    programs = find_programs()
    if programs is None:
        raise ServerUnavailableError(packages.advice("PostgreSQL", "postgresql"))
    user = _unprivileged() if os.geteuid() == 0 else None
    with _reachable(data.resolve(), user) as reachable, locked_folder(reachable, say=say) as lock:
        cluster = _Cluster(reachable, programs, user, durable, preload or {}, wal)
        password = _prepared(cluster, say)
        running, port = _start(cluster, lock, say)
        with running:
            yield f"postgresql+psycopg://{USER}:{password}@127.0.0.1:{port}/{DATABASE}"


def find_programs() -> Path | None:
    """Find the folder with `initdb` and `postgres`, of the newest version; None where there is none."""
    named = os.environ.get(PROGRAMS_VARIABLE)
    if named:
        return Path(named) if _complete(Path(named)) else None
    folders = [folder for folder in Path("/usr/lib/postgresql").glob("*/bin") if _complete(folder)]
    if folders:
        return max(folders, key=lambda folder: int(folder.parent.name.partition(".")[0]))
    which = shutil.which("postgres")
    beside = Path(which).resolve().parent if which else None
    return beside if beside and _complete(beside) else None


def _complete(folder: Path) -> bool:
    return all(os.access(folder / program, os.X_OK) for program in ("initdb", "postgres"))


def _unprivileged() -> tuple[int, int]:
    for name in _UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise ServerUnavailableError("PostgreSQL does not run as root: start again as another user")


@contextlib.contextmanager
def _reachable(data: Path, user: tuple[int, int] | None) -> Iterator[Path]:
    """Yield `data`, or a temporary folder where `user` may not enter the folders above it."""
    data.parent.mkdir(parents=True, exist_ok=True)
    if user is None or all(folder.stat().st_mode & 0o001 for folder in data.parents):
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="lienthong-postgres-", ignore_cleanup_errors=True) as temporary:
        Path(temporary).chmod(0o711)
        yield Path(temporary) / "data"


def _prepared(cluster: _Cluster, say: Callable[[str], None]) -> str:
    """Make the cluster's files where they are missing; the superuser's password is returned."""
    password = kept_secret(cluster.data / "password")
    if cluster.user is not None:
        for path in (cluster.data, cluster.data / "password"):
            os.chown(path, *cluster.user)
    if not (cluster.data / "cluster").exists():
        say(f"creating a private PostgreSQL cluster in {cluster.data}")
        _create(cluster)
    # our lock says that no server runs on it: what a killed one left may name a process that is now another
    (cluster.data / "cluster" / "postmaster.pid").unlink(missing_ok=True)
    return password


def _create(cluster: _Cluster) -> None:
    """Run initdb beside the final place, so that an interrupted one is never taken for a cluster."""
    new = cluster.data / "cluster.new"
    shutil.rmtree(new, ignore_errors=True)
    log = cluster.data / "initdb.log"
    if cluster.wal is not None:
        shutil.rmtree(cluster.wal, ignore_errors=True)
        cluster.wal.mkdir(parents=True)
        if cluster.user is not None:
            os.chown(cluster.wal, *cluster.user)
    arguments = [f"--pgdata={new}", f"--username={USER}", f"--pwfile={cluster.data / 'password'}"]
    arguments += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions"]
    arguments += [] if cluster.durable else ["--no-sync"]
    arguments += [] if cluster.wal is None else [f"--waldir={cluster.wal}"]
    with log.open("wb") as output:
        made = guarded_popen(
            [str(cluster.programs / "initdb"), *arguments],
            env=_environment(cluster),
            cwd=cluster.data,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=cluster.user,
        )
    with made:
        code = made.wait()
    if code != 0:
        raise ServerUnavailableError(f"PostgreSQL's initdb failed on {new}; it said:\n{last_lines(log)}")
    new.rename(cluster.data / "cluster")


def _environment(cluster: _Cluster) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": str(cluster.data)}


def _start(cluster: _Cluster, lock: int, say: Callable[[str], None]) -> tuple[Guarded, int]:
    for _attempt in range(ATTEMPTS):
        began = time.monotonic()
        (port,) = free_ports(1)
        running = _launch(cluster, port, lock)
        if _is_ready(cluster, running, began + START_WAIT):
            say(f"a private PostgreSQL answers after {time.monotonic() - began:.1f} s")
            return running, port
        running.stop()
    log = last_lines(cluster.data / "start.log")
    raise ServerUnavailableError(f"PostgreSQL did not start on {cluster.data}; the end of its log:\n{log}")


def _settings(cluster: _Cluster, port: int) -> list[str]:
    short = len(os.fsencode(cluster.data)) <= _LONGEST_SOCKET_FOLDER
    return [
        "listen_addresses=127.0.0.1",
        f"port={port}",
        f"unix_socket_directories={cluster.data if short else ''}",
        "unix_socket_permissions=0700",
        "shared_buffers=32MB",
        "max_connections=200",
        "logging_collector=off",
        *(() if cluster.durable else _FAST),
    ]


def _launch(cluster: _Cluster, port: int, lock: int) -> Guarded:
    settings = [word for setting in _settings(cluster, port) for word in ("-c", setting)]
    with (cluster.data / "start.log").open("wb") as log:
        return guarded_popen(
            [str(cluster.programs / "postgres"), "-D", str(cluster.data / "cluster"), *settings],
            env={**_environment(cluster), **cluster.preload},
            cwd=cluster.data,
            stdout=log,
            stderr=subprocess.STDOUT,
            stop_signal=signal.SIGINT,  # "fast": SIGTERM would wait for every client to leave
            grace=15,
            user=cluster.user,
            keep_fds=(lock,),
        )


def _is_ready(cluster: _Cluster, running: Guarded, deadline: float) -> bool:
    """Wait until the server takes connections; False when it ended or `deadline` (monotonic) passed."""
    while time.monotonic() < deadline and running.poll() is None:
        if _says_ready(cluster.data / "cluster" / "postmaster.pid"):
            return True
        time.sleep(0.05)
    return False


def _says_ready(status: Path) -> bool:
    """Read the eighth line of the server's own status file, which is what pg_ctl waits for as well."""
    with contextlib.suppress(OSError):
        lines = status.read_text(encoding="utf-8", errors="replace").splitlines()
        return len(lines) > 7 and lines[7].strip() == "ready"
    return False
