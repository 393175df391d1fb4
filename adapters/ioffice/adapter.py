"""iOffice and the document exchange axis (trục liên thông văn bản) as an adapter type."""

import io
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from adapters._kit.http import Http, Line
from adapters._kit.probe import network_layers, probe
from adapters._kit.reach import line_of
from adapters._kit.soap_contract import Contract
from adapters._kit.wordings import Wording, read_wordings
from adapters.ioffice import sending
from adapters.ioffice.client import AxisClient
from adapters.ioffice.edoc import OPERATIONS, EDocClient
from adapters.ioffice.edxml import NoFiles, PackageError, read_package
from adapters.ioffice.outgoing import Axis
from adapters.ioffice.received import Box, Kind
from adapters.ioffice.sending import Desk
from adapters.ioffice.settings import TEXTS, WSDL, IOfficeSettings
from adapters.ioffice.status_order import ORDER
from adapters.ioffice.traces import Traces
from bus.errors import DeliveryError
from bus.ports import (
    AdapterType,
    Answer,
    Call,
    Deadline,
    Decision,
    Files,
    Operation,
    Page,
    Poll,
    Probe,
    Tree,
    Webhook,
)
from bus.views import ListedAgency

TITLE = "iOffice, trục liên thông văn bản"
GIVEN_BACK = Decision("ioffice.document_status", {"status": "agreed"}, {"status": "not_agreed"})
"""Codes 15 and 16: whether the recipient gives a document back (QCVN 102:2016)."""
_TITLES: Mapping[Kind, tuple[str, str]] = {
    "edoc": ("documents", "Văn bản đến"),
    "status": ("statuses", "Trạng thái văn bản"),
}
_NOBODY = "00000000-0000-0000-0000-000000000000"


class IOffice:
    """One connection centre on the axis at work."""

    def __init__(self, name: str, settings: IOfficeSettings, files: Files) -> None:
        self.name = name
        self._settings = settings
        self._line = line_of(settings)
        self._http = Http(self._line)
        limits = settings.most.limits()
        soap = _soap(settings, self._http, files) if settings.profile == "soap" else None
        self._client: Axis = soap or AxisClient(settings, self._http, _wordings(settings), files)
        desk = Desk(settings, self._client)
        self.operations: Mapping[str, Operation] = {
            operation.name: operation for operation in _operations(desk, self._line)
        }
        observed = settings.mode == "observe"
        boxes = {
            kind: Box(kind, self._client, files, limits, settings.batch, observed, self._deadline)
            for kind in _TITLES
        }
        fetches: dict[Kind, Callable[..., Page]] = {kind: box.fetch for kind, box in boxes.items()}
        if soap:
            reach = settings.traces
            fetches["status"] = Traces(soap, reach.first, reach.overlap, self._deadline).fetch
        self.polls: tuple[Poll, ...] = tuple(
            Poll(poll, title, settings.poll_every, fetches[kind]) for kind, (poll, title) in _TITLES.items()
        )
        self.webhooks: tuple[Webhook, ...] = ()

    def probe(self) -> Iterator[Probe]:
        """Ask layer by layer: name, connection, TLS, signature, form of the list, a package of nobody."""
        return probe(
            [
                *network_layers(self._settings.endpoint, self._line),
                ("login", self._login),
                ("schema", self._schema),
                ("echo", self._echo),
            ]
        )

    def ping(self) -> None:
        """Count what waits; raises `DeliveryError`s."""
        self._client.count(self._deadline())

    def share(self, part: float) -> None:
        """Keep to this part of the connector's rate; may be repeated."""
        self._http.share(part)

    def close(self) -> None:
        """Give back connections; may be repeated."""
        self._http.close()

    def _deadline(self) -> Deadline:
        """Time for one call."""
        return Deadline(time.monotonic() + self._line.connect + self._line.answer)

    def agencies(self) -> list[ListedAgency]:
        """Every agency that the axis knows (`bus.ports.ListsAgencies`)."""
        return self._client.agencies(self._deadline())

    def _login(self) -> str:
        return self._client.login(self._deadline())

    def _schema(self) -> str:
        rows = self._client.received("edoc", self._deadline())
        return f"the list answers with rows ({len(rows)})"

    def _echo(self) -> str:
        with tempfile.TemporaryFile() as nothing:
            try:
                self._client.fetch(_NOBODY, nothing, self._deadline())
            except DeliveryError as error:
                return f"a docId that nobody has is refused ({error.code})"
        return "the axis gives something for every docId"


def _wordings(settings: IOfficeSettings) -> tuple[Wording, ...]:
    return read_wordings(settings.texts or TEXTS)


def _soap(settings: IOfficeSettings, http: Http, files: Files) -> EDocClient:
    """Read the contract and what it must have; raises `ConfigurationError`."""
    contract = Contract(settings.wsdl or WSDL)
    contract.has(OPERATIONS)
    return EDocClient(settings, contract, http, _wordings(settings), files)


def _operations(desk: Desk, line: Line) -> list[Operation]:
    seconds = line.connect + line.answer + 5
    shown = desk.settings.profile == "vxp" and desk.settings.sent_list != "none"
    asked = desk.document_is_there if shown else None
    appends: Literal["appends"] = "appends"
    return [
        Operation(
            name="send_document",
            title="Gửi văn bản (sendEdoc)",
            sheet="ioffice/document",
            effect=appends,
            call=desk.send_document,
            lookup=asked,
            key=sending.document_key,
            seconds=seconds,
        ),
        Operation(
            name="send_dossier",
            title="Gửi hồ sơ một cửa như văn bản (MCDT_DT)",
            sheet="ioffice/dossier",
            effect=appends,
            call=desk.send_document,
            lookup=asked,
            repeatable=desk.settings.profile == "soap",  # a new document that is there is refused (4)
            key=sending.document_key,
            seconds=seconds,
        ),
        *(
            Operation(
                name=name,
                title=title,
                sheet="ioffice/dossier",
                effect=appends,
                call=call,
                key=key,
                seconds=seconds,
            )
            for name, title, call, key in _changes(desk)
        ),
        *_statuses(desk, seconds),
    ]


def _statuses(desk: Desk, seconds: float) -> list[Operation]:
    """What is said of documents, ours and others'."""
    appends: Literal["appends"] = "appends"
    return [
        Operation(
            name="send_status",
            title="Gửi trạng thái văn bản, yêu cầu lấy lại",
            sheet="ioffice/status",
            effect=appends,
            call=desk.send_status,
            key=sending.status_key,
            seconds=seconds,
            order=ORDER,
        ),
        Operation(
            name="ask_back",
            title="Yêu cầu lấy lại hồ sơ đã gửi (mã 13)",
            sheet="ioffice/ask_back",
            effect=appends,
            call=desk.ask_back,
            key=sending.ask_back_key,
            seconds=seconds,
            decided_by=GIVEN_BACK,
        ),
        Operation(
            name="answer_ask_back",
            title="Trả lời yêu cầu lấy lại văn bản (mã 15, 16)",
            sheet="ioffice/answer_ask_back",
            effect=appends,
            call=desk.answer_ask_back,
            key=sending.status_key,
            seconds=seconds,
        ),
    ]


def _changes(desk: Desk) -> Iterator[tuple[str, str, Callable[[Call], Answer], Callable[[Tree], str]]]:
    """What is said of a dossier's document after it was sent (business types 1 to 3)."""
    yield "update_dossier", "Cập nhật hồ sơ đã gửi (loại 2)", desk.update_dossier, sending.update_key
    yield "replace_dossier", "Thay thế hồ sơ đã gửi (loại 3)", desk.replace_dossier, sending.replacement_key
    yield "revoke_dossier", "Thu hồi hồ sơ đã gửi (loại 1)", desk.revoke_dossier, sending.revocation_key


def unpack(raw: bytes) -> Tree:
    """Take a package apart without storing its files; raises ValueError with every problem."""
    try:
        return read_package(io.BytesIO(raw), NoFiles()).tree
    except PackageError as error:
        raise ValueError("\n".join(map(str, error.problems))) from None


TYPE = AdapterType(
    name="ioffice",
    title=TITLE,
    settings=IOfficeSettings,
    messages={
        "ioffice.document": "ioffice/document",
        "ioffice.document_status": "ioffice/status",
    },
    operations=(
        "send_document",
        "send_dossier",
        "update_dossier",
        "replace_dossier",
        "revoke_dossier",
        "send_status",
        "ask_back",
        "answer_ask_back",
    ),
    build=IOffice,
    unpack=unpack,
    uses_files=True,
)
