"""A fold without persons (hồ sơ đã rút gọn): what the province's figures count of a dossier, and no more.

Fields are named that stay, so that a field which is added later goes. Names, identifiers, addresses, papers,
free texts and what sources said of former persons are gone for good; what is left is still a fold.
"""

import re

from msgspec.structs import replace

from mappings.dossier import Dossier, Step, Supplement, Transfer, Withdrawal
from mappings.fold import Mark, State
from mappings.join import newest
from mappings.message import Agency

PLAIN = (
    "as_of", "codes", "procedure", "channel", "on_the_spot", "status", "submitted_at", "accepted_at",
    "due_at", "finished_at", "returned_at", "rejected_at",
)  # fmt: skip
"""Fields that stay as they are."""

_CODE = re.compile(r"(?=.*[A-Z.])[A-Z0-9.-]{1,35}", re.ASCII)
"""The form of an agency's code (H12.36, 000.00.36.H12); a citizen's number is digits alone."""

_AGENCIES = ("intake_agency", "handling_agency", "holder")


def reduced(state: State) -> State:
    """The fold without persons; the figures of `mappings.reported` are the same. Again changes nothing."""
    return State(
        {source: _dossier(said) for source, said in state.by_source.items()},
        {source: _mark(mark) for source, mark in state.marks.items()},
        _dossier(state.merged) if state.merged is not None else None,
    )


def _dossier(said: Dossier) -> Dossier:
    kept = {name: getattr(said, name) for name in PLAIN}
    kept |= {name: _agency(getattr(said, name)) for name in _AGENCIES}
    return Dossier(
        **kept,
        supplements=tuple(
            Supplement(id=str(at), asked_at=one.asked_at) for at, one in enumerate(said.supplements)
        ),
        transfers=tuple(_transfer(at, one) for at, one in enumerate(said.transfers)),
        steps=tuple(
            Step(id=str(at), status=one.status, at=one.at, handler="", content="")
            for at, one in enumerate(said.steps)
        ),
    )


def _transfer(at: int, one: Transfer) -> Transfer:
    one_hand, other = _agency(one.from_agency) or Agency(), _agency(one.to_agency) or Agency()
    return Transfer(id=str(at), at=one.at, from_agency=one_hand, to_agency=other)


def _agency(agency: Agency | None) -> Agency | None:
    """By its codes alone, where they are codes: peers write names of people where an agency belongs."""
    return agency and Agency(code=_code(agency.code), old_code=_code(agency.old_code))


def _code(code: str | None) -> str | None:
    return code if code and _CODE.fullmatch(code) else None


def _mark(mark: Mark) -> Mark:
    """One time for all: those of single facts are named by what they are about, which may be a person."""
    asked = {str(at): one.asked_at for at, one in enumerate(mark.withdrawals.values())}
    withdrawals = {key: Withdrawal(id=key, asked_at=at) for key, at in asked.items()}
    return replace(mark, times=newest(mark.times), past={}, withdrawals=withdrawals)
