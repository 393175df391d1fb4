"""The tax office behind the GIP gateway (cơ quan thuế, cổng GIP) as an adapter type."""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from adapters._kit.http import Http, Line
from adapters._kit.keys import read_signer, read_trusted
from adapters._kit.probe import network_layers, probe
from adapters._kit.reach import line_of
from adapters._kit.soap import SoapClient
from adapters._kit.soap_contract import Contract
from adapters._kit.soap_token import UsernameToken
from adapters._kit.wordings import read_wordings
from adapters._kit.xml import read_own
from adapters.tax import vouchers, writing
from adapters.tax.client import GipClient
from adapters.tax.faults import Told
from adapters.tax.frame import Frames
from adapters.tax.settings import TaxSettings
from adapters.tax.writing import SLIP, SUPPLEMENT, Desk
from bus.ports import (
    AdapterType,
    Answer,
    Call,
    Deadline,
    Operation,
    Poll,
    Probe,
    Sighting,
    Tree,
    Webhook,
)

TITLE = "Cơ quan thuế"
_HERE = Path(__file__).parent
_SCHEMAS = _HERE / "schemas"


class Tax:
    """One account at the gateway at work. It is only asked: it never calls us."""

    polls: tuple[Poll, ...] = ()
    webhooks: tuple[Webhook, ...] = ()

    def __init__(self, _name: str, settings: TaxSettings) -> None:
        """Read contract, keys and tables; raises `ConfigurationError`. Connects to nothing."""
        self._settings = settings
        self._line = line_of(settings)
        contract = Contract(settings.wsdl or _SCHEMAS / "tax.wsdl")
        contract.strings([settings.operation])
        wordings = read_wordings(settings.texts or _HERE / "texts.csv")
        signer = read_signer(settings.signer, settings.signer_password) if settings.signer else None
        trusted = read_trusted(settings.verify_with) if settings.verify_with else ()
        self._http = Http(self._line)
        token = UsernameToken(settings.username, settings.password)
        soap = SoapClient(contract, self._http, settings.address, wordings=wordings, token=token)
        schema = partial(read_own, settings.schemas, _SCHEMAS)
        client = GipClient(settings, soap, wordings, signer, trusted, Frames(schema("frame.xsd")))
        schemas = {name: schema(f"{name}.xsd") for name in ("slip", "supplement_answer", "payment_cancel")}
        self._desk = Desk(client, settings.types, settings.names, wordings, schemas)
        self.operations: Mapping[str, Operation] = {
            operation.name: operation for operation in _operations(self._desk, self._line)
        }

    def probe(self) -> Iterator[Probe]:
        """Ask layer by layer: name, connection, TLS, a question whose answer is read and verified."""
        return probe(
            [
                *network_layers(self._settings.address, self._line),
                ("login", self._login),
                ("schema", self._schema),
                ("echo", self._echo),
            ]
        )

    def ping(self) -> None:
        """Ask for a slip that cannot be; raises `DeliveryError`s."""
        self._nobody()

    def share(self, part: float) -> None:
        """Keep to this part of the connector's rate; may be repeated."""
        self._http.share(part)

    def close(self) -> None:
        """Give back connections; may be repeated."""
        self._http.close()

    def _nobody(self) -> Told:
        deadline = Deadline(time.monotonic() + self._line.connect + self._line.answer)
        return writing.nobody(self._desk, f"{self._settings.sender.code}-000101-0000", deadline)

    def _login(self) -> str:
        self._nobody()
        return f"the token of {self._settings.username} is taken"

    def _schema(self) -> str:
        answer = self._nobody()
        verified = (
            "and its signature is right" if self._settings.verify_with else "signatures are not verified"
        )
        return f"the answer is a frame (TRAN_CODE {answer.frame.header['TRAN_CODE']}), {verified}"

    def _echo(self) -> str:
        answer = self._nobody()
        return "a slip that nobody filed is not found" if answer.means == "missing" else "the gateway answers"


def _operations(desk: Desk, line: Line) -> Iterator[Operation]:
    seconds = 2 * (line.connect + line.answer)
    for name, title, sheet, call, lookup, key in _ACTS:
        yield Operation(
            name=name,
            title=title,
            sheet=f"tax/{sheet}",
            effect="appends",
            call=partial(call, desk),
            lookup=partial(lookup, desk),
            key=partial(key, desk),
            seconds=seconds,
        )
    for name, title, sheet, call in _QUESTIONS:
        yield Operation(
            name=name,
            title=title,
            sheet=f"tax/{sheet}",
            effect="appends",
            call=partial(call, desk),
            repeatable=True,
            seconds=seconds,
        )


_Ask = Callable[[Desk, Call], Answer]
_ACTS: tuple[
    tuple[str, str, str, _Ask, Callable[[Desk, Call], Sighting], Callable[[Desk, Tree], str]], ...
] = (
    (
        "file_slip",
        "Gửi phiếu chuyển thông tin (TCT_GPC)",
        "slip",
        SLIP.file,
        SLIP.is_there,
        SLIP.key,
    ),
    (
        "answer_supplement",
        "Trả lời yêu cầu bổ sung (mẫu 01/CCTT-ĐĐTCQ)",
        "supplement_answer",
        SUPPLEMENT.file,
        SUPPLEMENT.is_there,
        SUPPLEMENT.key,
    ),
    (
        "cancel_payment",
        "Hủy chứng từ nộp tiền (00024)",
        "payment_cancel",
        vouchers.cancel,
        vouchers.is_cancelled,
        vouchers.key,
    ),
)
"""Name, title, sheet, call, question about it, and what it adds."""

_QUESTIONS: tuple[tuple[str, str, str, _Ask], ...] = (
    ("query_obligation", "Hỏi sổ thuế nhà đất (00109)", "obligation_query", writing.query_obligation),
    ("query_notices", "Hỏi thông báo thuế (TCT_TVTBT)", "notices_query", writing.NOTICES.ask),
    (
        "query_slip_papers",
        "Hỏi hồ sơ scan của phiếu chuyển (TCT_TVHSSC)",
        "slip_papers_query",
        writing.SLIP_PAPERS.ask,
    ),
    ("query_payments", "Hỏi chứng từ nộp tiền (00022)", "payments_query", vouchers.query_payments),
    ("query_payment", "Hỏi một chứng từ nộp tiền (00022)", "payment_query", vouchers.query_payment),
    ("query_taxpayer", "Hỏi người nộp thuế theo mã số (00003)", "taxpayer_query", writing.TAXPAYER.ask),
    (
        "search_taxpayer",
        "Hỏi người nộp thuế theo số giấy tờ (00001)",
        "taxpayer_search",
        writing.SEARCH.ask,
    ),
    ("query_dues", "Hỏi thu nộp theo mã số thuế (00005)", "dues_query", writing.DUES.ask),
    (
        "query_registration_book",
        "Hỏi sổ thuế lệ phí trước bạ (00046)",
        "registration_query",
        writing.REGISTRATION.ask,
    ),
    ("query_personal_book", "Hỏi sổ thuế cá nhân (00128)", "personal_query", writing.PERSONAL.ask),
    ("query_subsections", "Hỏi danh mục tiểu mục (00019)", "subsections_query", writing.SUBSECTIONS.ask),
)


TYPE = AdapterType(
    name="tax",
    title=TITLE,
    settings=TaxSettings,
    messages={
        "tax.obligation": "tax/obligation",
        "tax.notices": "tax/notices",
        "tax.taxpayer": "tax/taxpayer",
        "tax.book": "tax/book",
        "tax.subsections": "tax/subsections",
        "tax.slip_papers": "tax/slip_papers",
        "tax.supplement_request": "tax/supplement_request",
        "tax.payment_confirmed": "tax/payment",
    },
    operations=(*(one[0] for one in _ACTS), *(one[0] for one in _QUESTIONS)),
    build=Tax,
)
