"""The social insurance authority (BHXH), simulated: a real SOAP server with state of its own.

`python -m adapters.insurance.simulator --data DIR --seed N` prints `{"url", "control_url"}`; it answers
at `PATH` below the url. Switches name operations (`guiHoSo`, `traCuuHoSo`, …). The contract is ours [I], as
the README says.

Control, beside what the chassis has: `GET /_sim/files`. Nonces are forgotten on restart, nothing else is.
"""

import html
import re
import sys
import time
from argparse import ArgumentParser, Namespace
from typing import Any

from adapters._kit.simulator import Simulation, Workshop, main
from adapters._kit.simulator_http import Answer, Request, Route, json_answer
from adapters._kit.simulator_soap import EnvelopeFault, Guard, Wire, closed, faulted, opened
from adapters.insurance import simulator_papers as papers
from adapters.insurance.simulator_office import Conduct, Office

PATH = "/HoSoService"
WIRE = Wire(
    ("guiHoSo", "boSungHoSo", "huyHoSo", "traCuuHoSo", "kiemTraThe", "traCuuNguoiThamGia"),
    "urn:lienthong:insurance:request",
    "noiDung",
    "urn:lienthong:insurance:response",
    "ketQua",
)


def add_options(parser: ArgumentParser) -> None:
    """Declare this simulator's own options; times in seconds, shares from 0 to 1."""
    add = parser.add_argument
    add("--username", default="camau", help="account of the token")
    add("--password", default="mat-khau-thu", help="its password")
    add("--unit", default="YN0001Z", help="MaSoBHXH of the unit that may hand in")
    add("--need-signature", action="store_true", help="refuse unsigned files")
    add("--work-seconds", type=float, default=1.0, help="seconds until the office moves on a file")
    add("--ask-share", type=float, default=0.2, help="share of files that it asks more about")
    add("--refuse-share", type=float, default=0.05, help="share of files that it refuses in the end")


def build(options: Namespace, workshop: Workshop) -> Simulation:
    """Put the service and the office together from their options."""
    conduct = Conduct(workshop.seed, options.work_seconds, options.ask_share, options.refuse_share)
    office = Office(workshop, conduct, time.time)
    guard = Guard(options.username, options.password)
    service = Service(workshop, office, guard, options.unit, need_signature=options.need_signature)
    return Simulation(
        routes=[Route("POST", PATH, operation_of, service.serve)],
        control=[Route("GET", "/_sim/files", "files", lambda _: json_answer(office.all()))],
        state=office.counts,
        facts=office.counts,
        expire_sessions=guard.expire,
    )


class Service:
    """Opens envelopes, lets the office work, answers in kind."""

    def __init__(
        self, workshop: Workshop, office: Office, guard: Guard, unit: str, *, need_signature: bool
    ) -> None:
        self._journal, self._office, self._guard = workshop.journal, office, guard
        self._unit, self._need = unit, need_signature

    def serve(self, request: Request) -> Answer:
        """Answer one call."""
        try:
            kind = request.headers.get("content-type", "")
            operation, text = opened(request.body, kind, self._guard, WIRE)
        except EnvelopeFault as fault:
            return faulted(fault)
        return closed(operation, self._said(operation, papers.parsed(text)), WIRE)

    def _said(self, operation: str, root: Any) -> str:
        if operation == "guiHoSo":
            return self._take(root)
        if not papers.is_asked(root):
            return papers.answer("205", "Sai cấu trúc")
        return self._asked(operation, root)

    def _asked(self, operation: str, root: Any) -> str:
        match operation:
            case "boSungHoSo":
                return self._supplement(root)
            case "huyHoSo":
                return self._withdraw(root)
            case "traCuuHoSo":
                return self._shown(root)
            case "kiemTraThe":
                card = self._office.card(root.findtext("maThe", ""))
                return papers.card_checked(card, root.findtext("hoTen", ""), root.findtext("ngaySinh", ""))
        return self._participant(root)

    def _shown(self, root: Any) -> str:
        shown = [papers.file_shown(file) for file in self._office.of(root.findtext("maHoSo", ""))]
        return papers.answer("200", "", *shown) if shown else papers.answer("404", "Không tìm thấy hồ sơ")

    def _take(self, root: Any) -> str:
        if problems := papers.file_problems(root, self._unit, need_signature=self._need):
            self._journal.record("guiHoSo", "", "refused")
            return papers.answer("205", "; ".join(problems))
        dossier, transaction, form, person = papers.what_of(root)
        file, first = self._office.take(dossier, transaction, form, person)
        self._journal.record("guiHoSo", dossier, "applied" if first else "duplicate", transaction, form=form)
        return papers.answer("200", "", papers.filled_one("soHoSo", file.number))

    def _supplement(self, root: Any) -> str:
        dossier = root.findtext("maHoSo", "")
        became = self._office.answer(dossier, root.findtext("soYeuCau", ""))
        effect: Any = {"new": "applied", "again": "duplicate"}.get(became, "refused")
        self._journal.record("boSungHoSo", dossier, effect, root.findtext("maGiaoDich", ""))
        return papers.answer("300", "Không có yêu cầu này") if became == "unknown" else papers.answer("200")

    def _withdraw(self, root: Any) -> str:
        dossier = root.findtext("maHoSo", "")
        became = self._office.withdraw(dossier)
        effect: Any = {"new": "applied", "again": "duplicate"}.get(became, "refused")
        self._journal.record("huyHoSo", dossier, effect, root.findtext("maGiaoDich", ""))
        codes = {"new": ("200", ""), "again": ("409", "Đã hủy"), "late": ("300", "Hồ sơ đã có kết quả")}
        return papers.answer(*codes[became])

    def _participant(self, root: Any) -> str:
        name = " ".join(root.findtext("hoTen", "").split()).casefold()
        cards = [file.card for file in self._office.all() if file.card is not None]
        number = root.findtext("maSoBhxh")
        found = [
            card for card in cards if card.name.casefold() == name and number in (None, "", card.insured)
        ]
        if not found:
            return papers.answer("050", "Không tìm thấy người tham gia")
        return papers.answer("200", "", *(papers.participant(card) for card in found))


def operation_of(request: Request) -> str:
    """Read the operation from the envelope, for the switchboard."""
    text = html.unescape(request.body.decode("utf-8", "replace"))
    found = re.search(r"Body[^>]*>\s*<(?:\w+:)?(\w+)", text)
    return found[1] if found else "unknown"


if __name__ == "__main__":
    sys.exit(main("adapters.insurance.simulator", add_options, build))
