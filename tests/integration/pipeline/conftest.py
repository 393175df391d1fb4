"""A road for each test: on SQLite, or on each database where it matters."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import psycopg
import pytest

from tests.integration.pipeline.road import Road, road

Open = Callable[..., AbstractAsyncContextManager[Road]]


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An empty ledger in a file."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def open_road(sqlite_url: str, amqp_url: str, prefix: str) -> Open:
    """Open roads on an SQLite ledger; one after the other in one test is a restart."""
    return partial(road, sqlite_url, amqp_url, prefix)


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest) -> str:
    """An empty ledger's address, once on each database."""
    if request.param == "sqlite":
        found: str = request.getfixturevalue("sqlite_url")
        return found
    return emptied(request.getfixturevalue("postgres_url"))


def emptied(url: str) -> str:
    """The address of a PostgreSQL database, in which there is nothing any more."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return url


@pytest.fixture
def open_either(ledger_url: str, amqp_url: str, prefix: str) -> Open:
    """The same on both databases."""
    return partial(road, ledger_url, amqp_url, prefix)
