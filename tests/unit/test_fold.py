"""The fold: order of arrival, repeats, absence and authority."""

import random
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from mappings.authority import AUTHORITY
from mappings.combine import Word, combine, named
from mappings.dossier import (
    Agency,
    Document,
    Dossier,
    Fee,
    File,
    Identity,
    Message,
    Paper,
    Party,
    Payment,
    Place,
    Procedure,
    Result,
    Step,
    Supplement,
    Transfer,
    Withdrawal,
)
from mappings.fold import State, decode, encode, fold, merge

ZONE = timezone(timedelta(hours=7))
START = datetime(2026, 11, 23, 8, 0, tzinfo=ZONE)
TYPES = {"onestop": "onestop", "onestop_old": "onestop", "national_portal": "national_portal", "tax": "tax"}

law = settings(max_examples=60, deadline=None)

Told = tuple[str, Message, datetime]


def at(minutes: int) -> datetime:
    """A moment of the working day."""
    return START + timedelta(minutes=minutes)


def told(source: str, message: Message, minutes: int) -> Told:
    """A message as a source hands it in."""
    return source, message, at(minutes)


def fold_all(*messages: Told, state: State | None = None) -> State:
    """Fold messages in the order given."""
    for source, message, when in messages:
        kind = f"{TYPES[source]}.{type(message).__name__.lower()}"
        state = fold(state, source=source, kind=kind, message=message, as_of=when)
    assert state is not None
    return state


words = st.sampled_from(["a", "b", "c"])
maybe = st.none() | words
moments = st.integers(0, 30).map(at)
places = st.builds(Place, province=maybe, ward=maybe)
extras = st.dictionaries(
    st.sampled_from(["onestop", "national_portal"]), st.dictionaries(words, words, min_size=1), max_size=2
)
identities = st.lists(st.builds(Identity, kind=words, number=words, issued_by=maybe), max_size=2).map(tuple)
parties = st.builds(
    Party,
    name=st.sampled_from(["Trần Thị Bích", "Lê Văn Cảnh"]),
    phone=maybe,
    email=maybe,
    identities=identities,
    place=st.none() | places,
    account_verified=st.none() | st.booleans(),
)
agencies = st.builds(Agency, code=st.sampled_from(["H12.1", "H12.2", None]), name=maybe, phone=maybe)
documents = st.builds(
    Document, id=words, name=words, url=maybe, removed=st.booleans(), digitised=st.none() | st.booleans()
)
papers = st.builds(
    Paper, name=words, kind=st.none() | st.integers(1, 2), copies=st.none() | st.integers(0, 3)
)
fees = st.builds(Fee, name=words, amount=st.integers(0, 2), code=maybe, paid=st.none() | st.booleans())
supplements = st.builds(
    Supplement,
    id=words,
    content=maybe,
    answered=st.none() | st.booleans(),
    documents=st.lists(documents, max_size=2).map(tuple),
)
results = st.builds(Result, id=maybe, name=words, number=maybe, extras=extras)
statuses = st.sampled_from(["accepted", "in_progress", "finished"])
steps = st.builds(Step, id=words, status=statuses, at=moments, handler=words, content=words, title=maybe)
payments = st.builds(
    Payment, id=words, amount=st.integers(0, 9), paid_at=moments, state=st.sampled_from(["paid", "reversed"])
)


def some(items: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """A short list."""
    return st.lists(items, max_size=3).map(tuple)


dossiers = st.builds(
    Dossier,
    code=maybe,
    codes=st.dictionaries(st.sampled_from(["onestop", "national_portal", "ministry"]), words, max_size=2),
    subject=maybe,
    status=st.none() | statuses,
    owner=st.none() | parties,
    holder=st.none() | agencies,
    submitted_through=st.none() | st.sampled_from(["province", "national_portal"]),
    on_the_spot=st.none() | st.booleans(),
    documents=some(documents),
    papers=some(papers),
    fees=some(fees),
    supplements=some(supplements),
    results=some(results),
    steps=some(steps),
    payments=some(payments),
    databases=some(words),
    form=st.none() | st.dictionaries(words, words, max_size=2),
    extras=extras,
)
withdrawals = st.builds(Withdrawal, id=words, asked_at=moments, reason=maybe)
messages = st.one_of(dossiers, dossiers, steps, supplements, results, payments, withdrawals)


@st.composite
def stories(draw: st.DrawFn, sources: tuple[str, ...] = tuple(TYPES)) -> list[Told]:
    """Messages with different times, in no order."""
    said = draw(st.lists(st.tuples(st.sampled_from(sources), messages), min_size=1, max_size=6))
    minutes = draw(st.permutations(range(len(said))))
    return [told(source, message, minute) for (source, message), minute in zip(said, minutes, strict=True)]


@law
@given(stories(("onestop",)), st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_matter_for_one_source(story: list[Told], chance: random.Random) -> None:
    """Where times differ, every order of arrival gives the same values and times."""
    shuffled = chance.sample(story, len(story))
    assert fold_all(*shuffled) == fold_all(*story)


@law
@given(stories(), st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_matter_between_sources(story: list[Told], chance: random.Random) -> None:
    """Nor does it for the whole dossier and for what is noted."""
    shuffled = chance.sample(story, len(story))
    assert fold_all(*shuffled) == fold_all(*story)


@law
@given(stories())
def test_folding_a_message_again_changes_nothing(story: list[Told]) -> None:
    """The same message twice, at once or after all others, gives the same state."""
    state = fold_all(*story)
    for message in story:
        assert fold_all(message, state=state) == state


@law
@given(stories(), st.integers(0, 6))
def test_merging_two_dossiers_equals_folding_all_messages_into_one(story: list[Told], cut: int) -> None:
    """Two dossiers that turn out to be one lose nothing and gain nothing, whichever is merged into which."""
    one, other = story[:cut], story[cut:]
    if one and other:
        together = fold_all(*story)
        assert merge(fold_all(*one), fold_all(*other)) == together
        assert merge(fold_all(*other), fold_all(*one)) == together


@law
@given(stories())
def test_settling_step_by_step_equals_settling_everything_at_once(story: list[Told]) -> None:
    """Only fields that a message touches are settled anew; the result is that of settling all of them."""
    state = fold_all(*story)
    if len(state.by_source) < 2:
        return
    said = {
        source: Word(mark.type, mark.since, state.by_source[source], mark.times)
        for source, mark in state.marks.items()
    }
    whole, notes = combine(said, Dossier(), [*AUTHORITY, "extras"])
    assert whole == state.whole
    assert set(map(repr, notes)) == set(map(repr, state.noted))


@law
@given(stories())
def test_a_state_survives_its_json(story: list[Told]) -> None:
    """What the ledger keeps is the state, bit for bit."""
    state = fold_all(*story)
    assert decode(encode(state)) == state


@law
@given(dossiers, stories())
def test_what_a_source_said_once_stays_said(first: Dossier, story: list[Told]) -> None:
    """No field that a source named is absent afterwards, whatever any source says or leaves out later."""
    state = fold_all(told("onestop", first, -1), *story)
    assert set(named(first)) - {"code"} <= set(named(state.by_source["onestop"]))
    assert set(named(state.by_source["onestop"])) <= set(named(state.whole))


@law
@given(stories())
def test_the_field_s_authority_wins(story: list[Told]) -> None:
    """The one-stop's word on a status stands, the portal's on a procedure, however late others come."""
    state = fold_all(told("onestop", Dossier(status="accepted", procedure="1.000001"), -2), *story)
    mine = max(
        (message for message in story if message[0] == "onestop" and _status(message)),
        key=lambda message: message[2],
        default=None,
    )
    if not any(source == "onestop_old" for source, _, _ in story):
        assert state.whole.status == (_status(mine) if mine else "accepted")
    state = fold_all(told("national_portal", Dossier(procedure="2.000002"), -3), state=state)
    assert state.whole.procedure == "2.000002"


def _status(message: Told) -> str | None:
    return message[1].status if isinstance(message[1], Dossier) else None


def test_every_field_of_a_dossier_has_an_authority() -> None:
    """A field that is added to the dossier without deciding whose word counts fails here."""
    settled = {"code", "codes", "as_of", "extras"}
    assert set(AUTHORITY) == set(asdict(Dossier())) - settled


def test_an_older_message_adds_what_is_absent_and_overwrites_nothing() -> None:
    """A record that arrives late fills gaps only."""
    newer = told("onestop", Dossier(subject="mới", owner=Party(name="Trần Thị Bích")), 10)
    older = told(
        "onestop", Dossier(subject="cũ", note="ghi chú", owner=Party(name="Trần Thị Bích", phone="0290")), 5
    )
    whole = fold_all(newer, older).whole
    assert (whole.subject, whole.note) == ("mới", "ghi chú")
    assert whole.owner == Party(name="Trần Thị Bích", phone="0290")


def test_another_owner_takes_nothing_over_from_the_former_one() -> None:
    """A new owner without a phone does not get the former owner's; the former one comes back with it."""
    first = told("onestop", Dossier(owner=Party(name="Trần Thị Bích", phone="0290")), 1)
    second = told("onestop", Dossier(owner=Party(name="Lê Văn Cảnh")), 2)
    third = told("onestop", Dossier(owner=Party(name="Trần Thị Bích", email="b@example.vn")), 3)
    assert fold_all(first, second).whole.owner == Party(name="Lê Văn Cảnh")
    assert fold_all(first, second, third).whole.owner == Party(
        name="Trần Thị Bích", phone="0290", email="b@example.vn"
    )


def test_sources_fill_in_one_another_only_about_the_same_person() -> None:
    """The portal's e-mail of the owner stands beside the one-stop's name; that of somebody else does not."""
    number = (Identity(kind="citizen_id", number="096090000017"),)
    mine = Party(name="Trần Thị Bích", identities=number, phone="0290")
    theirs = Party(name="TRAN THI BICH", identities=number, phone="0291", email="b@example.vn")
    other = Party(
        name="Lê Văn Cảnh", identities=(Identity(kind="citizen_id", number="1"),), email="c@example.vn"
    )
    same = fold_all(
        told("onestop", Dossier(owner=mine), 1), told("national_portal", Dossier(owner=theirs), 2)
    )
    assert same.whole.owner == replace(mine, email="b@example.vn")
    assert [(note.field, note.source) for note in same.noted] == [
        ("owner.name", "national_portal"),
        ("owner.phone", "national_portal"),
    ]
    differs = fold_all(
        told("onestop", Dossier(owner=mine), 1), told("national_portal", Dossier(owner=other), 2)
    )
    assert differs.whole.owner == mine
    assert [note.field for note in differs.noted] == ["owner"]


def test_a_note_shows_no_value() -> None:
    """What is noted tells two values apart by digests; neither value can be read in it."""
    state = fold_all(
        told("onestop", Dossier(owner=Party(name="Trần Thị Bích", phone="0290111222")), 1),
        told("national_portal", Dossier(owner=Party(name="Trần Thị Bích", phone="0290333444")), 2),
    )
    (note,) = state.noted
    assert note.kept != note.other
    assert "0290" not in repr(note)


def test_a_note_goes_when_the_sources_agree() -> None:
    """Once both say the same there is nothing to note."""
    state = fold_all(
        told("onestop", Dossier(subject="a"), 1), told("national_portal", Dossier(subject="b"), 2)
    )
    assert len(state.noted) == 1
    assert fold_all(told("national_portal", Dossier(subject="a"), 3), state=state).noted == ()


def test_all_numbers_are_collected_under_their_sources() -> None:
    """A source's own number counts before what others say of it; the dossier itself has no one number."""
    whole = fold_all(
        told("national_portal", Dossier(code="H12-1"), 1),
        told("onestop", Dossier(code="000.00.01", codes={"national_portal": "wrong", "ministry": "M1"}), 2),
        told(
            "onestop",
            Step(id="1", status="accepted", at=at(2), handler="a", content="b", code="000.00.01"),
            3,
        ),
    ).whole
    assert whole.code is None
    assert whole.codes == {"national_portal": "H12-1", "onestop": "000.00.01", "ministry": "M1"}


def test_a_step_is_appended_and_leaves_the_status() -> None:
    """A status is changed by records alone; steps stand in the order of their times."""
    later = Step(id="2", status="finished", at=at(9), handler="a", content="xong", code="X")
    earlier = Step(id="1", status="accepted", at=at(3), handler="a", content="nhận", code="X")
    whole = fold_all(
        told("onestop", Dossier(code="X", status="registered"), 1),
        told("onestop", later, 9),
        told("onestop", earlier, 3),
    ).whole
    assert whole.status == "registered"
    assert whole.steps == (replace(earlier, code=None), replace(later, code=None))


def test_steps_that_two_sources_number_alike_are_two_steps() -> None:
    """No step is lost because another system counts from 1 too."""
    mine = Step(id="1", status="accepted", at=at(3), handler="a", content="nhận")
    theirs = Step(id="1", status="stopped", at=at(4), handler="b", content="từ chối")
    assert fold_all(told("onestop", mine, 3), told("tax", theirs, 4)).whole.steps == (mine, theirs)


def test_a_supplement_s_round_and_its_answer_are_one() -> None:
    """Who asked has the word about the round; the answer adds the papers handed in."""
    paper = Document(
        id="D7", name="Bản đồ", file=File(hash="0" * 64, size=1, media_type="application/pdf", name="a.pdf")
    )
    asked = Supplement(id="1", content="thiếu bản đồ", asked_by="a", asked_at=at(1))
    answer = Supplement(id="1", content="đã nộp", answered=True, received_at=at(5), documents=(paper,))
    state = fold_all(told("onestop", asked, 1), told("national_portal", answer, 5))
    assert state.whole.supplements == (replace(asked, answered=True, received_at=at(5), documents=(paper,)),)
    assert [note.source for note in state.noted] == ["national_portal"]


def test_a_revoked_result_stays_and_says_so() -> None:
    """A revocation may name no more than the result's number."""
    issued = Result(id="R1", name="Quyết định", number="12/QĐ", issued_on=date(2026, 11, 20))
    state = fold_all(told("onestop", issued, 1))
    state = fold(
        state,
        source="onestop",
        kind="onestop.result_revoked",
        message=Result(id="R1", name="Quyết định"),
        as_of=at(2),
    )
    assert state.whole.results == (replace(issued, revoked=True),)


def test_a_withdrawal_is_noted_and_leaves_the_status_to_the_record() -> None:
    """The applicant asks; that it is withdrawn is for the one-stop to say."""
    asked = Withdrawal(id="1", asked_at=at(5), reason="đổi ý", code="H12-1")
    state = fold_all(told("onestop", Dossier(status="accepted"), 1), told("national_portal", asked, 5))
    assert state.whole.status == "accepted"
    assert [(source, each.reason) for source, each in state.withdrawals] == [("national_portal", "đổi ý")]


def test_transfers_and_payments_merge_by_their_ids() -> None:
    """A later word about the same transfer or payment completes it."""
    one, other = Agency(code="H12.1"), Agency(code="H12.2")
    transfer = Transfer(id="1", from_agency=one, to_agency=other, at=at(1))
    payment = Payment(id="7", amount=8000, paid_at=at(2), state="paid")
    whole = fold_all(
        told("onestop", transfer, 1),
        told("onestop", replace(transfer, accepted_at=at(3)), 3),
        told("national_portal", payment, 2),
        told("national_portal", replace(payment, state="reversed", code="H12-1"), 4),
    ).whole
    assert whole.transfers == (replace(transfer, accepted_at=at(3)),)
    assert whole.payments == (replace(payment, state="reversed"),)


def test_the_first_source_says_where_it_was_submitted() -> None:
    """Whoever spoke first of the dossier has the word about that, however often others repeat theirs."""
    first = told("national_portal", Dossier(submitted_through="national_portal"), 1)
    second = told("onestop", Dossier(submitted_through="province"), 2)
    again = told("national_portal", Dossier(submitted_through="national_portal"), 3)
    assert fold_all(second, first, again).whole.submitted_through == "national_portal"


def test_extras_stay_with_their_source_and_their_item() -> None:
    """What no line names is kept beside the thing it came with."""
    mine = Document(id="1", name="Đơn", extras={"onestop": {"order": 1}})
    theirs = Document(id="1", name="Đơn", extras={"national_portal": {"STT": "1"}})
    whole = fold_all(
        told("onestop", Dossier(documents=(mine,), extras={"onestop": {"x": 1}}), 1),
        told("onestop", Dossier(extras={"onestop": {"y": 2}}), 2),
        told("national_portal", Dossier(documents=(theirs,), extras={"national_portal": {"z": 3}}), 3),
    ).whole
    assert whole.extras == {"onestop": {"x": 1, "y": 2}, "national_portal": {"z": 3}}
    assert whole.documents[0].extras == {"onestop": {"order": 1}, "national_portal": {"STT": "1"}}


def test_two_papers_of_one_name_in_one_message_are_two_papers() -> None:
    """The same name twice is not the same thing twice."""
    papers = (Paper(name="Bản sao", copies=1), Paper(name="Bản sao", copies=2))
    record = told("onestop", Dossier(papers=papers), 1)
    assert fold_all(record, record).whole.papers == papers


def test_a_message_about_no_dossier_is_not_folded() -> None:
    """A procedure of the catalogue belongs to no dossier."""
    with pytest.raises(TypeError, match="about no dossier"):
        fold_all(told("national_portal", Procedure(procedure="1.000001", name="x"), 1))
