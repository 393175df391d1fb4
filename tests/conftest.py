"""The real servers that tests work with: private ones, unless the environment names some."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
from hypothesis import settings

from deploy.local.errors import ServerUnavailableError
from deploy.local.postgres import private_postgres
from deploy.local.rabbitmq import private_broker
from deploy.local.shared import shared
from deploy.local.testing import AMQP_VARIABLE, POSTGRES_VARIABLE

# a run has ten minutes; LIENTHONG_EXAMPLES=1000 looks for longer
settings.register_profile("suite", max_examples=int(os.environ.get("LIENTHONG_EXAMPLES", "40")))
settings.load_profile("suite")


def _say(text: str) -> None:
    """Servers started by a test run have nobody to tell; what goes wrong is in their errors."""


def missing(error: ServerUnavailableError) -> NoReturn:
    """Skip at home what cannot be had, with the reason; fail where it must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(str(error), pytrace=False)
    pytest.skip(str(error))


@contextmanager
def _server(variable: str, folder: Path, start: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    given = os.environ.get(variable)
    if given:
        yield given
        return
    with shared(folder, start) as url:
        yield url


@pytest.fixture(scope="session")
def _session_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the whole test run, also where xdist gives each of its processes one below."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


def _data(folder: Path) -> Path:
    """Keep apart the servers of two processes, of which one may start while the other's is ending."""
    return folder / f"data-{os.getpid()}"


@pytest.fixture(scope="session")
def amqp_url(_session_folder: Path) -> Iterator[str]:
    """Yield the URL of a real broker, one for the whole run; `prefix` keeps the names of queues apart."""
    folder = _session_folder / "rabbitmq"
    try:
        with _server(AMQP_VARIABLE, folder, lambda: private_broker(_data(folder), say=_say)) as url:
            yield url
    except ServerUnavailableError as error:
        missing(error)


@pytest.fixture(scope="session")
def postgres_server_url(_session_folder: Path) -> Iterator[str]:
    """Yield the SQLAlchemy URL of a real PostgreSQL (its administrative database), one for the whole run."""
    folder = _session_folder / "postgres"
    try:
        with _server(POSTGRES_VARIABLE, folder, lambda: private_postgres(_data(folder), say=_say)) as url:
            yield url
    except ServerUnavailableError as error:
        missing(error)


@pytest.fixture(scope="module")
def postgres_url(postgres_server_url: str) -> Iterator[str]:
    """Yield the SQLAlchemy URL of an empty database of this test module's own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    server = postgres_server_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield f"{postgres_server_url.rpartition('/')[0]}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def prefix() -> str:
    """Give a prefix of this test's own for the names of queues and exchanges on the shared broker."""
    return f"test-{uuid.uuid4().hex[:10]}-"
