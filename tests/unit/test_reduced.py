"""A fold without persons: the same figures, nobody in it, and still a fold."""

import msgspec
from hypothesis import given
from msgspec.structs import asdict, replace

from mappings.dossier import Agency, Dossier, Identity, Party, Step, Transfer, Withdrawal
from mappings.fold import State, decode, encode
from mappings.reduced import reduced
from mappings.reported import Reported, reported
from tests.unit.test_fold import Told, at, fold_all, law, stories, told

NAME, CITIZEN = "Nguyễn Thị Đào", "096090001234"


def counted(state: State) -> dict[str, object]:
    """Everything that figures are made of, agencies by their codes."""
    one: Reported = reported(encode(state))
    fields = asdict(one) | {"steps": None, "refused": one.refused_at}
    hands = [(hand.from_agency.code, hand.to_agency.code) for hand in one.transfers]
    codes = {
        name: getattr(fields[name], "code", None) for name in ("intake_agency", "handling_agency", "holder")
    }
    return fields | codes | {"transfers": hands}


@law
@given(stories())
def test_the_figures_of_a_reduced_fold_are_the_same(story: list[Told]) -> None:
    """Whatever was told by whom; and it can be read, written and reduced again."""
    state = fold_all(*story)
    less = reduced(state)
    assert counted(less) == counted(state)
    assert decode(encode(less)) == less
    assert reduced(less) == less


def test_nobody_is_in_a_reduced_fold() -> None:
    """Persons, texts and former persons are gone, also from where a peer wrote a name for an agency."""
    owner = Party(name=NAME, identities=(Identity(kind="citizen", number=CITIZEN),))
    said = Dossier(
        owner=owner,
        subject=f"Cấp thẻ cho {NAME}",
        note=NAME,
        intake_agency=Agency(code="H12.36", name=f"của {NAME}"),
        handling_agency=Agency(code=CITIZEN),
        holder=Agency(code=f"của {NAME}"),
        status="returned",
        form={"hoTen": NAME},
        extras={"onestop": {"x": CITIZEN}},
        steps=(Step(id=CITIZEN, status="returned", at=at(1), handler=NAME, content=f"trả cho {NAME}"),),
        transfers=(
            Transfer(
                id="1", from_agency=Agency(name=NAME), to_agency=Agency(code="H12.09"), at=at(1), reason=NAME
            ),
        ),
    )
    other = Dossier(owner=replace(owner, identities=(Identity(kind="citizen", number="001090001234"),)))
    asked = Withdrawal(id="1", asked_at=at(3), reason=f"{NAME} không còn nhu cầu")
    state = fold_all(told("onestop", said, 1), told("onestop", other, 2), told("national_portal", asked, 3))
    text = encode(reduced(state)).decode()
    assert "Nguyễn" not in text
    assert "Đào" not in text
    assert "0900012" not in text
    assert "H12.36" in text
    assert '"returned"' in text


def test_only_named_fields_stay() -> None:
    """A field that is added to the dossier later goes, until somebody says that it may stay."""
    told_ = reported(encode(State({"a": Dossier(procedure="1.001193", due_at=at(1))}, {})))
    assert told_.procedure == "1.001193"
    kept = reduced(State({"a": Dossier(receipt_no="7", related=("x",), birth=None)}, {})).by_source["a"]
    assert msgspec.to_builtins(kept) == {}
