"""What canonical messages are about: persons, places, files, documents. See `mappings.dossier`."""

from datetime import date
from typing import Literal

from msgspec import Struct

from mappings.message import Part


class Identity(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A number that identifies a person or a body (giấy tờ định danh)."""

    kind: str
    number: str
    issued_on: date | None = None
    issued_by: str | None = None


class Place(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An address; codes as of the message's `as_of`. There is no district after 2025-07-01."""

    province: str | None = None
    district: str | None = None
    ward: str | None = None
    line: str | None = None


PartyKind = Literal["citizen", "enterprise", "household_business", "state_agency", "organisation"]


class Party(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A person or body: owner, submitter, payer. `identity` is a number whose kind the peer does not say."""

    kind: PartyKind | None = None
    name: str | None = None
    identities: tuple[Identity, ...] = ()
    identity: str | None = None
    tax_code: str | None = None
    tech_id: str | None = None
    account_verified: bool | None = None
    born: str | None = None
    sex: str | None = None
    nationality: str | None = None
    ethnicity: str | None = None
    phone: str | None = None
    email: str | None = None
    fax: str | None = None
    place: Place | None = None
    relation: str | None = None


class File(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A stored file by content: `hash` is SHA-256 in hex, `size` in bytes; the file store has the bytes."""

    hash: str
    size: int
    media_type: str
    name: str


class Document(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A digital component of the dossier (thành phần hồ sơ)."""

    id: str
    name: str
    component: str | None = None
    file: File | None = None
    url: str | None = None
    removed: bool = False
    digitised: bool | None = None
    reuse: str | None = None
    from_national_store: bool | None = None
    replaces_result: str | None = None
