"""What an installation says about its portal (Cổng DVCQG); a key without a default is SET."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from bus.peer_settings import ConnectorSettings
from bus.settings import Fault, Network, Seconds, Secret, Section, Url, says


class Paths(Section, frozen=True, kw_only=True):
    """Where the operations lie behind the X-Road adapter, as the portal's operator gives them [V S21, M]."""

    login: Annotated[str, says("path of log-in")] = "mapi/login"
    write: Annotated[str, says("path of record, progress and look-up services (integration)")] = "mapi/g"
    share: Annotated[str, says("path of shared lists")] = "mapi/g"


class Search(Section, frozen=True, kw_only=True):
    """How dossiers submitted on the portal are found; names of parameters are ours [I]."""

    on: Annotated[bool, says("whether the portal is asked for submitted dossiers")] = True
    every: Annotated[Seconds, says("how often", least=0.05)] = Seconds("20 seconds")
    overlap: Annotated[Seconds, says("how far each search goes back, for rows that commit late")] = Seconds(
        "2 minutes"
    )
    since: Annotated[str, says("from when at the very first, yyyyMMddHHmmss", vi="từ thời điểm")] = (
        "20250701000000"
    )
    rows: Annotated[int, says("rows of a page", unit="rows", least=1, most=1000)] = 50
    service: Annotated[str, says("its service")] = "TraCuuHoSo"
    begins: Annotated[str, says("parameter: changed from")] = "tungay"
    ends: Annotated[str, says("parameter: changed until")] = "denngay"
    page: Annotated[str, says("parameter: page, from 1")] = "trang"
    size: Annotated[str, says("parameter: rows of a page")] = "soluong"
    changed: Annotated[str, says("field of a row: when it changed")] = "NGAYCAPNHAT"
    progress: Annotated[str, says("field of a row: its progress; empty: the portal shows none")] = (
        "DANHSACHTIENDO"
    )
    citizen: Annotated[str, says("NguoiXuLy of progress that citizens make themselves")] = "Công dân"


class Catalogue(Section, frozen=True, kw_only=True):
    """Reading the catalogue of procedures (thủ tục hành chính)."""

    on: Annotated[bool, says("whether the catalogue is read")] = False
    every: Annotated[Seconds, says("how often", least=1)] = Seconds("1 day")
    at_once: Annotated[int, says("procedures read in one go", unit="procedures", least=1, most=500)] = 25


class Inbound(Section, frozen=True, kw_only=True):
    """The portal calls us; how it proves who it is is not documented, so both are ours [I]."""

    allow: Annotated[tuple[Network, ...], says("networks it calls from; none: any")] = ()
    header: Annotated[str, says("header that carries its key")] = "X-Lienthong-Key"
    key: Annotated[Secret | None, says("that key; absent: the portal cannot call us")] = None
    dossier: Annotated[str, says("service: a dossier was submitted")] = "NhanHoSo"
    supplement: Annotated[str, says("service: a supplement was handed in")] = "NhanHoSoBoSung"
    withdrawal: Annotated[str, says("service: a dossier was withdrawn")] = "NhanYeuCauRutHoSo"
    payment: Annotated[str, says("service: a tax notice was paid")] = "nhantbthuedvcqg"


class PortalSettings(ConnectorSettings, frozen=True, kw_only=True):
    """[connector.NAME] type = "national_portal"."""

    adapter_url: Annotated[Url, says("the X-Road adapter on the private network", vi="adapter VDXP")]
    madonvi: Annotated[str, says("our organisation's code, QCVN 102 order", vi="mã đơn vị")]
    username: Annotated[str, says("account on the portal")]
    password: Annotated[Secret, says("its password")]
    dstcode: Annotated[str, says("who is called: INSTANCE:CLASS:MEMBER:SUBSYSTEM")] = (
        "VN:GOV:000.00.00.G22:vpcpdvcprovider"
    )
    dstcode_in: Annotated[
        tuple[Literal["header", "query"], ...], says("where dstcode stands; sources differ")
    ] = ("header", "query")
    xroad_client: Annotated[str, says("X-Road-Client; only where we speak to a security server itself")] = ""
    paths: Annotated[Paths, says("paths behind the adapter")] = Paths()
    login_lives: Annotated[Seconds, says("how long a session is used; not documented", least=1)] = Seconds(
        "10 minutes"
    )
    texts: Annotated[
        Path | None, says("table (CSV) of the portal's wordings; empty: the shipped one", must_exist=True)
    ] = None
    refusal_code: Annotated[
        Literal["5", "11"], says("TrangThai of DongBoTrangThaiHoSo that says no; sources differ")
    ] = "11"
    search: Annotated[Search, says("submitted dossiers")] = Search()
    catalogue: Annotated[Catalogue, says("the catalogue")] = Catalogue()
    inbound: Annotated[Inbound, says("its calls to us")] = Inbound()
    told_differently: Annotated[
        tuple[str, ...],
        says("fields in which its push and its search differ though the citizen changed nothing"),
    ] = ()
    also_follows: Annotated[
        tuple[str, ...],
        says('moves between statuses that this portal allows beyond the usual order, like "9>4"'),
    ] = ()
    ca: Annotated[Path | None, says("whose certificates we accept; empty: the system's", must_exist=True)] = (
        None
    )
    certificate: Annotated[Path | None, says("our certificate for mTLS, PEM", must_exist=True)] = None
    key: Annotated[Path | None, says("its key, PEM", must_exist=True)] = None

    def faults(self) -> Iterator[Fault]:
        """What belongs together comes together."""
        for move in self.also_follows:
            if not re.fullmatch(r"\d+>\d+", move):
                yield Fault("also_follows", f"{move} is no move", 'Write two statuses like "9>4"')
        if not self.dstcode_in:
            yield Fault("dstcode_in", "is empty", 'Write ["header", "query"] or one of them')
        if len(self.search.since) != 14 or not self.search.since.isdigit():
            yield Fault("search", "since must be a time as yyyyMMddHHmmss", 'Like "20250701000000"')
        if (self.certificate is None) != (self.key is None):
            yield Fault("certificate", "certificate and key come together")
