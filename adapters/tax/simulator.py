"""The tax office behind the GIP gateway, simulated: a real SOAP server with state of its own.

`python -m adapters.tax.simulator --data DIR --seed N` prints `{"url", "control_url"}`; it answers at `PATH`
below the url. Switches name types (`TCT_GPC`, `TCT_BSPC`, `TCT_TVNVTC`, `TCT_TVTBT`, `TCT_TVHSSC`, `00019`,
`00109`, `00022`, `00024`, and those of `simulator_people.ASKS`).

Control, beside what the chassis has: `GET /_sim/cases`, `GET /_sim/owing` (those that owe), `GET
/_sim/certificate` (PEM, for `verify_with`),
`POST /_sim/pay {"MA_HS", "SO_QUYET_DINH"}` receives the money of a notice. Nonces are forgotten on restart,
nothing else is. The names marked [I] in the README are ours here as there.
"""

import html
import re
import sys
import time
from argparse import ArgumentParser, Namespace
from datetime import datetime
from typing import Any

from adapters._kit.simulator import Simulation, Workshop, main
from adapters._kit.simulator_http import Answer, Request, Route, json_answer
from adapters._kit.simulator_journal import HANOI
from adapters._kit.simulator_seal import Seal
from adapters._kit.simulator_soap import EnvelopeFault, Guard, Wire, closed, faulted, opened
from adapters.tax import simulator_papers as papers
from adapters.tax import simulator_people as people
from adapters.tax import simulator_rows as rows
from adapters.tax.simulator_frame import FrameProblem, Framer
from adapters.tax.simulator_office import Conduct, Office

PATH = "/T2B/GIP"
WIRE = Wire(("xuLyTruyVanMsg",), "http://gip.request.com/", "in_msg", "http://gip.response.com/", "return")


def add_options(parser: ArgumentParser) -> None:
    """Declare this simulator's own options; times in seconds, shares from 0 to 1."""
    add = parser.add_argument
    add("--username", default="camau", help="account of the token")
    add("--password", default="mat-khau-thu", help="its password")
    add("--sender", default="H12", help="SENDER_CODE that may speak")
    add("--need-signature", action="store_true", help="refuse unsigned messages")
    add("--work-seconds", type=float, default=1.0, help="seconds until the office moves on a dossier")
    add("--ask-share", type=float, default=0.2, help="share of slips that it asks more about")
    add("--refuse-share", type=float, default=0.05, help="share of slips that it refuses")
    add("--correct-share", type=float, default=0.0, help="share of dossiers with a notice put right later")


def build(options: Namespace, workshop: Workshop) -> Simulation:
    """Put the gateway and the office together from their options."""
    shares = (options.ask_share, options.refuse_share, options.correct_share)
    conduct = Conduct(workshop.seed, options.work_seconds, *shares)
    office = Office(workshop, conduct, time.time)
    seal = Seal(workshop.data)
    framer = Framer(options.sender, seal, need_signature=options.need_signature, now=_now)
    guard = Guard(options.username, options.password)
    gateway = Gateway(workshop, office, framer, guard)
    return Simulation(
        routes=[Route("POST", PATH, operation_of, gateway.serve)],
        control=[
            Route("GET", "/_sim/cases", "cases", lambda _: json_answer(office.cases())),
            Route("GET", "/_sim/owing", "owing", lambda _: json_answer(office.owing())),
            Route("GET", "/_sim/certificate", "certificate", lambda _: Answer(200, seal.pem)),
            Route("POST", "/_sim/pay", "pay", gateway.pay),
        ],
        state=office.counts,
        facts=office.counts,
        expire_sessions=guard.expire,
    )


class Gateway:
    """Opens envelopes and frames, lets the office work, answers in kind."""

    def __init__(self, workshop: Workshop, office: Office, framer: Framer, guard: Guard) -> None:
        self._journal, self._office, self._framer, self._guard = workshop.journal, office, framer, guard

    def serve(self, request: Request) -> Answer:
        """Answer one call."""
        try:
            kind = request.headers.get("content-type", "")
            operation, text = opened(request.body, kind, self._guard, WIRE)
        except EnvelopeFault as fault:
            return faulted(fault)
        asked: dict[str, str] = {}
        try:
            asked, row = self._framer.open(text)
            answer = self._route(row, asked)
        except FrameProblem as problem:
            empty = rows.filled("ROW", ("TYPE", ""))
            return closed(operation, self._framer.write(asked, empty, problem.code, problem.text), WIRE)
        return closed(operation, self._framer.write(asked, answer), WIRE)

    def pay(self, request: Request) -> Answer:
        """Receive the money of a notice."""
        asked = request.json()
        at = f"{_now():%d/%m/%Y %H:%M:%S}"
        voucher = self._office.pay(asked["MA_HS"], asked["SO_QUYET_DINH"], at)
        return json_answer({"voucher": voucher}, 200 if voucher else 404)

    def _route(self, row: Any, asked: dict[str, str]) -> Any:
        kind = rows.kind_of(row)
        if kind in people.ASKS:
            return people.answer(kind, people.question(kind, row), self._office.cases())
        filed = {"TCT_GPC": self._slip, "TCT_BSPC": self._answer, "00024": self._taken_back}.get(kind)
        if filed is not None:
            return filed(row, asked)
        told = {
            "TCT_TVNVTC": self._filed,
            "TCT_TVTBT": self._notices,
            "TCT_TVHSSC": self._scans,
            "00019": papers.subsections,
            "00109": self._book,
            "00022": self._vouchers,
        }.get(kind)
        if told is None:
            raise FrameProblem("02", f"Sai cấu trúc: không có loại {kind}")
        return told(row)

    def _book(self, row: Any) -> Any:
        case = self._office.find(row.findtext("TRUYVAN/MA_HS", ""))
        return rows.tax_book(case, row.findtext("TRUYVAN/SO", ""))

    def _vouchers(self, row: Any) -> Any:
        if row.find("CHUNGTU") is not None:
            return papers.one_voucher(self._office, row)
        return rows.vouchers(self._office.find(row.findtext("TRUYVAN/MA_HS", "")))

    def _scans(self, row: Any) -> Any:
        return papers.scans(self._office.find(row.findtext("MA_HS", "")), row)

    def _taken_back(self, row: Any, asked: dict[str, str]) -> Any:
        answer, dossier, number, effect = papers.taken_back(self._office, row)
        self._journal.record("00024", dossier or number, effect, asked["MSG_ID"], voucher=number)
        return answer

    def _notices(self, row: Any) -> Any:
        return people.notices(self._office.find(row.findtext("MA_HS", "")), row, _now())

    def _slip(self, row: Any, asked: dict[str, str]) -> Any:
        dossier, slip = row.findtext("TT_CHUNG/MA_HS", ""), row.findtext("TT_CHUNG/SO_PHIEU", "")
        number = ("SO_PHIEU", slip)
        if problems := rows.slip_problems(row):
            self._journal.record("TCT_GPC", dossier, "refused", asked["MSG_ID"])
            return rows.acknowledgement(row, number, _now(), "02", f"Sai cấu trúc: {'; '.join(problems)}")
        if self._office.refuses(dossier, slip):
            self._journal.record("TCT_GPC", dossier, "refused", asked["MSG_ID"])
            return rows.acknowledgement(row, number, _now(), "11", "Từ chối: không thuộc thẩm quyền")
        first = self._office.file(self._office.make(dossier, slip, rows.people(row), rows.land(row)))
        effect: Any = "applied" if first else "duplicate"
        self._journal.record("TCT_GPC", dossier, effect, asked["MSG_ID"], slip=slip)
        return rows.acknowledgement(row, number, _now(), "00", "")

    def _answer(self, row: Any, asked: dict[str, str]) -> Any:
        dossier, question = row.findtext("MA_HS", ""), row.findtext("SO_YEUCAU", "")
        number = ("SO_YEUCAU", question)
        case = self._office.find(dossier)
        if case is None or case.question != question or case.state == "taken":
            self._journal.record("TCT_BSPC", dossier, "refused", asked["MSG_ID"])
            return rows.acknowledgement(row, number, _now(), "12", "Từ chối: không có yêu cầu này")
        effect: Any = "applied" if self._office.answer(case, question) else "duplicate"
        self._journal.record("TCT_BSPC", dossier, effect, asked["MSG_ID"], question=question)
        return rows.acknowledgement(row, number, _now(), "00", "")

    def _filed(self, row: Any) -> Any:
        dossier = row.findtext("MA_HS", "")
        case = self._office.find(dossier)
        slip, question = row.findtext("SO_PHIEU"), row.findtext("SO_YEUCAU")
        there = case is not None and (slip in case.slips if slip else question in case.answers)
        code, text = ("0", "Đã nhận") if there else ("1", "Không tìm thấy phiếu")
        return rows.result(dossier, code, text)


def operation_of(request: Request) -> str:
    """Read the type from the text inside the envelope, for the switchboard."""
    text = html.unescape(request.body.decode("utf-8", "replace"))
    found = re.search(r"<(?:MSG_TYPE|TYPE)>([^<]+)<", text)
    return found[1] if found else "unknown"


def _now() -> datetime:
    return datetime.now(HANOI)


if __name__ == "__main__":
    sys.exit(main("adapters.tax.simulator", add_options, build))
