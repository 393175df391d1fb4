"""What the province's figures (số liệu báo cáo) need of a dossier, read off its fold without the rest.

Nothing of a person is read.
"""

from datetime import datetime

import msgspec

from mappings.dossier import END_STATUSES, Dossier, Status
from mappings.message import Agency
from mappings.rules_time import ICT


def is_open(status: Status | None) -> bool:
    """Whether a dossier's result is still owed."""
    return status != "finished" and status not in END_STATUSES


def received_at(one: "Reported | Dossier", made_at: float) -> datetime:
    """When a dossier counts as received: accepted, else submitted, else first heard of (seconds, epoch)."""
    return one.accepted_at or one.submitted_at or datetime.fromtimestamp(made_at, ICT)


def whose(one: "Reported | Dossier") -> Agency | None:
    """Whose a dossier is in the figures: who works on it, else who took it in."""
    return one.handling_agency or one.intake_agency


class Hand(msgspec.Struct, gc=False):
    """A dossier handed over (chuyển hồ sơ)."""

    from_agency: Agency
    to_agency: Agency


class Round(msgspec.Struct, gc=False):
    """A request for more papers (yêu cầu bổ sung)."""

    asked_at: datetime | None = None


class _Step(msgspec.Struct, gc=False):
    status: Status
    at: datetime


class Reported(msgspec.Struct, gc=False):
    """The fields of a dossier that are counted."""

    procedure: str | None = None
    on_the_spot: bool | None = None
    intake_agency: Agency | None = None
    handling_agency: Agency | None = None
    holder: Agency | None = None
    status: Status | None = None
    as_of: datetime | None = None
    submitted_at: datetime | None = None
    accepted_at: datetime | None = None
    due_at: datetime | None = None
    finished_at: datetime | None = None
    returned_at: datetime | None = None
    rejected_at: datetime | None = None
    supplements: tuple[Round, ...] = ()
    transfers: tuple[Hand, ...] = ()
    steps: msgspec.Raw = msgspec.Raw(b"[]")

    @property
    def refused_at(self) -> datetime | None:
        """When it was not accepted (không tiếp nhận); None where it was, or nobody said when."""
        if self.status != "not_accepted":
            return None
        told = [step.at for step in _steps(self.steps) if step.status == "not_accepted"]
        return self.rejected_at or max(told, default=self.as_of)

    @property
    def ended_at(self) -> datetime | None:
        """Since when nothing is owed any more; None while something is, or where nobody said."""
        if is_open(self.status):
            return None
        return self.finished_at or self.returned_at or self.refused_at or self.as_of

    @property
    def as_dossier(self) -> Dossier:
        """The dossier as far as `mappings.derived` looks at it."""
        return Dossier(
            procedure=self.procedure,
            on_the_spot=self.on_the_spot,
            intake_agency=self.intake_agency,
            handling_agency=self.handling_agency,
            submitted_at=self.submitted_at,
            accepted_at=self.accepted_at,
            as_of=self.as_of,
        )


class _Fold(msgspec.Struct, gc=False):
    by_source: dict[str, msgspec.Raw]
    merged: Reported | None = None


_fold = msgspec.json.Decoder(_Fold).decode
_dossier = msgspec.json.Decoder(Reported).decode
_steps = msgspec.json.Decoder(tuple[_Step, ...]).decode


def reported(fold: bytes) -> Reported:
    """What is counted of a dossier, of the bytes of its fold (`mappings.fold.encode`)."""
    state = _fold(fold)
    return state.merged or _dossier(next(iter(state.by_source.values())))
