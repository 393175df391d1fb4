"""Documents under test: what they name exists, in the words the code uses."""

import re
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer.main

from bus import errors
from bus.ledger.schema import STATES
from commands.main import app
from monitoring.words import DELIVERIES

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = (
    *(ROOT / name for name in ("README.md", "README.vi.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
)
PROMISES = {ROOT / "docs/next.md", ROOT / "CHANGELOG.md"}
"""Documents that may name files which do not exist yet, or no longer."""

FENCED = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FILE = re.compile(r"`([\w.-]+(?:/[\w.-]+)*/(?:[\w-]+\.(?:py|toml|md|csv|lock|sh))?)`")
NOT_YET = re.compile(r"<!-- not yet: ([\w ]+) -->")

documents = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def _fenced_lines(document: Path) -> Iterator[str]:
    for block in FENCED.findall(document.read_text()):
        yield from block.splitlines()


def _commands(document: Path, start: str) -> Iterator[list[str]]:
    """The words after `start` on lines of fenced blocks; no remarks, no quoted values, nothing after `--`."""
    for line in _fenced_lines(document):
        if line.strip().startswith(start):
            bare = re.sub(r'"[^"]*"', "VALUE", line).split("#", maxsplit=1)[0]
            words = bare.strip().removeprefix(start).split()
            yield words[: words.index("--")] if "--" in words else words


def _below(command: Any) -> Mapping[str, Any]:
    """The commands of a group; none of a command."""
    below: Mapping[str, Any] = getattr(command, "commands", {})
    return below


def _unknown_word(words: list[str]) -> str | None:
    """The first word of a command line that the command line does not know."""
    command = typer.main.get_command(app)
    while words and (below := _below(command)):
        if words[0] not in below:
            return words[0]
        command, words = below[words[0]], words[1:]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    return next((word for word in words if word.startswith("-") and word not in known), None)


def _slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _first_column(document: str, section: str) -> list[str]:
    """The words in backticks that begin the rows of the tables of a section."""
    text = (ROOT / document).read_text().split(f"## {section}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)


@documents
def test_every_command_in_a_fenced_block_exists(document: Path) -> None:
    """Commands, their groups and their options are those of the command line."""
    for words in _commands(document, "python3 run.py"):
        assert _unknown_word(words) is None, f"{document.name}: `run.py {' '.join(words)}`"


@documents
def test_every_module_run_in_a_fenced_block_exists(document: Path) -> None:
    """`python3 -m MODULE` names a module of ours."""
    for words in _commands(document, "python3 -m"):
        assert find_spec(words[0]) is not None, f"{document.name}: {words[0]}"


@documents
def test_what_is_announced_as_not_there_yet_is_not_there(document: Path) -> None:
    """A document that says of a command "not there yet" is changed when the command comes."""
    there = _below(typer.main.get_command(app))
    assert there
    for word in " ".join(NOT_YET.findall(document.read_text())).split():
        assert word not in there, f"`{word}` exists now: {document.name} must say so"


@documents
def test_every_relative_link_resolves(document: Path) -> None:
    """Links lead to a file of the tree, and to a heading where they name one."""
    for target in LINK.findall(document.read_text()):
        name, _, heading = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        assert path.exists(), f"{document.name}: {target}"
        assert path.is_relative_to(ROOT), f"{document.name}: {target}"
        if heading:
            headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
            assert heading in map(_slug, headings), f"{document.name}: {target}"


@pytest.mark.parametrize(
    "document",
    [path for path in DOCUMENTS if path not in PROMISES],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_every_file_that_is_named_exists(document: Path) -> None:
    """A path in backticks is a file or a folder of the tree, or one that a run makes."""
    made = set((ROOT / ".gitignore").read_text().split())
    for name in set(FILE.findall(document.read_text())) - made:
        assert (ROOT / name).exists(), f"{document.name}: {name}"


_NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
"""The name of edXML's namespace (QCVN 102:2016), which is no address."""


@documents
def test_no_document_names_a_machine_or_an_index(document: Path) -> None:
    """Absolute paths are those of our doors and of an installation; hosts are loopback or `.example`."""
    text = document.read_text().replace(_NAMESPACE, "")
    for path in re.findall(r"(?<![\w.\-:/}*`~])`?(/[a-z_.]+/[\w./-]*)", text):
        ours = ("/in/", "/files/", "/health/", "/agencies/v1", "/etc/lienthong/", "/var/lib/lienthong/")
        assert path.startswith(ours), f"{document.name}: {path}"
    assert str(ROOT) not in text
    for host in re.findall(r"[a-z+]+://(?:[^\s/@`]+@)?([\w.-]+)", text):
        assert host in {"127.0.0.1", "localhost"} or host.endswith(".example"), f"{document.name}: {host}"
    hosts = re.findall(r"\b[\w-]+\.(?:org|com|net|io|dev|vn)\b", text)
    assert hosts == [], f"{document.name}: {hosts}"


def test_both_readmes_show_the_same_commands() -> None:
    """Who reads Vietnamese is told no less."""
    shown = [list(_commands(ROOT / name, "python3 run.py")) for name in ("README.md", "README.vi.md")]
    assert shown[0] == shown[1]
    assert len(shown[0]) >= 3


def test_every_rule_that_code_cites_stands_in_the_protocol() -> None:
    """Comments say "rule N"; the document has all of 1 to 24, once and in order."""
    numbered = re.findall(r"^\| (\d+) \|", (ROOT / "docs/protocol.md").read_text(), re.MULTILINE)
    assert numbered == [str(number) for number in range(1, 25)]
    cited = {
        number
        for folder in ("adapters", "bus", "commands")
        for file in (ROOT / folder).rglob("*.py")
        for number in re.findall(r"\b(?:rules?|protocol) (\d+)\b", file.read_text())
    }
    assert len(cited) > 10
    assert cited <= set(numbered)


def test_the_states_of_the_architecture_are_the_ledgers() -> None:
    """Every state stands in the table once, in the ledger's order, by the name that `account` prints."""
    text = (ROOT / "docs/architecture.md").read_text()
    assert tuple(_first_column("docs/architecture.md", "States")) == STATES
    for state in STATES:
        assert f"| `{state}` | {DELIVERIES[state]} |" in text


def test_the_errors_of_the_architecture_are_the_bus_s() -> None:
    """The table of errors has every class that a call may raise, and no other."""
    classes = {error.__name__ for error in errors.DeliveryError.__subclasses__()}
    assert set(_first_column("docs/architecture.md", "Errors")) == classes


def test_every_decision_says_what_would_change_it() -> None:
    """Decisions are numbered without a gap, in the file's name and in its title."""
    files = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for number, file in enumerate(files, 1):
        text = file.read_text()
        assert text.startswith(f"# {number}. ")
        assert "**Would change it.**" in text
        assert "**Decision" in text
