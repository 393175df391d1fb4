"""Creating a dossier: said back whole, never twice, each kind of no told apart."""

import pytest

from bus.errors import (
    DeliveryError,
    OutcomeUnknownError,
    PermanentError,
    RefusedByPeerError,
    TransientError,
)
from tests.contract.onestop_adapter.onestops import CREATE, NUMBER, Connect, Reader, call
from tests.contract.strict_onestop import StrictOneStop

pytestmark = pytest.mark.contract


def test_a_created_dossier_is_said_back_whole(peer: StrictOneStop, connect: Connect) -> None:
    """The answer is a message with the one-stop's own number beside the national one."""
    answer = connect().operations["create_dossier"].call(call(CREATE))
    (said,) = answer.says
    assert said.kind == "onestop.dossier"
    assert (said.tree["code"], said.tree["nationCode"]) == ("H12.06-260415-0001", NUMBER)
    assert said.tree == next(iter(peer.dossiers.values()))
    assert b"H12.06-260415-0001" in answer.raw


def test_the_answer_of_a_create_and_the_poll_recognise_each_other(connect: Connect) -> None:
    """The same state has the same key, whoever tells it."""
    one = connect()
    (said,) = one.operations["create_dossier"].call(call(CREATE)).says
    assert [item.key for item in Reader(one).drain()] == [said.key]


def test_a_create_stands_though_reading_it_back_fails(peer: StrictOneStop, connect: Connect) -> None:
    """The effect is there; the poll will tell it."""
    peer.script["online"] = ["502 <html>"]
    answer = connect().operations["create_dossier"].call(call(CREATE))
    assert (len(peer.dossiers), answer.says) == (1, ())
    assert "reading it back failed" in answer.note


@pytest.mark.parametrize("act", ["lost", "half", "slow", "502 <html>", "404 <html>", "503 later", "200 ok"])
def test_after_a_create_was_sent_no_usable_answer_means_unknown(
    peer: StrictOneStop, connect: Connect, act: str
) -> None:
    """Rule 5; and it is not sent again by itself."""
    peer.script["create"] = [act]
    with pytest.raises(OutcomeUnknownError):
        connect().operations["create_dossier"].call(call(CREATE))
    assert peer.operations().count("create") == 1


def test_an_unknown_create_is_settled_by_the_national_number(peer: StrictOneStop, connect: Connect) -> None:
    """Not there; then acted and lost: done, with the dossier."""
    create = connect().operations["create_dossier"]
    assert create.lookup is not None
    assert create.lookup(call(CREATE)).outcome == "not there"
    peer.script["create"] = ["lost"]
    with pytest.raises(OutcomeUnknownError):
        create.call(call(CREATE))
    sighting = create.lookup(call(CREATE))
    assert (sighting.outcome, len(peer.dossiers)) == ("done", 1)
    assert sighting.answer is not None
    assert sighting.answer.says[0].tree["nationCode"] == NUMBER


@pytest.mark.parametrize(
    ("act", "error", "word"),
    [
        ('409 {"code": "X", "message": "Không thuộc thẩm quyền"}', RefusedByPeerError, "thẩm quyền"),
        ('422 {"message": "Sai", "errors": [{"field": "a", "message": "b"}]}', RefusedByPeerError, "a: b"),
        ('400 {"message": "Sai", "errors": [{"field": "a", "message": "b"}]}', PermanentError, "Sai"),
        ('403 {"error": "forbidden"}', TransientError, "forbidden"),
        ('429 {"x": "RETRY"}', TransientError, "429"),
        ("503 RETRY", TransientError, "503"),
        ("413 <html>", PermanentError, "413"),
    ],
)
def test_each_kind_of_no_is_told_apart(
    peer: StrictOneStop, connect: Connect, act: str, error: type[DeliveryError], word: str
) -> None:
    """A refusal is an answer, a wrong message is ours, a busy peer says when to come again."""
    peer.script["create"] = [act]
    with pytest.raises(error) as caught:
        connect().operations["create_dossier"].call(call(CREATE))
    assert word in f"{caught.value.text} {getattr(caught.value, 'reason', '')}"
    if "RETRY" in act:
        assert getattr(caught.value, "retry_after", None) == 7
    assert peer.dossiers == {}


def test_what_the_one_stop_would_not_accept_is_not_sent(peer: StrictOneStop, connect: Connect) -> None:
    """All problems at once, before even a token."""
    wrong = CREATE | {"nationCode": "x", "subject": "x" * 1001, "applicant": {"data": {"fullname": ""}}}
    with pytest.raises(PermanentError) as caught:
        connect().operations["create_dossier"].call(call(wrong))
    problems = " ".join(map(str, caught.value.problems))
    assert all(name in problems for name in ("nationCode", "subject", "applicant/data/fullname"))
    assert peer.seen == []
