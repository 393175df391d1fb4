"""The provincial one-stop system (hệ thống thông tin giải quyết TTHC, VNPT iGate) as an adapter type."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Literal

from adapters._kit.http import Http, Line
from adapters._kit.probe import network_layers, probe
from adapters._kit.reach import line_of
from adapters._kit.schema import checker, read_schema
from adapters.onestop import announced, writing
from adapters.onestop.announced import POLL, Door
from adapters.onestop.changes import Announced, Changes
from adapters.onestop.client import OneStopClient
from adapters.onestop.settings import OneStopSettings
from adapters.onestop.writing import RESULT, SUPPLEMENT, WITHDRAWAL, Desk
from bus.ports import AdapterType, Answer, Call, Deadline, Operation, Poll, Probe, Sighting, Tree, Webhook

TITLE = "Hệ thống một cửa điện tử"
_SCHEMAS = Path(__file__).with_name("schemas")
_WRITTEN = ("create", "update", "supplement", "withdrawal", "result")


class OneStop:
    """One account at a one-stop at work."""

    def __init__(self, name: str, settings: OneStopSettings) -> None:
        self._settings = settings
        self._line = line_of(settings, readers=settings.readers)
        self._http = Http(self._line)
        self._client = OneStopClient(settings, self._http)
        self._readers = ThreadPoolExecutor(settings.readers, thread_name_prefix=f"{name}-read")
        schemas = {one: read_schema(_SCHEMAS / f"{one}.json") for one in _WRITTEN}
        checks = {one: checker(schema) for one, schema in schemas.items()}
        desk = Desk(name, self._client, settings.paths, checks)
        changed = Announced()
        changes = Changes(self._client, settings, changed, self._readers, self._deadline)
        self.operations: Mapping[str, Operation] = {
            operation.name: operation for operation in _operations(desk, schemas, self._line)
        }
        self.polls: tuple[Poll, ...] = (Poll(POLL, "Hồ sơ thay đổi", settings.poll_every, changes.fetch),)
        self.webhooks: tuple[Webhook, ...] = tuple(_webhooks(settings, changed))

    def probe(self) -> Iterator[Probe]:
        """Ask layer by layer: name, connection, TLS, token, form of the search, one dossier read whole."""
        return probe(
            [
                *network_layers(self._settings.url, self._line),
                ("login", self._login),
                ("schema", self._schema),
                ("echo", self._echo),
            ]
        )

    def ping(self) -> None:
        """Search one row; raises `DeliveryError`s."""
        self._client.search(self._deadline(), page="0", size="1")

    def close(self) -> None:
        """Give back threads and connections; may be repeated."""
        self._readers.shutdown(wait=False, cancel_futures=True)
        self._http.close()

    def _deadline(self) -> Deadline:
        """Time for a token and a question."""
        return Deadline(time.monotonic() + 2 * (self._line.connect + self._line.answer))

    def _login(self) -> str:
        self._client.login(self._deadline())
        return f"a token for {self._settings.client_id}"

    def _schema(self) -> str:
        rows, _ = self._client.search(self._deadline(), page="0", size="1", sort="updatedDate,asc")
        return f"the search answers with rows ({len(rows)})"

    def _echo(self) -> str:
        found = self._client.online("khong-co-ho-so-nay", self._deadline())
        return "an id that nobody has is not found" if found is None else "the one-stop knows every id"


def _operations(desk: Desk, schemas: Mapping[str, Mapping[str, Any]], line: Line) -> list[Operation]:
    seconds = 3 * (line.connect + line.answer)

    def operation(
        name: str,
        title: str,
        sheet: str,
        call: Callable[[Desk, Call], Answer],
        lookup: Callable[[Desk, Call], Sighting],
        key: Callable[[Tree], str] | None,
    ) -> Operation:
        effect: Literal["replaces", "appends"] = "appends" if key else "replaces"
        return Operation(
            name=name,
            title=title,
            sheet=f"onestop/{sheet}",
            effect=effect,
            call=partial(call, desk),
            lookup=partial(lookup, desk),
            key=key,
            schema=schemas[sheet],
            seconds=seconds,
            refusal_status="not_accepted" if name == "create_dossier" else "stopped",
        )

    part, create = writing.part_key, writing.create_key
    return [
        operation(
            "create_dossier",
            "Tạo hồ sơ nộp trên Cổng",
            "create",
            writing.create_dossier,
            writing.dossier_is_there,
            create,
        ),
        operation(
            "update_dossier",
            "Cập nhật hồ sơ",
            "update",
            writing.update_dossier,
            writing.update_is_there,
            None,
        ),
        operation("add_supplement", "Nộp bổ sung", "supplement", SUPPLEMENT.add, SUPPLEMENT.is_there, part),
        operation("withdraw", "Rút hồ sơ", "withdrawal", WITHDRAWAL.add, WITHDRAWAL.is_there, part),
        operation("add_result", "Thêm giấy tờ kết quả", "result", RESULT.add, RESULT.is_there, part),
    ]


def _webhooks(settings: OneStopSettings, changed: Announced) -> Sequence[Webhook]:
    if settings.webhook.secret is None:
        return ()
    door = Door(settings.webhook, changed)
    return (
        Webhook(
            name="changed",
            title="Một cửa báo hồ sơ thay đổi",
            path="changed",
            receive=door.receive,
            accepted=announced.accepted,
            repeated=announced.accepted,
            rejected=announced.rejected,
            unavailable=announced.unavailable,
        ),
    )


TYPE = AdapterType(
    name="onestop",
    title=TITLE,
    settings=OneStopSettings,
    messages={
        "onestop.dossier": "onestop/dossier",
        "onestop.step": "onestop/step",
        "onestop.supplement": "onestop/supplement",
        "onestop.withdrawn": "onestop/withdrawal",
        "onestop.result": "onestop/result",
    },
    operations=("create_dossier", "update_dossier", "add_supplement", "withdraw", "add_result"),
    build=OneStop,
)
