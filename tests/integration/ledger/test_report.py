"""The province's figures: counted by hand first, then by the report, on both databases."""

import json
import re
import sqlite3
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from bus import finding
from bus.calendar import ZONE
from bus.errors import ConfigurationError
from bus.ledger import finding as words_of
from bus.ledger import heard
from bus.ledger.finding import Terms, unwritten
from bus.ledger.ledger import Ledger
from bus.ledger.store import Store
from commands.place import Place
from commands.report import Wanted, report
from commands.report_line import read_day
from mappings.dossier import Agency, Dossier, Identity, Party, Supplement
from mappings.message import Message
from mappings.tables import load
from monitoring.report.gather import gather, gather_behind
from monitoring.report.period import Period
from monitoring.report.tables import Figures, tables
from monitoring.report.tally import Reporter, Tally
from monitoring.report.workbook import workbook
from tests.integration.ledger.conftest import keep_of
from tests.integration.pipeline.road import planner

pytestmark = pytest.mark.integration

REPORTER = Reporter(load([Path(__file__).parents[3] / "deploy" / "tables"]))
MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))
FUND, PAPERS = "9.100001", "1.001193"
INSURANCE, WARD, OTHER_WARD, DEPARTMENT = "H12.16", "H12.36", "H12.37", "H12.09"
NAME, CITIZEN = "Nguyễn Thị Đào", "096090001234"


def at(day: int, hour: int = 9, month: int = 3) -> datetime:
    """A moment of spring 2026 in Vietnam; 7 and 8 March are a weekend."""
    return datetime(2026, month, day, hour, tzinfo=ZONE)


def done(day: int, hour: int = 9, *, due: datetime | None = None, **fields: Any) -> dict[str, Any]:
    """Fields of a dossier that was accepted on 2 March and finished."""
    return {"accepted_at": at(2), "due_at": due, "finished_at": at(day, hour), "status": "finished"} | fields


def asked(name: str, moment: datetime) -> Supplement:
    """A round of a request for more papers."""
    return Supplement(id=name, asked_at=moment, asked_by=NAME)


DOSSIERS: dict[str, dict[str, Any]] = {
    "early": done(6, due=at(9, 10), to=INSURANCE, procedure=FUND),
    "late by five hours": done(9, 15, due=at(9, 10), taken=WARD, to=OTHER_WARD),
    "on a Saturday after a Friday's promise": done(7, due=at(6, 17), taken=WARD, to=DEPARTMENT),
    "on the whole day that was promised": done(10, 16, due=at(10, 0), to=DEPARTMENT),
    "nothing promised": done(10, to=DEPARTMENT),
    "at work": {"accepted_at": at(31, 23), "status": "in_progress", "to": DEPARTMENT},
    "of February, late in March": done(4, due=at(3, 17), to=INSURANCE, accepted_at=at(27, 9, 2)),
    "of April": {"accepted_at": at(1, 0, 4), "status": "accepted", "to": DEPARTMENT},
    "not accepted": {"submitted_at": at(3), "status": "not_accepted", "rejected_at": at(4), "to": WARD},
    "asked twice, once in February": {
        "accepted_at": at(27, 9, 2),
        "status": "supplement_requested",
        "supplements": (asked("1", at(28, 9, 2)), asked("2", at(2)), asked("3", at(5))),
        "to": WARD,
    },
    "of an agency that no table names": done(6, due=at(9), to=f"của {NAME}"),
}

BY_HAND = {
    "summary": [8, 2, 1, 1, 7, 66.7, 0, 1, 1],
    "interlinked": {
        "Một cơ quan cấp tỉnh": 4,
        "Một cơ quan cấp xã": 1,
        "Liên thông cùng cấp xã": 1,
        "Liên thông 2 cấp: xã–tỉnh": 1,
        "Chưa có trong danh mục (not in the tables)": 1,
    },
    "on_the_spot": {"G24-BH01": 1},
    "elsewhere": {OTHER_WARD: 1},
}
AGENCIES = {
    # received, early, on time, late, no promise, open, share, rounds, dossiers with rounds, refused
    DEPARTMENT: (4, 0, 2, 0, 1, 0, 100.0, 0, 0, 0),
    INSURANCE: (1, 1, 0, 1, 0, 0, 50.0, 0, 0, 0),
    OTHER_WARD: (1, 0, 0, 1, 0, 0, 0.0, 0, 0, 0),
    WARD: (1, 0, 0, 0, 0, 0, None, 2, 1, 1),
    "": (1, 1, 0, 0, 0, 0, 100.0, 0, 0, 0),
}


def dossier(fields: dict[str, Any]) -> Dossier:
    """The one-stop's word about a dossier of somebody."""
    told = {"procedure": PAPERS} | {key: value for key, value in fields.items() if key not in ("to", "taken")}
    owner = Party(name=NAME, identities=(Identity(kind="citizen", number=CITIZEN),))
    where, whose = fields.get("taken", fields["to"]), fields["to"]
    return Dossier(owner=owner, intake_agency=Agency(code=where), handling_agency=Agency(code=whose), **told)


@pytest.fixture
def told(ledger_url: str) -> Iterator[Ledger]:
    """A ledger with the shipped routes."""
    plans = planner()
    ledger = Ledger(Store(ledger_url), plans.plan, plans.merge)
    yield ledger
    ledger.close()


async def keep(ledger: Ledger, name: str, body: Message, **more: Any) -> None:
    """Keep a message of the one-stop about the dossier of a name."""
    key = f"{name}/{len(more)}/{more.get('as_of', 1.0)}"
    numbers = {"onestop": f"H12-{abs(hash(name)) % 10**9}"}
    await ledger.keep(
        keep_of("onestop.dossier", key, numbers, **{"body": body, "digest": key.encode(), **more})
    )


async def keep_all(ledger: Ledger) -> None:
    """Keep every dossier, each told of twice, and one message that waits for a person."""
    for name, fields in DOSSIERS.items():
        first = {"accepted_at": at(2), "status": "accepted", "to": DEPARTMENT}
        await keep(ledger, name, dossier({**first, **fields, "status": "accepted"}))
    for name, fields in DOSSIERS.items():
        await keep(ledger, name, dossier(fields), as_of=2.0)
    await keep(ledger, "early", dossier(DOSSIERS["at work"]), as_of=3.0, state="parked")


def counted(ledger: Ledger, period: Period = MARCH) -> Tally:
    """What the report counts."""
    return gather(ledger.look, REPORTER.begin(period))


def by_key(tally: Tally) -> dict[str, Figures]:
    """The tables by their keys."""
    return {table.key: table for table in tables(tally)}


async def test_the_report_counts_what_was_counted_by_hand(
    told: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each dossier once, whatever was told of it, in however many pieces it is read."""
    await keep_all(told)
    for window in (heard.WINDOW, 3):
        monkeypatch.setattr(heard, "WINDOW", window)
        found = by_key(counted(told))
        assert [row[-1] for row in found["summary"].rows] == BY_HAND["summary"]
        for key in ("interlinked", "on_the_spot", "elsewhere"):
            assert {row[0]: row[-1] for row in found[key].rows} == BY_HAND[key], key
        assert {row[0]: row[2:] for row in found["agencies"].rows} == AGENCIES
    behind = await gather_behind(told, REPORTER.begin(MARCH))
    assert by_key(behind) == by_key(counted(told))


async def test_what_was_not_heard_of_since_the_period_began_is_not_read(told: Ledger) -> None:
    """The cost is that of the period; a period without anything has tables without rows."""
    await keep_all(told)
    far = Period(date(2050, 1, 1), date(2050, 1, 31))
    assert told.look(lambda tx: list(heard.windows(tx, far.begins.timestamp()))) == []
    assert all(not table.rows for key, table in by_key(counted(told, far)).items() if key != "summary")


async def test_what_was_due_and_is_still_open_counts_at_the_end_however_long_nobody_spoke_of_it(
    told: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the words and promises are followed and after; what ended later was open then."""
    owed = {"accepted_at": at(2), "due_at": at(20), "status": "in_progress", "to": DEPARTMENT}
    dossiers: dict[str, dict[str, Any]] = {
        "still open": owed,
        "open, of a whole day": {**owed, "due_at": at(31, 0), "to": WARD},
        "ended in April": done(5, due=at(20), to=DEPARTMENT) | {"finished_at": at(5, 9, 4)},
        "ended in March": done(25, due=at(20), to=DEPARTMENT),
        "due in April": {**owed, "due_at": at(1, 9, 4)},
        "accepted in April": {**owed, "accepted_at": at(2, 9, 4)},
        "withdrawn": {**owed, "status": "withdrawn", "as_of": at(21)},
        "nothing promised": {**owed, "due_at": None},
    }
    for name, fields in dossiers.items():
        await keep(told, name, dossier(fields))

    def open_of(period: Period) -> dict[Any, Any]:
        table = by_key(counted(told, period))["agencies"]
        return {row[0]: row[7] for row in table.rows if row[7]}

    far = Period(date(2050, 1, 1), date(2050, 1, 31))
    before = open_of(MARCH), open_of(far)
    assert before == ({DEPARTMENT: 2, WARD: 1}, {DEPARTMENT: 3, WARD: 1})
    with told.store.read() as tx:
        upto, last = heard.followed(tx), next(iter(heard.windows(tx, 0.0))).last
    assert upto == 0
    monkeypatch.setattr(words_of, "_SETTLED", -1.0)
    words, promises = finding._words(_states(told))
    await told.act(Terms(words, last, promises))
    assert len(promises) == 4
    assert (open_of(MARCH), open_of(far)) == before
    assert told.look(lambda tx: sum(one[-1] for one in heard.overdue(tx, heard.NONE, far.ends))) == 4


def _states(ledger: Ledger) -> dict[int, tuple[float, bytes]]:
    with ledger.store.read() as tx:
        return unwritten(tx, 0, 1000)[1]


async def test_nothing_of_a_citizen_is_in_any_form_of_it(
    told: Ledger, ledger_url: str, tmp_path: Path
) -> None:
    """Neither a name nor an identifier, even where a peer writes one for an agency's code."""
    await keep_all(told)
    html, xlsx = tmp_path / "report.html", tmp_path / "report.xlsx"
    report(Place(ledger_url, tmp_path), Wanted(MARCH.first, MARCH.last, html, xlsx))
    with zipfile.ZipFile(xlsx) as book:
        texts = [html.read_text(), *(book.read(name).decode() for name in book.namelist())]
    assert any("Bảo hiểm xã hội" in text for text in texts)
    assert not [text for text in texts if NAME in text or CITIZEN in text]


async def test_a_program_reads_the_same_and_a_person_too(
    told: Ledger, ledger_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--json` has the tables by their keys; the terminal has them in Vietnamese."""
    await keep_all(told)
    place = Place(ledger_url, tmp_path)
    assert report(place, Wanted(MARCH.first, MARCH.last, as_json=True)) == 0
    read = json.loads(capsys.readouterr().out)
    assert (read["from"], read["to"]) == ("2026-03-01", "2026-03-31")
    assert {"code": OTHER_WARD, "dossiers": 1}.items() <= read["elsewhere"][0].items()
    assert report(place, Wanted(MARCH.first, MARCH.last)) == 0
    said = capsys.readouterr().out
    assert "Tiến độ theo cơ quan" in said
    assert "66,7" in said


def test_a_workbook_has_a_sheet_a_table_and_no_text_becomes_a_formula() -> None:
    """Read back by another library: what a table calls itself is a text, whatever it begins with."""
    evil = Figures("x", ("Bảng", "Table"), tables(REPORTER.begin(MARCH))[0].columns, (("=1+1", 7),))
    with zipfile.ZipFile(BytesIO(workbook(MARCH, (evil,), "Trục thử"))) as book:
        sheet = etree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        texts = etree.tostring(etree.fromstring(book.read("xl/sharedStrings.xml")), encoding="unicode")
    assert not sheet.findall(".//{*}f")
    assert [cell.text for cell in sheet.findall(".//{*}v")][-1] == "7"
    assert "=1+1" in texts


def test_a_period_that_is_none_is_said_in_a_sentence(tmp_path: Path) -> None:
    """Backwards, or longer than three years; and days are read as people write them."""
    for first, last in ((date(2026, 3, 2), date(2026, 3, 1)), (date(2020, 1, 1), date(2026, 1, 1))):
        with pytest.raises(ConfigurationError, match="kỳ báo cáo"):
            report(Place("sqlite:///none.db", tmp_path), Wanted(first, last))
    assert read_day("25/11/2026") == read_day("2026-11-25") == date(2026, 11, 25)
    for wrong in ("31/02/2026", "hôm nay", "2026-13-01"):
        with pytest.raises(Exception, match="một ngày"):
            read_day(wrong)


async def test_no_question_of_it_reads_a_whole_table(tmp_path: Path) -> None:
    """Windows by the messages' numbers, folds by their dossiers' numbers."""
    plans, file = planner(), tmp_path / "ledger.db"
    ledger = Ledger(Store(f"sqlite:///{file}"), plans.plan, plans.merge)
    await keep_all(ledger)
    said: list[str] = []
    with ledger.store.read() as tx:
        raw = tx.connection.dbapi_connection
        assert raw is not None
        raw.set_trace_callback(said.append)
        gather(lambda question, *arguments: question(tx, *arguments), REPORTER.begin(MARCH))
        raw.set_trace_callback(None)
    ledger.close()
    with sqlite3.connect(file) as plain:
        plan = [row[3] for text in set(said) for row in plain.execute(f"EXPLAIN QUERY PLAN {text}")]
    plain.close()
    assert any("SEARCH" in step for step in plan)
    assert [step for step in plan if re.match(r"SCAN (message|dossier|dossier_state)$", step)] == []
