"""The laws of the simulated tax office, whatever is asked of it and in whatever order."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters._kit.simulator import Workshop
from adapters._kit.simulator_journal import HANOI
from adapters.tax import simulator_people as people
from adapters.tax.simulator_office import LADDER, Case, Conduct, Office, Person
from adapters.tax.simulator_rows import tax_book

PEOPLE = [Person("Lê Thị Út", "096190000123", "096190000123"), Person("Trần Văn Ổn", "0100109106", "1")]
SECONDS = 10.0
GROUPS = ("LPTB", "TSDD", "TNCN", "TMD", "TMN")
QUESTION = etree.fromstring("<ROW><SYSTEM_INFO><SEQ_ID>1</SEQ_ID></SYSTEM_INFO><MA_HS>D</MA_HS></ROW>")
STEP = st.sampled_from(["file", "answer", "pay", "take back", "wait", "look"])


SHARE = st.sampled_from([0.0, 1.0])


@contextmanager
def office(folder: Path, now: list[float], *, ask: float = 0.0, correct: float = 0.0) -> Iterator[Office]:
    """An office whose clock is ours."""
    workshop = Workshop(folder, 3)
    there = Office(workshop, Conduct(3, SECONDS, ask, 0.0, correct), lambda: now[0])
    yield there
    workshop.journal.close()
    there._shelf.close()


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(STEP, max_size=25), ask=st.sampled_from([0.0, 1.0]), correct=st.sampled_from([0.0, 1.0])
)
def test_a_state_only_climbs_and_every_total_is_the_sum_of_its_notices(
    steps: list[str], ask: float, correct: float
) -> None:
    """Filed again, answered twice, paid in any order, corrected meanwhile; several taxpayers."""
    now, height = [0.0], 0
    with (
        tempfile.TemporaryDirectory() as folder,
        office(Path(folder), now, ask=ask, correct=correct) as there,
    ):
        for step in ["file", *steps]:
            case = there.find("D")
            if step == "file":
                there.file(there.make("D", "P1", PEOPLE, ("", "12", "7")))
            elif step == "wait":
                now[0] += SECONDS
            elif step == "answer" and case and case.state != "taken":
                there.answer(case, case.question)
            elif step == "pay" and case:
                owed = [each.number for one in case.owed for each in one.notices if each.remaining]
                there.pay("D", owed[0] if owed else "none", "25/11/2026 08:00:00")
            elif step == "take back" and case and case.vouchers:
                there.take_back(case, case.vouchers[0])
            seen = there.find("D")
            assert seen is not None
            assert LADDER.index(seen.state) >= height
            height = LADDER.index(seen.state)
            for one in tax_book(seen, PEOPLE[0].identity).iterfind("SOTHUE/TONG_TIEN"):
                notices = [int(each.findtext("SO_CON_PHAI_NOP")) for each in one.iterfind("ROW_SOTHUE")]
                assert int(one.findtext("TT_NNT")) == sum(notices)
            _told_in_groups(seen, there)


def _told_in_groups(seen: Case, there: Office) -> None:
    """The land gateway's form and the books of the same case: every total is a sum there too."""
    row = people.notices(seen, QUESTION, datetime(2026, 11, 25, tzinfo=HANOI))
    for amount in ("PHAI_NOP", "MIEN_GIAM", "DA_NOP", "CON_PNOP"):
        parts = [int(each.text or 0) for each in row if each.tag in {f"{group}_{amount}" for group in GROUPS}]
        assert int(row.findtext(f"TONG_{amount}", "0")) == sum(parts)
    owed, exempt, paid, left = (
        int(row.findtext(f"TONG_{name}", "0")) for name in ("PHAI_NOP", "MIEN_GIAM", "DA_NOP", "CON_PNOP")
    )
    assert left == owed - exempt - paid
    book = people.answer("00005", {"MST": PEOPLE[0].code}, there.cases())
    entries = [int(each.text) for each in book.iterfind(".//NO_CUOI_KY")]
    assert sum(entries) == left


def test_a_notice_that_was_wrong_is_replaced_by_one_of_another_number(tmp_path: Path) -> None:
    """Once, and never one that was paid: what a later answer no longer names is owed no more."""
    now = [0.0]
    with office(tmp_path, now, correct=1.0) as there:
        there.file(there.make("D", "P1", PEOPLE, ("", "12", "7")))

        def numbers() -> list[str]:
            case = there.find("D")
            assert case is not None
            return [each.number for one in case.owed for each in one.notices]

        now[0] = SECONDS
        first = numbers()
        paid = there.pay("D", first[0], "25/11/2026 08:00:00")
        assert paid is not None
        now[0] = 2 * SECONDS
        second = numbers()
        assert second[0] == first[0]
        assert len(set(first) - set(second)) == 1
        now[0] = 10 * SECONDS
        assert numbers() == second
