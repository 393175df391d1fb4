"""The social insurance authority (Bảo hiểm xã hội) as an adapter type."""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from adapters._kit.http import Http, Line
from adapters._kit.keys import read_signer
from adapters._kit.probe import network_layers, probe
from adapters._kit.reach import line_of
from adapters._kit.soap import SoapClient
from adapters._kit.soap_contract import Contract, named
from adapters._kit.soap_token import UsernameToken
from adapters._kit.wordings import read_wordings
from adapters._kit.xml import XmlSchema, read_own
from adapters.insurance import writing
from adapters.insurance.client import InsuranceClient
from adapters.insurance.faults import Told
from adapters.insurance.filing import Filer
from adapters.insurance.settings import InsuranceSettings
from adapters.insurance.writing import Desk
from bus.ports import AdapterType, Answer, Call, Deadline, Operation, Poll, Probe, Webhook

TITLE = "Bảo hiểm xã hội"
_HERE = Path(__file__).parent
_SCHEMAS = _HERE / "schemas"


class Insurance:
    """One account at the authority at work. It is only asked: it never calls us."""

    polls: tuple[Poll, ...] = ()
    webhooks: tuple[Webhook, ...] = ()

    def __init__(self, _name: str, settings: InsuranceSettings) -> None:
        """Read contract, schemas, keys and tables; raises `ConfigurationError`. Connects to nothing."""
        self._settings = settings
        self._line = line_of(settings)
        self._theirs = {name: str(getattr(settings.operations, name)) for name in _OPERATIONS}
        contract = Contract(settings.wsdl or _SCHEMAS / "insurance.wsdl")
        contract.strings(tuple(self._theirs.values()))
        wordings = read_wordings(settings.texts or _HERE / "texts.csv")
        schema = partial(read_own, settings.schemas, _SCHEMAS)
        self._http = Http(self._line)
        token = UsernameToken(settings.username, settings.password)
        soap = SoapClient(contract, self._http, settings.address, wordings=wordings, token=token)
        client = InsuranceClient(settings, soap, wordings, schema("answer.xsd"))
        self._desk = Desk(client, wordings, settings, *_filers(settings, schema))
        self.operations: Mapping[str, Operation] = {
            operation.name: operation for operation in _operations(self._desk, self._line)
        }

    def probe(self) -> Iterator[Probe]:
        """Ask layer by layer: name, connection, TLS, contract, a question about nobody."""
        return probe(
            [
                *network_layers(self._settings.address, self._line),
                ("login", self._login),
                ("schema", lambda: f"the contract has {named(self._theirs)}"),
                ("echo", self._echo),
            ]
        )

    def ping(self) -> None:
        """Ask for a dossier that cannot be; raises `DeliveryError`s."""
        self._nobody()

    def share(self, part: float) -> None:
        """Keep to this part of the connector's rate; may be repeated."""
        self._http.share(part)

    def close(self) -> None:
        """Give back connections; may be repeated."""
        self._http.close()

    def _nobody(self) -> Told:
        deadline = Deadline(time.monotonic() + self._line.connect + self._line.answer)
        return writing.nobody(self._desk, "H00-000101-0000", deadline)

    def _login(self) -> str:
        self._nobody()
        return f"the token of {self._settings.username} is taken"

    def _echo(self) -> str:
        answer = self._nobody()
        return f"a dossier that nobody has is answered with code {answer.code}"


_OPERATIONS = ("submit", "supplement", "cancel", "query", "check_card", "participant")


def _filers(settings: InsuranceSettings, schema: Callable[[str], XmlSchema]) -> tuple[Filer, Filer]:
    signer = read_signer(settings.signer, settings.signer_password) if settings.signer else None
    file = schema("file.xsd")
    return (
        Filer(settings, settings.card_form, schema("card_form.xsd"), file, signer),
        Filer(settings, settings.file_form, schema("file_form.xsd"), file, signer),
    )


def _operations(desk: Desk, line: Line) -> list[Operation]:
    appends = partial(Operation, effect="appends", seconds=2 * (line.connect + line.answer))

    def question(name: str, title: str, sheet: str, call: Callable[[Desk, Call], Answer]) -> Operation:
        return appends(
            name=name, title=title, sheet=f"insurance/{sheet}", call=partial(call, desk), repeatable=True
        )

    return [
        appends(
            name="request_card",
            title="Đề nghị cấp thẻ BHYT trẻ em (gửi hồ sơ)",
            sheet="insurance/card_request",
            call=partial(writing.request_card, desk),
            lookup=partial(writing.was_handed_in, desk),
            key=writing.file_key,
        ),
        appends(
            name="submit_file",
            title="Gửi hồ sơ bảo hiểm",
            sheet="insurance/file",
            call=partial(writing.submit_file, desk),
            lookup=partial(writing.was_handed_in, desk),
            key=writing.file_key,
        ),
        appends(
            name="add_supplement",
            title="Bổ sung hồ sơ",
            sheet="insurance/supplement_answer",
            call=partial(writing.add_supplement, desk),
            lookup=partial(writing.supplement_is_there, desk),
            key=partial(writing.supplement_key, desk),
        ),
        appends(
            name="cancel_card",
            title="Hủy hồ sơ",
            sheet="insurance/cancel",
            call=partial(writing.cancel_card, desk),
            lookup=partial(writing.is_cancelled, desk),
        ),
        question("query_card", "Hỏi kết quả cấp thẻ", "query", writing.query_card),
        question("query_file", "Hỏi kết quả hồ sơ", "query", writing.query_file),
        question("check_card", "Kiểm tra thẻ BHYT", "card_question", writing.check_card),
        question(
            "find_participant", "Tra cứu người tham gia", "participant_question", writing.find_participant
        ),
    ]


TYPE = AdapterType(
    name="insurance",
    title=TITLE,
    settings=InsuranceSettings,
    messages={
        "insurance.card_result": "insurance/card_result",
        "insurance.card_check": "insurance/card_check",
        "insurance.participant": "insurance/participant",
        "insurance.file_result": "insurance/file_result",
        "insurance.supplement_request": "insurance/supplement_request",
    },
    operations=(
        "request_card",
        "submit_file",
        "add_supplement",
        "cancel_card",
        "query_card",
        "query_file",
        "check_card",
        "find_participant",
    ),
    build=Insurance,
)
