"""The command line as its users start it: processes, exit codes, what stands on which output."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from commands.demo_settings import write_settings
from deploy.local.folder import free_ports

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("sqlalchemy", "alembic", "rich.table", "pika", "lxml", "uvicorn", "litestar", "msgspec", "requests")

pytestmark = pytest.mark.acceptance


def run(*words: str, cwd: Path, code: int = 0, environment: dict[str, str] | None = None) -> tuple[str, str]:
    """Start run.py in a folder; its standard output and error. It must end with `code`."""
    known = {key: value for key, value in os.environ.items() if key != "LIENTHONG_SETTINGS"}
    ran = subprocess.run(  # noqa: S603  our own program
        [sys.executable, str(ROOT / "run.py"), *words],
        cwd=cwd,
        env=known | (environment or {}),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == code, ran.stderr.decode()
    assert b"Traceback" not in ran.stderr
    return ran.stdout.decode(), ran.stderr.decode()


def test_the_start_imports_nothing_that_a_command_may_not_need() -> None:
    """The first output is quick because heavy libraries are imported by the commands that need them."""
    code = "import sys, commands.main; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)  # noqa: S603  as above
    loaded = set(ran.stdout.decode().split())
    assert "typer" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_alone_it_welcomes_in_any_locale(tmp_path: Path) -> None:
    """Vietnamese letters survive where the machine's locale knows none."""
    out, err = run(cwd=tmp_path, environment={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": ""})
    assert "Liên Thông" in out
    assert err == ""


@pytest.mark.parametrize(
    "words", [["--help"], ["failed", "--help"], ["connector", "--help"], ["trace", "--help"]]
)
def test_help_is_given_at_every_level(tmp_path: Path, words: list[str]) -> None:
    """Help is fine: exit 0, on standard output."""
    out, err = run(*words, cwd=tmp_path)
    assert "Usage:" in out
    assert err == ""


def test_wrong_use_is_two_and_says_what_to_try(tmp_path: Path) -> None:
    """An unknown command leaves standard output empty."""
    out, err = run("trase", cwd=tmp_path, code=2)
    assert out == ""
    assert "trace" in err


def test_the_shipped_installation_passes_check_from_any_folder(tmp_path: Path) -> None:
    """Settings, tables, sheets and topology that come with the product have no fault."""
    out, _err = run("check", "--json", cwd=tmp_path)
    found = msgspec.json.decode(out)
    assert found["ok"] is True
    assert found["checked"]["connectors"] == 2
    assert found["checked"]["tables"] >= 4
    assert all(law["holds"] and law["samples"] >= 100 for law in found["laws"])
    assert len(found["laws"]) == found["checked"]["sheets"] >= 13


def test_every_fault_of_a_settings_file_is_told_with_its_place(tmp_path: Path) -> None:
    """Two mistakes, two lines file:line:column; nothing is started; exit 2."""
    text = (ROOT / "settings.toml").read_text()
    wrong = text.replace("\nagency      =", "\nagenci      =").replace(
        'first         = "5 s', 'first         = "5 x'
    )
    (tmp_path / "mine.toml").write_text(wrong)
    out, _err = run("check", "--settings", "mine.toml", cwd=tmp_path, code=2)
    lines = [line for line in out.splitlines() if line.startswith("mine.toml:")]
    assert any('Did you mean "agency"' in line for line in lines)
    assert any("first" in line for line in lines)


def test_settings_of_the_environment_are_those_of_every_command(tmp_path: Path) -> None:
    """LIENTHONG_SETTINGS stands for --settings; a file that is not there is a sentence."""
    environment = {"LIENTHONG_SETTINGS": "nowhere.toml"}
    _out, err = run("account", cwd=tmp_path, code=2, environment=environment)
    assert err.startswith("nowhere.toml:1:1: cannot be read")


def test_the_topology_is_told_without_asking_a_broker(tmp_path: Path) -> None:
    """One work queue a connector, quorum, and the schedules as times."""
    declared = msgspec.json.decode(run("topology", "--json", cwd=tmp_path)[0])
    queues = {queue["name"]: queue["arguments"] for queue in declared["queues"]}
    assert queues["lienthong.work.onestop"]["x-queue-type"] == "quorum"
    times = msgspec.json.decode(run("topology", "--schedules", "--json", cwd=tmp_path)[0])
    assert times["[retry]"][0]["longest"] == 5.0
    assert "try" in run("topology", "--schedules", cwd=tmp_path)[0]


def test_a_broker_that_stays_away_is_no_wrong_setting(tmp_path: Path) -> None:
    """`serve` says at once that it waits, then ends with 3 and what to do; no process is left."""
    file = write_settings(
        tmp_path,
        broker=f"amqp://u:wr0ng@127.0.0.1:{free_ports(1)[0]}/%2F",
        portal="http://127.0.0.1:1",
        onestop="http://127.0.0.1:1",
        port=free_ports(1)[0],
    )
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("[broker]\n", '[broker]\nwait_at_start = "0.5 seconds"\n'), encoding="utf-8")
    out, err = run("serve", "--settings", str(file), cwd=tmp_path, code=3)
    assert out == ""
    assert "refused. Trying again for 0.5 s" in err
    assert "stayed away for 0.5 s" in err
    assert "wr0ng" not in err


def test_a_ledger_s_server_that_stays_away_is_no_wrong_setting(tmp_path: Path) -> None:
    """As with the broker: `serve` says that it waits, then ends with 3; SIGTERM meanwhile ends it with 0."""
    file = _on_postgres_away(tmp_path / "short", "0.5 seconds")
    out, err = run("serve", "--settings", str(file), cwd=tmp_path, code=3)
    assert out == ""
    assert "refused" in err
    assert "the ledger's server stayed away for 0.5 s" in err
    assert "wr0ng" not in err
    file = _on_postgres_away(tmp_path / "long", "10 minutes")
    command = [sys.executable, str(ROOT / "run.py"), "serve", "--settings", str(file)]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as waiting:  # noqa: S603  our own program
        assert waiting.stderr is not None
        said = waiting.stderr.readline()
        assert "Trying again for 600 s ([ledger] wait_at_start)" in said
        waiting.send_signal(signal.SIGTERM)
        _, rest = waiting.communicate(timeout=30)
    assert waiting.returncode == 0
    assert rest.splitlines()[-1] == "stopped before the ledger's server was there: nothing was begun"


def _on_postgres_away(folder: Path, wait: str) -> Path:
    """An installation whose ledger is on a PostgreSQL that nobody runs."""
    folder.mkdir()
    nobody = f"127.0.0.1:{free_ports(1)[0]}"
    file = write_settings(
        folder,
        broker=f"amqp://u:wr0ng@{nobody}/%2F",
        portal="http://127.0.0.1:1",
        onestop="http://127.0.0.1:1",
        port=free_ports(1)[0],
    )
    (folder / "secrets" / "ledger").write_text("wr0ng", encoding="utf-8")
    ledger = f'''url = "postgresql+psycopg://u@{nobody}/l"
password = "file:secrets/ledger"
wait_at_start = "{wait}"'''
    text = file.read_text(encoding="utf-8").replace('url = "sqlite:///ledger.db"', ledger)
    file.write_text(text, encoding="utf-8")
    return file
