"""Ten thousand identifiers go the whole road of a served installation; none is found beside the ledger.

Pushed and polled, refused and parked, sent to peers that quote all they got in whatever way they fail: to a
one-stop, over SOAP to tax and insurance, over the axis; come over the axis and by the agencies' door.
What is read is what people and machines see: logs, metrics, traces, pages, exports, answers, commands,
messages of the broker, files on disk. Traces and sign-in at a provider are switched on there.
"""

import io
import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, select

from bus.ledger import read, schema
from bus.ledger.ledger import read_only
from tests.contract.strict_portal import StrictPortal
from tests.integration.console.provider import provider
from tests.integration.console.windows import window
from tests.integration.intake.night import Installation, spent
from tests.integration.intake.sowing import RECORDS, found, told_in
from tests.unit.commands.conftest import run

pytestmark = pytest.mark.integration
__all__ = ["run"]

PASSWORD = "mật khẩu của ca trực"


@pytest.fixture(scope="module")
def night(
    portal: tuple[StrictPortal, str], amqp_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """The night, over."""
    with spent(portal, amqp_url, tmp_path_factory.mktemp("sown")) as one:
        yield one


def _pages(one: Installation, login: str) -> Iterator[tuple[str, str]]:
    """Every page that a person comes to by links, as far as they go in a night."""
    with httpx.Client(base_url=one.console, timeout=20, follow_redirects=True) as client:
        cccd = next(iter(each for each in one.sower.sown if len(each) == 12 and each.isdigit()))
        yield "a wrong sign-in", client.post("/sign-in", data={"login": cccd, "password": "x" * 12}).text
        client.post("/sign-in", data={"login": login, "password": PASSWORD})
        client.get("/find", params={"q": cccd})
        ahead = ["/", "/people", "/proposals", "/retries"]
        ahead += [f"/{kind}/{number}" for kind, numbers in _rows(one).items() for number in numbers]
        seen: set[str] = set()
        while ahead and len(seen) < 120:
            path = ahead.pop(0)
            if path in seen or path.startswith("/static"):
                continue
            seen.add(path)
            reply = client.get(path)
            yield path, _readable(reply)
            ahead += re.findall(r'href="(/[^"#]*)"', reply.text)


def _rows(one: Installation) -> dict[str, list[int]]:
    """Numbers of dossiers, messages and deliveries from all roads, some thirty of each."""

    def read_all(tx: Connection) -> dict[str, list[int]]:
        tables = (schema.dossier, schema.message, schema.delivery)
        found = {
            table.name: list(tx.execute(select(table.c.id).order_by(table.c.id)).scalars())
            for table in tables
        }
        return {name: numbers[:: max(1, len(numbers) // 30)] for name, numbers in found.items()}

    return read_only(f"sqlite:///{one.intake.folder / 'ledger.db'}", read_all)


def _readable(reply: httpx.Response) -> str:
    if not reply.content.startswith(b"PK"):
        return reply.text
    with zipfile.ZipFile(io.BytesIO(reply.content)) as book:
        return " ".join(book.read(name).decode() for name in book.namelist())


def _commands(one: Installation, run: Callable[..., Any]) -> Iterator[tuple[str, str]]:
    """What the command line says, as a person and as a program reads it."""
    settings = ("--settings", str(one.settings))
    failed = run("failed", "list", "--json", *settings)
    yield "failed list --json", failed.out + failed.err
    lines = [
        ("account",), ("account", "--json"), ("failed", "list"), ("connector", "list"), ("audit", "verify"),
        ("report", "--from", "2026-01-01", "--json"), ("person", "list"),
        *(("trace", f"G22.99-260415-{number:06d}") for number in range(8)),
        *(("failed", "show", str(number)) for number in range(1, 8)),
        *(("failed", "show", str(number)) for number in _rows(one)["delivery"][-8:]),
        ("failed", "show", "m8"), ("failed", "show", "m9", "--json"),
    ]  # fmt: skip
    for words in lines:
        ran = run(*words, *settings)
        yield " ".join(words), ran.out + ran.err


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    """Everything on disk that is no ledger and no stored file."""
    for file in folder.rglob("*"):
        if file.is_file() and not file.name.startswith("ledger.db") and "files" not in file.parts:
            yield f"file {file.name}", file.read_bytes().decode("utf-8", "replace")


def test_ten_thousand_identifiers_go_the_whole_road_and_none_leaves_the_ledger(
    night: Installation, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything that anybody can look at is looked at; and the same look finds them in the ledger."""
    sown = night.sower.sown
    assert len(sown) >= 10_000
    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\n"))
    added = run("person", "add", "binh", "--role", "integrator", "--settings", str(night.settings))
    assert added.code == 0, added.err
    texts = [("answers of the door", "\n".join(night.answers)), ("broker", "\n".join(night.broker))]
    texts += [("metrics", httpx.get(f"{night.metrics}/metrics").text)]
    texts += [("health", httpx.get(f"{night.metrics}/health").text)]
    texts += [("traces", " ".join(told.decode("utf-8", "replace") for told in night.traces.raw))]
    texts += [*_pages(night, "binh"), *_commands(night, run), *_files(night.intake.folder)]
    assert found(sown, texts) == {}
    states = read_only(f"sqlite:///{night.intake.folder / 'ledger.db'}", read.account)
    assert states.messages["kept"] >= RECORDS // 2
    assert {"dead", "delivered"} <= states.states.keys() | {"unknown"}, states
    assert len(texts) > 100
    _went_everywhere(night)
    kept = " ".join(row.raw.decode() for row in night.intake.messages())
    assert len(sown & set(told_in(kept))) > len(sown) // 2


def _went_everywhere(night: Installation) -> None:
    """Every road had identifiers on it: each peer saw some, and each way in brought some to the ledger."""
    sown, peers = night.sower.sown, night.peers
    sent = {"axis": [one.body.decode("utf-8", "replace") for one in peers.axis.sent], **peers.soap}
    assert {name for name, texts in sent.items() if sown & set(told_in(" ".join(texts)))} == {
        "axis",
        "tax",
        "insurance",
    }
    assert sown & set(told_in(" ".join(night.refusals))), "an agency is told its own values"
    kinds = {row.kind: row.raw.decode("utf-8", "replace") for row in night.intake.messages()}
    brought = {kind for kind, raw in kinds.items() if sown & set(told_in(raw))}
    assert {"ioffice.document", "agency.dossier", "onestop.slip", "onestop.decision_request"} <= brought


def test_switched_on_traces_tell_of_every_message(night: Installation) -> None:
    """The receiver of the settings has a root for each message, answers too, with attempts below."""
    kept = len(night.intake.messages())

    def roots() -> set[bytes]:
        return {one.trace_id for one in night.traces.spans if one.name == "keep"}

    night.intake.until(lambda: len(roots()) >= kept)  # they are sent every five seconds
    assert len(roots()) == kept
    assert {one.trace_id for one in night.traces.spans if one.name == "deliver"} <= roots()
    assert night.traces.complaints == []


async def test_switched_on_a_person_of_the_provider_comes_in_by_a_browser(
    night: Installation, tmp_path: Path
) -> None:
    """From a page that asks to sign in, over another site's forms and back to that page."""
    with provider(night.provider, night.console, tmp_path / "log"):
        async with window(night.console, width="desktop", scheme="light", shots=tmp_path) as page:
            await page.goto("/failed")
            await page.get_by_role("link", name="Cổng của tỉnh").click()
            await page.locator("input[name=login]").fill("duyet")
            await page.locator("input[name=password]").fill("x")
            await page.locator("button[type=submit]").click()
            await page.get_by_role("button", name="Continue").click()
            await page.wait_for_url("**/failed")
            await page.get_by_text("Lê Duyệt").first.wait_for()
