"""Kill points: armed by the environment, refused in production, and nothing where nothing is armed."""

from pathlib import Path

import pytest

from bus.errors import ConfigurationError
from bus.installation import Installation
from commands.demo_settings import write_settings
from commands.kill_points import POINTS, VARIABLE, Point, armed
from commands.parts import read_settings
from commands.preflight import refuse_production


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Settings of an installation that may be broken."""
    peers = {"portal": "http://127.0.0.1:1", "onestop": "http://127.0.0.1:2", "port": 3}
    return write_settings(tmp_path, broker="amqp://a:b@127.0.0.1:4/%2F", **peers)  # type: ignore[arg-type]  # words


def installation(settings: Path, environment: str) -> Installation:
    """The same installation as what it says it is."""
    text = settings.read_text()
    settings.write_text(text.replace('environment = "rehearsal"', f'environment = "{environment}"'))
    return read_settings(settings)


def test_without_the_variable_nothing_is_armed(settings: Path) -> None:
    """The bus runs without any wrapper."""
    assert armed(installation(settings, "rehearsal"), {}) is None


def test_production_refuses_to_be_armed(settings: Path) -> None:
    """Whoever sets the variable there is told, before anything starts."""
    with pytest.raises(ConfigurationError, match="production"):
        armed(installation(settings, "production"), {VARIABLE: "after settle:1"})


def test_production_refuses_a_drill(settings: Path) -> None:
    """Where the installation at hand says that it is production."""
    installation(settings, "production")
    with pytest.raises(ConfigurationError, match="drill does not run"):
        refuse_production("drill", settings)
    refuse_production("drill", None)


@pytest.mark.parametrize("text", ["after settle", "after lunch:3", "after settle:0", "after settle:x", ":1"])
def test_what_is_no_point_is_refused(settings: Path, text: str) -> None:
    """A drill that mistypes would kill nobody and prove nothing."""
    with pytest.raises(ConfigurationError, match="is no point"):
        armed(installation(settings, "rehearsal"), {VARIABLE: text})


@pytest.mark.parametrize("name", POINTS)
def test_every_point_can_be_armed(settings: Path, name: str) -> None:
    """All that a drill draws."""
    point = armed(installation(settings, "rehearsal"), {VARIABLE: f"{name}:2"})
    assert point is not None
    assert (point.name, point.left) == (name, 2)


def test_the_process_ends_when_the_point_is_passed_so_often() -> None:
    """Neither before nor again, and at no other point."""
    ended: list[str] = []
    point = Point("after settle", 2, end=lambda: ended.append("now"))
    point.commit("after", {"Settle", "Keep"})
    point.commit("before", {"Settle"})
    point.passed("after keep")
    assert ended == []
    point.commit("after", {"Settle"})
    assert ended == ["now"]
    point.commit("after", {"Settle"})
    assert ended == ["now"]
