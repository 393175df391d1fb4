"""The one edge where errors become sentences."""

from pathlib import Path

import pytest

from bus.errors import ConfigurationError, StayedAwayError, TransientError
from commands.tell import LAST_FAULT, told
from deploy.local.errors import ServerUnavailableError
from tests.unit.commands.conftest import CITIZEN


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (
            ConfigurationError(["a.toml:1:2: wrong", "a.toml:3:4: too"]),
            2,
            "a.toml:1:2: wrong\na.toml:3:4: too",
        ),
        (TransientError(f"no connection for {CITIZEN}"), 1, "no connection for ••••••••••36"),
        (ServerUnavailableError("install rabbitmq-server"), 1, "install rabbitmq-server"),
        (FileNotFoundError(2, "No such file or directory", "x.json"), 1, "x.json: No such file or directory"),
        (StayedAwayError("the broker stayed away"), 3, "the broker stayed away"),
        (KeyboardInterrupt(), 130, "stopped"),
    ],
)
def test_what_goes_wrong_is_told_in_a_sentence(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each kind of error has its exit code and its own words, without an identifier."""
    with pytest.raises(SystemExit) as ended, told():
        raise error
    assert ended.value.code == code
    assert capsys.readouterr().err.strip() == said


def test_a_fault_of_the_program_is_kept_for_its_finder_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback on the screen and no value; the details lie in a file that only its owner can read."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended, told():
        raise KeyError(CITIZEN)
    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert "KeyError" in said
    assert CITIZEN not in said
    assert "Traceback" not in said
    assert "Traceback" in LAST_FAULT.read_text()
    assert LAST_FAULT.stat().st_mode & 0o077 == 0


def test_what_ends_by_itself_is_left_alone() -> None:
    """A command's own exit code passes."""
    with pytest.raises(SystemExit) as ended, told():
        raise SystemExit(3)
    assert ended.value.code == 3
