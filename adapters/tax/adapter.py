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
from adapters.tax import writing
from adapters.tax.client import GipClient
from adapters.tax.faults import Told
from adapters.tax.frame import Frames
from adapters.tax.settings import TaxSettings
from adapters.tax.writing import SLIP, SUPPLEMENT, Desk
from bus.ports import AdapterType, Answer, Call, Deadline, Operation, Poll, Probe, Webhook

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
        schemas = {name: schema(f"{name}.xsd") for name in ("slip", "supplement_answer")}
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


def _operations(desk: Desk, line: Line) -> list[Operation]:
    seconds = 2 * (line.connect + line.answer)

    def question(name: str, title: str, sheet: str, ask: Callable[[Desk, Call], Answer]) -> Operation:
        return Operation(
            name=name,
            title=title,
            sheet=f"tax/{sheet}",
            effect="appends",
            call=partial(ask, desk),
            repeatable=True,
            seconds=seconds,
        )

    return [
        Operation(
            name="file_slip",
            title="Gửi phiếu chuyển thông tin (TCT_GPC)",
            sheet="tax/slip",
            effect="appends",
            call=partial(SLIP.file, desk),
            lookup=partial(SLIP.is_there, desk),
            key=partial(SLIP.key, desk),
            seconds=seconds,
        ),
        Operation(
            name="answer_supplement",
            title="Trả lời yêu cầu bổ sung (mẫu 01/CCTT-ĐĐTCQ)",
            sheet="tax/supplement_answer",
            effect="appends",
            call=partial(SUPPLEMENT.file, desk),
            lookup=partial(SUPPLEMENT.is_there, desk),
            key=partial(SUPPLEMENT.key, desk),
            seconds=seconds,
        ),
        question(
            "query_obligation", "Hỏi sổ thuế nhà đất (00109)", "obligation_query", writing.query_obligation
        ),
        question("query_notices", "Hỏi thông báo thuế (TCT_TVTBT)", "notices_query", writing.query_notices),
        question("query_payments", "Hỏi chứng từ nộp tiền (00022)", "payments_query", writing.query_payments),
        question(
            "query_taxpayer", "Hỏi người nộp thuế theo mã số (00003)", "taxpayer_query", writing.TAXPAYER.ask
        ),
        question(
            "search_taxpayer",
            "Hỏi người nộp thuế theo số giấy tờ (00001)",
            "taxpayer_search",
            writing.SEARCH.ask,
        ),
        question("query_dues", "Hỏi thu nộp theo mã số thuế (00005)", "dues_query", writing.DUES.ask),
        question(
            "query_registration_book",
            "Hỏi sổ thuế lệ phí trước bạ (00046)",
            "registration_query",
            writing.REGISTRATION.ask,
        ),
        question(
            "query_personal_book", "Hỏi sổ thuế cá nhân (00128)", "personal_query", writing.PERSONAL.ask
        ),
    ]


TYPE = AdapterType(
    name="tax",
    title=TITLE,
    settings=TaxSettings,
    messages={
        "tax.obligation": "tax/obligation",
        "tax.notices": "tax/notices",
        "tax.taxpayer": "tax/taxpayer",
        "tax.book": "tax/book",
        "tax.supplement_request": "tax/supplement_request",
        "tax.payment_confirmed": "tax/payment",
    },
    operations=(
        "file_slip",
        "answer_supplement",
        "query_obligation",
        "query_notices",
        "query_payments",
        "query_taxpayer",
        "search_taxpayer",
        "query_dues",
        "query_registration_book",
        "query_personal_book",
    ),
    build=Tax,
)
