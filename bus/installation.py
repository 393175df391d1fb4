"""One installation: everything that `settings.toml` may say, and reading it with all its mistakes at once.

What a later release acts upon (`NOT_YET`) is refused now: a setting that is silently ignored is a lie.
"""

import copy
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from bus.agency_settings import AgencySettings
from bus.broker_settings import Broker
from bus.calendar import WorkingCalendar
from bus.errors import ConfigurationError
from bus.links import KEY_NAME, SHORTEST_KEY
from bus.peer_settings import ConnectorSettings, Retry
from bus.retention_settings import Rules
from bus.settings import (
    Address,
    Fault,
    Hours,
    LedgerUrl,
    Reading,
    ScannerUrl,
    Seconds,
    Secret,
    Section,
    Size,
    Url,
    Variant,
    says,
    with_password,
)
from bus.watching_settings import Oidc, Traces
from mappings.source import Keys, ProblemsError, Source, did_you_mean, read_file

YEAR = 31_536_000
"""Seconds of a year of settings."""

NOT_YET: tuple[Keys, ...] = (("installation", "language"),)
"""Settings of later releases; "*" stands for every name."""


class Identity(Section, frozen=True, kw_only=True):
    """[installation]: who we are."""

    name: Annotated[str, says("a short name in small letters, for logs and what we say of ourselves")]
    title: Annotated[str, says("the name for people")] = "Liên Thông"
    agency: Annotated[str, says("our agency code, QĐ 20 order", vi="mã đơn vị")]
    old_agency: Annotated[str, says("the same, QCVN 102 order; empty where there is none")] = ""
    environment: Annotated[
        Literal["production", "rehearsal"], says("demo, simulate and drill refuse to run in production")
    ] = "production"
    data: Annotated[Path, says("the folder of ledger, files and backups")] = Path(".lienthong")
    free_disk: Annotated[
        Size,
        says(
            "with less free below `data` nothing is taken in or sent; 0 B is no floor",
            vi="mức đĩa trống tối thiểu",
        ),
    ] = Size("200 MB")
    stop_within: Annotated[
        Seconds,
        says("what a stop may take; what cannot be written by then is found at the next start", least=1),
    ] = Seconds("3 minutes")


class Ledger(Section, frozen=True, kw_only=True):
    """[ledger]: where what we promised is kept."""

    url: Annotated[LedgerUrl, says("the database; SQLite serves one process, its file lies in `data`")] = (
        LedgerUrl("sqlite:///ledger.db")
    )
    password: Annotated[Secret | None, says("the database user's password")] = None
    wait_at_start: Annotated[Seconds, says("how long a start waits for the database's server")] = Seconds(
        "30 seconds"
    )

    def address(self, data: Path) -> str:
        """Give the whole URL, password included; a relative SQLite file lies in the folder `data`."""
        if self.url.embedded:
            return f"sqlite:///{data / self.url.removeprefix('sqlite:///')}"
        return with_password(self.url, self.password)


class Door(Section, frozen=True, kw_only=True):
    """[listen.NAME]: where one kind of visitor is let in."""

    address: Annotated[Address | None, says("where to listen; empty closes the door")] = None
    certificate: Annotated[Path | None, says("TLS certificate chain, PEM", must_exist=True)] = None
    key: Annotated[Path | None, says("its key, PEM", must_exist=True)] = None
    body_limit: Annotated[Size, says("the largest request", least=1)] = Size("20 MB")

    def faults(self) -> Iterator[Fault]:
        """Certificate and key come together."""
        if (self.certificate is None) != (self.key is None):
            given, lacks = ("certificate", "key") if self.certificate else ("key", "certificate")
            yield Fault(given, f'"{given}" needs "{lacks}" beside it')


class Listen(Section, frozen=True, kw_only=True):
    """[listen]: the doors, each with its own network."""

    intake: Annotated[Door, says("peers and agencies")] = Door()
    metrics: Annotated[
        Door, says("Prometheus and health; each `worker` takes the next free port", vi="cửa số liệu")
    ] = Door()
    console: Annotated[Door, says("people on duty, in a browser")] = Door()


class Files(Section, frozen=True, kw_only=True):
    """[files]: attachments by content, and the links under which peers fetch them."""

    folder: Annotated[Path | None, says("where they lie; empty: the folder files in `data`")] = None
    limit: Annotated[Size, says("the largest file", least=1)] = Size("200 MB")
    dossier_limit: Annotated[
        Size, says("all files of one dossier together; what brings more is refused", least=1)
    ] = Size("2 GB")
    scan: Annotated[
        ScannerUrl | None,
        says("a clamd that looks into every file before it is kept; empty: none", vi="quét mã độc"),
    ] = None
    public_url: Annotated[
        Url | None,
        says("where peers fetch them: what reaches /files of the intake door; empty: files get no links"),
    ] = None
    link_keys: Annotated[
        dict[str, Secret],
        says("what signs links, by name; the first signs, all are believed", vi="khóa ký liên kết"),
    ] = msgspec.field(default_factory=dict)
    link_lives: Annotated[
        Seconds,
        says(
            "how long a link holds; renewed at half of it",
            vi="thời hạn liên kết",
            least=YEAR,
            most=100 * YEAR,
        ),
    ] = Seconds("10 years")

    def place(self, data: Path) -> Path:
        """Give the folder of the files; by itself it lies in the folder `data`."""
        return self.folder or data / "files"

    def faults(self) -> Iterator[Fault]:
        """Links need an address and a key; a key has a name for links and is too long to be guessed."""
        if self.public_url and not self.link_keys:
            hint = 'Write link_keys = { k1 = "${LIENTHONG_LINK_KEY}" }'
            yield Fault("public_url", '"public_url" needs a key that signs links', hint)
        if self.link_keys and not self.public_url:
            yield Fault("link_keys", '"link_keys" need "public_url" beside them')
        if self.public_url and (self.public_url.endswith("/") or "?" in self.public_url):
            yield Fault(
                "public_url",
                '"public_url" has a / or a query at its end',
                "Take it off: links go on from here",
            )
        for name, key in self.link_keys.items():
            if not KEY_NAME.fullmatch(name):
                yield Fault(f"link_keys.{name}", f'"{name}" is no name of a key: small letters, digits, _ -')
            if len(key.reveal()) < SHORTEST_KEY:
                hint = "`openssl rand -hex 32` makes a good one"
                yield Fault(f"link_keys.{name}", f'"{name}" is shorter than {SHORTEST_KEY} characters', hint)


class Tables(Section, frozen=True, kw_only=True):
    """[tables]: the installation's dated tables."""

    folder: Annotated[Path | None, says("files here win over shipped ones", must_exist=True)] = None


class Overlay(Section, frozen=True, kw_only=True):
    """[mappings] and [routes]: own sheets and flows, which an upgrade never touches."""

    overlay: Annotated[Path | None, says("the folder; files here hide shipped ones", must_exist=True)] = None


class Console(Section, frozen=True, kw_only=True):
    """[console]: the pages for the person on duty."""

    session_lives: Annotated[
        Seconds, says("after how long one has to sign in again", vi="thời hạn phiên", least=300)
    ] = Seconds("12 hours")
    second_person: Annotated[
        tuple[Literal["edit", "discard"], ...],
        says("what a colleague must confirm", vi="việc cần người thứ hai duyệt"),
    ] = ("edit", "discard")


Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Calendar(Section, frozen=True, kw_only=True):
    """[calendar]: when people work; clocks of legs (`within`) run by it."""

    hours: Annotated[tuple[Hours, ...], says("working hours of a working day", vi="giờ làm việc")] = (
        Hours("07:00-11:00"),
        Hours("13:00-17:00"),
    )
    weekend: Annotated[tuple[Day, ...], says("days of the week that are not worked")] = ("saturday", "sunday")
    days_off: Annotated[
        tuple[date, ...], says("days off beside the public holidays, which are built in", vi="ngày nghỉ")
    ] = ()
    working_days: Annotated[
        tuple[date, ...], says("days worked all the same, against weekend and holidays", vi="ngày làm bù")
    ] = ()

    @property
    def working(self) -> WorkingCalendar:
        """The calendar that these settings describe; raises ValueError where there is none."""
        hours = tuple((each.begin, each.end) for each in self.hours)
        return WorkingCalendar(
            hours, frozenset(self.weekend), frozenset(self.days_off), frozenset(self.working_days)
        )

    def faults(self) -> Iterator[Fault]:
        """Some time is left to work in, hours are in order, and a day is not both off and worked."""
        try:
            _ = self.working
        except ValueError as error:
            yield Fault("weekend" if self.hours and len(set(self.weekend)) == 7 else "hours", str(error))
        for day in sorted(set(self.days_off) & set(self.working_days)):
            yield Fault("working_days", f"{day} is among days_off too")


class Installation(Section, frozen=True, kw_only=True):
    """The whole of settings.toml."""

    installation: Annotated[Identity, says("who we are")]
    ledger: Annotated[Ledger, says("where what we promised is kept")] = Ledger()
    broker: Annotated[Broker, says("RabbitMQ")]
    listen: Annotated[Listen, says("the doors")] = Listen()
    files: Annotated[Files, says("attachments and their links")] = Files()
    tables: Annotated[Tables, says("dated tables")] = Tables()
    mappings: Annotated[Overlay, says("own sheets")] = Overlay()
    routes: Annotated[Overlay, says("own flows")] = Overlay()
    calendar: Annotated[Calendar, says("working time")] = Calendar()
    console: Annotated[Console, says("the pages for people")] = Console()
    oidc: Annotated[Oidc, says("sign-in to the console at a provider")] = Oidc()
    traces: Annotated[Traces, says("OpenTelemetry")] = Traces()
    retention: Annotated[Rules, says("how long personal data stay")] = Rules()
    retry: Annotated[Retry, says("the default schedule")] = Retry()
    connectors: Annotated[dict[str, ConnectorSettings], says("the peers, by name")] = msgspec.field(
        name="connector", default_factory=dict
    )
    agencies: Annotated[
        tuple[AgencySettings, ...], says("who may hand dossiers in at the intake door and follow them")
    ] = msgspec.field(name="agency", default=())

    def faults(self) -> Iterator[Fault]:
        """There is a peer, links lead to an open door, no two of a type serve the same agency.

        A dossier has one home per type.
        """
        if not self.connectors:
            yield Fault("connector", "there is no peer", 'Add [connector.NAME] with type = "…"')
        if self.files.public_url and self.listen.intake.address is None:
            hint = "Give [listen.intake] an address"
            yield Fault(
                "files.public_url", '"public_url" leads to the intake door, which has no address', hint
            )
        yield from self._agency_faults()
        homes: dict[tuple[str, str], str] = {}
        for name, peer in self.connectors.items():
            for agency in peer.serves or ("",):
                other = homes.setdefault((peer.type, agency), name)
                if other != name:
                    who = f'"{agency}"' if agency else "every agency"
                    yield Fault(f"connector.{name}.serves", f'"{other}" of the same type serves {who} too')

    def _agency_faults(self) -> Iterator[Fault]:
        """Agencies have a door, and each its own code and its own key."""
        if self.agencies and self.listen.intake.address is None:
            what = '"agency" comes in at the intake door, which has no address'
            yield Fault("agency.0", what, "Give [listen.intake] an address")
        if self.listen.intake.certificate is None:
            for number, each in enumerate(self.agencies):
                if each.client_certificate:
                    what = "the intake door has no TLS, so nobody can show a certificate"
                    yield Fault(f"agency.{number}.client_certificate", what, "Give [listen.intake] one")
        seen: set[object] = set()
        for number, each in enumerate(self.agencies):
            key = each.key.origin if each.key else None
            for name, value in (("code", each.code), ("key", key)):
                if value is not None and (name, value) in seen:
                    yield Fault(f"agency.{number}.{name}", f'another agency has this "{name}"')
                seen.add((name, value))


def read_installation(
    where: Path | Source, types: Mapping[str, type[Section]], env: Mapping[str, str]
) -> Installation:
    """Read and check a settings file. `types` are the known adapter types with their settings.

    Relative paths and "file:" secrets start at the file's folder; "${NAME}" is looked up in `env`. Raises
    `ConfigurationError` with every problem as `file:line:column: what. hint`. May be repeated.
    """
    try:
        source = where if isinstance(where, Source) else read_file(where)
    except ProblemsError as error:
        raise ConfigurationError(error.problems) from None
    reading = Reading(source, Path(source.file).parent, env, _variant(types, source))
    raw = _supported(source.value, reading)
    installation = reading.section(Installation, raw, ())
    reading.finish()
    assert installation is not None  # noqa: S101 - for mypy: without a problem there is an installation
    return installation


def _supported(value: dict[str, Any], reading: Reading) -> dict[str, Any]:
    """Note what is not supported yet, and leave it out so that it is not also called unknown."""
    kept = copy.deepcopy(value)
    for path in NOT_YET:
        for found, holder in list(_found(kept, path)):
            del holder[str(found[-1])]
            name = ".".join(map(str, found))
            reading.note(found, f'"{name}" is not supported yet', "Take it out", of="key")
    return kept


def _found(table: object, path: Keys) -> Iterator[tuple[Keys, dict[str, Any]]]:
    """Find each way that a path with "*" stands for, with the table that its last key is in."""
    if not isinstance(table, dict):
        return
    for key in list(table) if path[0] == "*" else [path[0]] if path[0] in table else []:
        if len(path) == 1:
            yield (key,), table
        else:
            yield from (((key, *found), holder) for found, holder in _found(table[key], path[1:]))


def _variant(types: Mapping[str, type[Section]], source: Source) -> Variant:
    """Give a connector's table the settings of its type, and [retry] as what its own falls back to."""
    quiet = Reading(source, Path(), {})
    common = quiet.section(Retry, source.value.get("retry", {}), ("retry",)) or Retry()

    def choose(
        reading: Reading, kind: type[Section], raw: Mapping[str, Any], path: Keys
    ) -> tuple[type[Section], Mapping[str, Any]] | None:
        if kind is not ConnectorSettings:
            return kind, {}
        _check_name(reading, path)
        own = _settings_of(types, raw, reading, path)
        return (own, {"retry": common}) if own else None

    return choose


def _check_name(reading: Reading, path: Keys) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", str(path[-1])):
        what = f'"{path[-1]}" is no name of a connector'
        reading.note(path, what, "Small letters, digits and _, a letter first", of="key")


def _settings_of(
    types: Mapping[str, type[Section]], raw: Mapping[str, Any], reading: Reading, path: Keys
) -> type[Section] | None:
    named = raw.get("type")
    known = f"Known: {', '.join(sorted(types))}"
    if not isinstance(named, str):
        reading.note(path, f'"{path[-1]}" lacks its type', f'Write type = "…". {known}')
        return None
    if named not in types:
        near = did_you_mean(named, types)
        hint = f'Did you mean "{near}"?' if near else known
        reading.note((*path, "type"), f'there is no adapter type "{named}"', hint)
        return None
    if not issubclass(types[named], ConnectorSettings):
        raise TypeError(f"the settings of adapter type {named} must extend ConnectorSettings")
    return types[named]
