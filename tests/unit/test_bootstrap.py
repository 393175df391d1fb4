"""The first start makes the environment, every later one only enters it, and no interruption spoils it.

These run `run.py` itself in a copy of the project's bootstrap whose locks name no library, so that nothing is
downloaded; the command behind it only says where it runs.
"""

import ast
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy.local.bootstrap import LOCKS, RECORD, is_installed, kind_for, lock_hash, recorded
from deploy.local.install import UNFINISHED

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "import sys\ndef main():\n    print(sys.prefix, *sys.argv[1:], flush=True)\n"


def _copy(folder: Path) -> Path:
    (folder / "commands").mkdir(parents=True)
    (folder / "commands" / "main.py").write_text(COMMAND)
    shutil.copy(ROOT / "run.py", folder)
    shutil.copytree(ROOT / "deploy" / "local", folder / "deploy" / "local")
    for lock in LOCKS.values():
        (folder / lock).write_text("# no library\n")
    return folder


def _started(project: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 -- our own file
        [os.path.realpath(sys.executable), str(project / "run.py"), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _ended(start: "subprocess.Popen[str]") -> tuple[str, str]:
    output, errors = start.communicate(timeout=60)
    assert start.returncode == 0, errors
    return output.strip(), errors


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose environment is complete for `demo`, made by two first starts at once."""
    project = _copy(tmp_path_factory.mktemp("project") / "with a space")
    starts = [_started(project, "demo", "--seed", "7") for _ in range(2)]
    ended = [_ended(start) for start in starts]
    assert {output for output, _errors in ended} == {f"{project / '.venv'} demo --seed 7"}
    assert sorted("making the environment" in errors for _output, errors in ended) == [False, True]
    return project


def test_two_first_starts_at_once_both_arrive_in_one_environment(project: Path) -> None:
    """One of them makes it, the other waits and says so; both run the command inside."""
    assert recorded(project).keys() == {"python", "run"}
    assert not (project / ".venv" / UNFINISHED).exists()


def test_the_next_start_only_enters_and_is_quick(project: Path) -> None:
    """Nothing is installed or said, and the first output comes long before two seconds."""
    began = time.monotonic()
    output, errors = _ended(_started(project, "account"))
    assert time.monotonic() - began < 1.5
    assert output == f"{project / '.venv'} account"
    assert errors == ""


def test_the_check_itself_costs_less_than_50_milliseconds() -> None:
    """The best of five on the project's real locks, so that a busy machine does not decide."""

    def once() -> float:
        began = time.perf_counter()
        is_installed(ROOT, "run")
        lock_hash(ROOT, "dev")
        return time.perf_counter() - began

    assert min(once() for _ in range(5)) < 0.05


def test_tests_and_benchmarks_need_the_developers_libraries_and_a_demo_keeps_them(project: Path) -> None:
    """`test` completes the environment; the smaller need of `demo` then changes nothing."""
    assert "requirements-dev.lock" in _ended(_started(project, "test"))[1]
    assert recorded(project).keys() == {"python", "run", "dev"}
    assert _ended(_started(project, "demo"))[1] == ""


def test_a_changed_lock_is_installed_at_the_next_start(project: Path) -> None:
    """The hash of the lock decides; what developers need stays installed."""
    for lock in LOCKS.values():
        (project / lock).write_text(f"# no library, {time.time()}\n")
    assert not is_installed(project, "run")
    assert "installing" in _ended(_started(project, "demo"))[1]
    assert is_installed(project, "run")
    assert is_installed(project, "dev")


@pytest.mark.parametrize("damage", ["cut off", "no interpreter"])
def test_a_damaged_environment_is_made_anew(project: Path, damage: str) -> None:
    """An installation that was killed, or one that lost its Python, is never entered."""
    if damage == "cut off":
        (project / ".venv" / RECORD).unlink()
        (project / ".venv" / UNFINISHED).touch()
    else:
        (project / ".venv" / "bin" / "python").unlink()
    output, errors = _ended(_started(project, "demo"))
    assert "making the environment" in errors
    assert output.startswith(str(project / ".venv"))


def test_a_library_that_cannot_be_had_is_an_error_without_traceback(tmp_path: Path, project: Path) -> None:
    """What pip said last is shown, the environment stays unfinished, the exit code is not 0."""
    broken = tmp_path / "broken"
    shutil.copytree(project, broken, symlinks=True)
    (broken / LOCKS["run"]).write_text(f"x @ file://{tmp_path}/x.whl --hash=sha256:{'0' * 64}\n")
    start = _started(broken, "demo")
    output, errors = start.communicate(timeout=60)
    assert start.returncode == 1
    assert output == ""
    assert "the libraries could not be installed" in errors
    assert "Traceback" not in errors
    assert not is_installed(broken, "run")


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ([], "run"),
        (["demo", "--exit"], "run"),
        (["test", "--", "-k", "demo"], "dev"),
        (["bench", "hop", "--json"], "dev"),
        (["--help"], "run"),
        (["trace", "test"], "run"),
    ],
)
def test_the_command_decides_which_libraries_are_needed(arguments: list[str], kind: str) -> None:
    """The first word that is no option is the command; later words are its own."""
    assert kind_for(arguments) == kind


def test_an_old_python_gets_one_sentence() -> None:
    """`run.py` is readable for Python 3.6, and says what it needs before it imports anything newer."""
    source = (ROOT / "run.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 6))
    program = (
        "import runpy, sys; sys.version_info = (3, 9, 2, 'final', 0);"
        f"runpy.run_path({str(ROOT / 'run.py')!r}, run_name='__main__')"
    )
    ended = subprocess.run(  # noqa: S603 -- the program above
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr == "Liên Thông needs Python 3.11 or newer; this is 3.9.\n"


def test_the_bootstrap_needs_the_standard_library_alone(tmp_path: Path) -> None:
    """An interpreter without any installed library can import everything up to the environment."""
    program = "import deploy.local.bootstrap, deploy.local.install, deploy.local.guard, deploy.local.rabbitmq"
    ended = subprocess.run(  # noqa: S603 -- the program above
        [
            os.path.realpath(sys.executable),
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path[:0] = [{str(ROOT)!r}]; {program}",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
