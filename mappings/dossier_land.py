"""Land (đất đai) and the slip that carries its facts to the tax office (phiếu chuyển thông tin)."""

from datetime import date, datetime
from decimal import Decimal

from mappings.dossier_parts import Document, Party, Place
from mappings.message import Message, Part


class Parcel(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A parcel (thửa đất); `until` is the end of the term of use, absent where it is long-term."""

    number: str | None = None
    map_sheet: str | None = None
    place: Place | None = None
    area_m2: Decimal | None = None
    purpose: str | None = None
    origin: str | None = None
    until: date | None = None


class House(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A house or other property on land (nhà và tài sản gắn liền với đất); `built` is a year."""

    place: Place | None = None
    area_m2: Decimal | None = None
    grade: str | None = None
    built: int | None = None


class LandTransfer(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A transfer of the right of use (chuyển nhượng, thừa kế, tặng cho); `price` in đồng."""

    from_party: Party
    to_party: Party
    contract_on: date | None = None
    price: int | None = None


class Land(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Who uses which land, what stands on it, and how it changes hands."""

    users: tuple[Party, ...] = ()
    parcels: tuple[Parcel, ...] = ()
    houses: tuple[House, ...] = ()
    transfer: LandTransfer | None = None
    exemptions: str | None = None


class Certificate(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A land certificate (giấy chứng nhận quyền sử dụng đất)."""

    number: str
    issued_on: date | None = None
    issued_by: str | None = None


class InformationSlip(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Phiếu chuyển thông tin: what the tax office needs to fix a financial obligation.

    `number` is the slip's own, unique within the dossier. `debt_recorded` asks that the levy be recorded as
    a debt (ghi nợ); `received_at` is when the dossier was complete, from when the tax office's days count.
    `documents` are the scanned papers that lie with the tax office, where it was asked for them.
    """

    number: str
    land: Land = Land()
    certificate_no: str | None = None
    approved_on: date | None = None
    approved_by: str | None = None
    request_kind: str | None = None
    dossier_kind: str | None = None
    debt_recorded: bool | None = None
    debt_text: str | None = None
    old_certificate: Certificate | None = None
    received_at: datetime | None = None
    documents: tuple[Document, ...] = ()
