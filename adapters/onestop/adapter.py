"""The provincial one-stop system (hệ thống thông tin giải quyết TTHC, VNPT iGate) as an adapter type."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from adapters._kit.http import Http, Line
from adapters._kit.probe import network_layers, probe
from adapters._kit.reach import line_of
from adapters._kit.schema import checker, read_schema
from adapters.onestop import announced, listing, parts, writing
from adapters.onestop.announced import POLL, Door
from adapters.onestop.changes import Announced, Changes
from adapters.onestop.client import OneStopClient
from adapters.onestop.parts import Part
from adapters.onestop.settings import OneStopSettings
from adapters.onestop.writing import Desk
from bus.ports import AdapterType, Deadline, Incoming, Operation, Poll, Probe, Webhook
from bus.views import Listed

TITLE = "Hệ thống một cửa điện tử"
_SCHEMAS = Path(__file__).with_name("schemas")
PARTS: tuple[tuple[str, str, Part], ...] = (
    ("add_supplement", "Nộp bổ sung", parts.SUPPLEMENT),
    ("withdraw", "Rút hồ sơ", parts.WITHDRAWAL),
    ("add_result", "Thêm giấy tờ kết quả", parts.RESULT),
    ("revoke_result", "Thu hồi giấy tờ kết quả", parts.REVOCATION),
    ("add_step", "Ghi bước xử lý của cơ quan liên thông", parts.STEP),
    ("ask_supplement", "Chuyển yêu cầu bổ sung của cơ quan liên thông", parts.QUESTION),
    ("set_obligation", "Ghi nghĩa vụ tài chính", parts.OBLIGATION),
    ("add_payment", "Ghi chứng từ nộp tiền", parts.PAYMENT),
    ("obligation_met", "Báo đã hoàn thành nghĩa vụ tài chính", parts.MET),
    ("set_ready", "Báo kết quả đã đủ để trả", parts.READY),
    ("hand_over", "Chuyển hồ sơ đến cơ quan có thẩm quyền", parts.HAND_OVER),
    ("result_to_intake", "Chuyển kết quả về nơi tiếp nhận", parts.RETURN),
)
"""What is added to a dossier: operation, its title, the part."""


class OneStop:
    """One account at a one-stop at work."""

    listed_kind = "onestop.dossier"

    def __init__(self, name: str, settings: OneStopSettings) -> None:
        self._settings = settings
        self._line = line_of(settings, readers=settings.readers)
        self._http = Http(self._line)
        self._client = OneStopClient(settings, self._http)
        self._readers = ThreadPoolExecutor(settings.readers, thread_name_prefix=f"{name}-read")
        written = ("create", "update", *(part.schema for _, _, part in PARTS))
        schemas = {one: read_schema(_SCHEMAS / f"{one}.json") for one in written}
        checks = {one: checker(schema) for one, schema in schemas.items()}
        desk = Desk(name, self._client, settings.paths, checks)
        changed = Announced()
        self._changes = Changes(self._client, settings, changed, self._readers, self._deadline)
        self.operations: Mapping[str, Operation] = {
            operation.name: operation for operation in _operations(desk, schemas, self._line)
        }
        self.polls: tuple[Poll, ...] = (
            Poll(POLL, "Hồ sơ thay đổi", settings.poll_every, self._changes.fetch),
        )
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

    def listed(self, since: datetime) -> Iterator[Listed]:
        """List what changed from `since` on, in order of change; raises `DeliveryError`s."""
        return listing.listed(self._client, self._settings.page, since, self._deadline)

    def read_listed(self, raw: bytes) -> Listed:
        """Read a kept dossier as the search shows it; raises ValueError."""
        return listing.read_listed(raw)

    def reread(self, number: str) -> tuple[Incoming, ...]:
        """Tell all of one dossier again, by its code; raises `DeliveryError`s."""
        return self._changes.reread(number)

    def share(self, part: float) -> None:
        """Keep to this part of the connector's rate; may be repeated."""
        self._http.share(part)

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
    create = Operation(
        name="create_dossier",
        title="Tạo hồ sơ nộp trên Cổng",
        sheet="onestop/create",
        effect="appends",
        call=partial(writing.create_dossier, desk),
        lookup=partial(writing.dossier_is_there, desk),
        key=writing.create_key,
        schema=schemas["create"],
        seconds=seconds,
        refusal_status="not_accepted",
    )
    update = Operation(
        name="update_dossier",
        title="Cập nhật hồ sơ",
        sheet="onestop/update",
        effect="replaces",
        call=partial(writing.update_dossier, desk),
        lookup=partial(writing.update_is_there, desk),
        schema=schemas["update"],
        seconds=seconds,
    )
    return [
        create,
        update,
        *(
            _part_operation(desk, name, title, part, schemas[part.schema], seconds)
            for name, title, part in PARTS
        ),
    ]


def _part_operation(
    desk: Desk, name: str, title: str, part: Part, schema: Mapping[str, Any], seconds: float
) -> Operation:
    return Operation(
        name=name,
        title=title,
        sheet=f"onestop/{part.schema}",
        effect="appends" if part.key else "replaces",
        call=partial(part.add, desk),
        lookup=partial(part.is_there, desk),
        key=part.key,
        schema=schema,
        seconds=seconds,
    )


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
        "onestop.result_revoked": "onestop/result",
        "onestop.slip": "onestop/slip",
        "onestop.transfer": "onestop/transfer",
        "onestop.decision_request": "onestop/dossier",
    },
    operations=("create_dossier", "update_dossier", *(name for name, _, _ in PARTS)),
    build=OneStop,
)
