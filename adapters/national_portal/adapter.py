"""The National Public Service Portal (Cổng Dịch vụ công quốc gia) as an adapter type."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from adapters._kit.http import Http
from adapters._kit.probe import network_layers, probe
from adapters._kit.reach import line_of
from adapters._kit.schema import checker, read_schema
from adapters._kit.wordings import read_wordings
from adapters.national_portal import listing, pushed, writing
from adapters.national_portal.client import PortalClient
from adapters.national_portal.procedures import Procedures
from adapters.national_portal.pushed import Pushed
from adapters.national_portal.settings import PortalSettings
from adapters.national_portal.spelling import spellings
from adapters.national_portal.status_order import order
from adapters.national_portal.submitted import Submitted
from adapters.national_portal.writing import Desk
from bus.ports import AdapterType, Deadline, Incoming, Operation, Poll, Probe, Webhook
from bus.views import Listed

TITLE = "Cổng Dịch vụ công quốc gia"
_HERE = Path(__file__).parent
_MORE_NAMES = {"DANHSACHTIENDO": "DanhSachTienDo", "THONGTINDANOP": "ThongTinDaNop"}
"""Fields of a search that no schema of ours for writing has."""


class Portal:
    """One account on the portal at work."""

    shown_by = "sync_record"
    steps_by = "add_progress"

    def __init__(self, name: str, settings: PortalSettings) -> None:
        self._settings = settings
        self._line = line_of(settings)
        self._http = Http(self._line)
        wordings = read_wordings(settings.texts or _HERE / "texts.csv")
        self._client = PortalClient(settings, self._http, wordings)
        record, progress = (read_schema(_HERE / "schemas" / f"{one}.json") for one in ("record", "progress"))
        names = spellings([record, progress]) | _MORE_NAMES
        desk = Desk(settings, name, self._client, names, checker(record), checker(progress))
        self.operations: Mapping[str, Operation] = {
            operation.name: operation for operation in _operations(desk, record, progress)
        }
        differ = frozenset(settings.told_differently)
        self._submitted = Submitted(self._client, settings.search, names, self._deadline, differ)
        self.polls: tuple[Poll, ...] = tuple(self._polls())
        self.webhooks: tuple[Webhook, ...] = tuple(_webhooks(settings))

    def probe(self) -> Iterator[Probe]:
        """Ask layer by layer: name, connection, TLS, log-in, form of answers, a look-up of no dossier."""
        return probe(
            [
                *network_layers(self._settings.adapter_url, self._line),
                ("login", self._login),
                ("schema", self._schema),
                ("echo", self._echo),
            ]
        )

    def ping(self) -> None:
        """Look up a dossier that cannot be: shows facade, session and portal; raises `DeliveryError`s."""
        self._client.find(self._nobody(), self._deadline())

    def share(self, part: float) -> None:
        """Keep to this part of the connector's rate; may be repeated."""
        self._http.share(part)

    def close(self) -> None:
        """Give back connections; may be repeated."""
        self._http.close()

    def reread(self, number: str) -> tuple[Incoming, ...]:
        """Tell again what a dossier's citizen did; raises `DeliveryError`s."""
        return self._submitted.reread(number)

    def shown(self, number: str) -> Listed | None:
        """Give the status that the portal shows of a dossier; raises `DeliveryError`s."""
        one = self._submitted
        return listing.shown(self._client, one.search, one.names, number, self._deadline)

    def lost_steps(self, keys: Collection[str]) -> tuple[str, ...] | None:
        """Tell which rows of progress the portal does not show; raises `DeliveryError`s."""
        one = self._submitted
        return listing.lost_steps(self._client, one.search, one.names, keys, self._deadline)

    def _polls(self) -> Iterator[Poll]:
        search, catalogue = self._settings.search, self._settings.catalogue
        if search.on:
            yield Poll("submitted", "Hồ sơ nộp trên Cổng", search.every, self._submitted.fetch)
        if catalogue.on:
            procedures = Procedures(self._client, catalogue.at_once, self._deadline)
            yield Poll("procedures", "Danh mục thủ tục", catalogue.every, procedures.fetch)

    def _deadline(self) -> Deadline:
        """Time for a log-in and a question."""
        return Deadline(time.monotonic() + 2 * (self._line.connect + self._line.answer))

    def _nobody(self) -> str:
        return f"{self._settings.madonvi}-000101-0000"

    def _login(self) -> str:
        self._client.login(self._deadline())
        return f"logged in as {self._settings.username}"

    def _schema(self) -> str:
        self._client.read("TraCuuHoSo", {"mahoso": self._nobody()}, self._deadline())
        return "answers have error_code, message and result"

    def _echo(self) -> str:
        found = self._client.find(self._nobody(), self._deadline())
        return "a number that nobody has is not found" if found is None else "the portal knows every number"


class SearchedPortal(Portal):
    """A portal whose search lists what was submitted there."""

    listed_kind = "national_portal.dossier"

    def listed(self, since: datetime) -> Iterator[Listed]:
        """List what changed from `since` on; raises `DeliveryError`s."""
        return listing.listed(self._submitted, since)

    def read_listed(self, raw: bytes) -> Listed:
        """Read a kept submission as the search shows it; raises ValueError."""
        return listing.read_listed(raw, self._submitted.names)


def _portal(name: str, settings: PortalSettings) -> Portal:
    return SearchedPortal(name, settings) if settings.search.on else Portal(name, settings)


def _operations(desk: Desk, record: Mapping[str, object], progress: Mapping[str, object]) -> list[Operation]:
    once = desk.settings.timeout.connect + desk.settings.timeout.answer
    shown, also = bool(desk.settings.search.progress), desk.settings.also_follows
    return [
        Operation(
            name="sync_record",
            title="Đồng bộ hồ sơ (DongBoHoSoMC)",
            sheet="national_portal/record",
            effect="replaces",
            call=partial(writing.sync_record, desk),
            lookup=partial(writing.record_is_there, desk),
            schema=record,
            seconds=3 * once,
            order=order("TrangThaiHoSo", also),
        ),
        Operation(
            name="add_progress",
            title="Cập nhật tiến độ (CapNhatTienDoHoSoMC)",
            sheet="national_portal/progress",
            effect="appends",
            call=partial(writing.add_progress, desk),
            lookup=partial(writing.progress_is_there, desk) if shown else None,
            key=writing.progress_key,
            schema=progress,
            seconds=3 * once,
            order=order("TrangThai", also),
        ),
        Operation(
            name="set_status",
            title="Đồng bộ trạng thái hồ sơ nộp trên Cổng (DongBoTrangThaiHoSo)",
            sheet="national_portal/progress",
            effect="appends",
            call=partial(writing.set_status, desk),
            lookup=partial(writing.status_is_there, desk) if shown else None,
            key=writing.progress_key,
            schema=progress,
            seconds=3 * once,
            order=order("TrangThai", also),
        ),
    ]


def _webhooks(settings: PortalSettings) -> Sequence[Webhook]:
    if settings.inbound.key is None:
        return ()
    door = Pushed(settings.inbound, frozenset(settings.told_differently))
    return (
        Webhook(
            name="push",
            title="Cổng gửi hồ sơ, bổ sung, yêu cầu rút, thanh toán",
            path="push",
            receive=door.receive,
            accepted=pushed.accepted,
            repeated=pushed.repeated,
            rejected=pushed.rejected,
            unavailable=pushed.unavailable,
        ),
    )


TYPE = AdapterType(
    name="national_portal",
    title=TITLE,
    settings=PortalSettings,
    messages={
        "national_portal.dossier": "national_portal/submission",
        "national_portal.supplement": "national_portal/supplement",
        "national_portal.withdrawn": "national_portal/withdrawal",
        "national_portal.payment": "national_portal/payment",
        "national_portal.procedure": "national_portal/procedure",
    },
    operations=("sync_record", "add_progress", "set_status"),
    build=_portal,
)
