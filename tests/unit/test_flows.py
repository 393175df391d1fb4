"""Routes: what a kept message starts and answers, and every mistake of a route file at once."""

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.calendar import Duration
from bus.flow_fields import Mistake, read_condition
from bus.flow_leg_reader import LEG_WORDS
from bus.flows import DERIVED, Routes, read_routes
from mappings.dossier import MESSAGES, Agency, Dossier, Message, Result, Step, Supplement, Withdrawal
from mappings.source import Problem, ProblemsError, read, read_file

SHIPPED = Path(__file__).parents[2] / "bus" / "routes" / "every_dossier.toml"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=timezone(timedelta(hours=7)))
OPERATIONS = {
    "onestop": frozenset({"create_dossier", "update_dossier", "add_supplement", "withdraw", "add_result"}),
    "national_portal": frozenset({"sync_record", "add_progress", "set_status"}),
}
STEP = Step(id="1", status="accepted", at=NOON, handler="a", content="b")
SUPPLEMENT = Supplement(id="1")


def routes(*texts: str) -> Routes:
    """Routes of files named r1.toml, r2.toml and so on."""
    sources = [read(text, f"r{count}.toml") for count, text in enumerate(texts, 1)]
    return read_routes(sources, operations=OPERATIONS, messages=MESSAGES)


def problems(*texts: str) -> list[str]:
    """What is wrong with files."""
    with pytest.raises(ProblemsError) as caught:
        routes(*texts)
    return [str(problem) for problem in caught.value.problems]


def shipped() -> Routes:
    """The routes of the repository."""
    return read_routes([read_file(SHIPPED, "every_dossier.toml")], operations=OPERATIONS, messages=MESSAGES)


def fired(found: Routes, kind: str, message: Message, **more: Any) -> list[str]:
    """The names of the legs that a message starts."""
    dossier = more.pop("dossier", Dossier())
    derived = more.pop("derived", {})
    planned = found.planned(kind, message, dossier, derived=derived, withdrawn=more.pop("withdrawn", False))
    return [one.leg.name for one in planned]


FLOW = """
[[flow]]
name = "f"
"""
LEG = """
  [[flow.leg]]
  name = "l"
  on = "onestop.step"
  send = "national_portal.add_progress"
"""


@pytest.mark.parametrize(
    ("kind", "message", "legs"),
    [
        ("national_portal.dossier", Dossier(), ["take_in"]),
        ("national_portal.supplement", SUPPLEMENT, ["supplement_in"]),
        ("onestop.dossier", Dossier(status="accepted"), ["record_out"]),
        ("onestop.dossier", Dossier(status="registered"), []),
        ("onestop.supplement", SUPPLEMENT, ["papers_out"]),
        ("onestop.result", Result(name="a"), ["papers_out"]),
        ("onestop.result_revoked", Result(name="a"), ["papers_out"]),
        ("onestop.step", STEP, ["progress_out"]),
        (
            "onestop.refusal",
            Step(id="1", status="not_accepted", at=NOON, handler="a", content="b"),
            ["not_accepted_out"],
        ),
        ("onestop.refusal", STEP, []),
        ("national_portal.refusal", STEP, []),
        ("national_portal.procedure", Dossier(), []),
    ],
)
def test_every_fact_of_one_system_goes_to_the_other(kind: str, message: Message, legs: list[str]) -> None:
    """The shipped flow sends what one side says to the other side and nothing back to where it came from."""
    assert fired(shipped(), kind, message) == legs


def test_a_withdrawal_goes_on_to_the_one_stop_and_stops_what_is_not_about_it() -> None:
    """After a withdrawal nothing is taken in any more; both sides still hear how it ended."""
    found = shipped()
    asked = Withdrawal(id="1", asked_at=NOON)
    assert found.withdraws("national_portal.withdrawn")
    assert found.withdraws("onestop.withdrawn")
    assert not found.withdraws("onestop.dossier")
    assert fired(found, "national_portal.withdrawn", asked, withdrawn=True) == ["withdraw_in"]
    assert fired(found, "national_portal.dossier", Dossier(), withdrawn=True) == []
    assert fired(found, "national_portal.supplement", SUPPLEMENT, withdrawn=True) == []
    assert fired(found, "onestop.dossier", Dossier(status="withdrawn"), withdrawn=True) == ["record_out"]
    assert fired(found, "onestop.step", STEP, withdrawn=True) == ["progress_out"]


def test_a_planned_leg_says_all_that_the_ledger_writes() -> None:
    """Route, destination, what is awaited and by when come out as they were written."""
    (planned,) = shipped().planned(
        "national_portal.dossier", Dossier(), Dossier(), derived={}, withdrawn=False
    )
    leg = planned.leg
    assert (leg.flow, planned.route) == ("every_dossier", "every_dossier.take_in")
    assert (leg.connector, leg.operation) == ("onestop", "create_dossier")
    assert (leg.expects, leg.within) == (("onestop.dossier",), Duration(4, "hour", working=True))
    assert leg.title == "Tiếp nhận hồ sơ nộp trên Cổng"
    assert not leg.after_withdrawal


def test_an_answer_ends_the_legs_that_expect_it() -> None:
    """An expected kind ends a leg if it is the one that the leg describes."""
    found = routes(
        FLOW
        + LEG
        + """
  expects = ["onestop.result"]
  answer_when = { kind = ["decision", "refusal"] }
  undo = "person"
"""
    )
    (leg,) = found.hearing("onestop.result")
    assert leg.route == "f.l"
    assert leg.hear("onestop.result", Result(name="a", kind="decision")) == "answer"
    assert leg.hear("onestop.result", Result(name="a", kind="insurance_card")) is None
    assert leg.hear("onestop.result", Result(name="a")) is None
    assert found.hearing("onestop.step") == ()


def test_a_leg_may_await_without_sending() -> None:
    """The one-stop's own work is awaited: nothing is sent, the leg opens all the same."""
    found = routes(FLOW + LEG.replace('send = "national_portal.add_progress"', 'expects = "onestop.result"'))
    (planned,) = found.planned("onestop.step", STEP, Dossier(), derived={}, withdrawn=False)
    leg = planned.leg
    assert (leg.connector, leg.operation, leg.expects) == (None, None, ("onestop.result",))


def test_conditions_of_a_flow_look_at_the_dossier_and_those_of_a_leg_at_its_message() -> None:
    """Both must hold; what is absent equals nothing."""
    found = routes(
        '[[flow]]\nname = "f"\nwhen = { channel = "online", "handling_agency.code" = "H12.1" }\n'
        + LEG
        + '  when = { status = ["accepted", "finished"] }\n'
    )
    dossier = Dossier(channel="online", handling_agency=Agency(code="H12.1"))
    assert fired(found, "onestop.step", STEP, dossier=dossier) == ["l"]
    assert fired(found, "onestop.step", STEP, dossier=Dossier(channel="online")) == []
    assert fired(found, "onestop.step", STEP) == []
    other = Step(id="1", status="in_progress", at=NOON, handler="a", content="b")
    assert fired(found, "onestop.step", other, dossier=dossier) == []


def test_derived_fields_come_from_the_tables_of_the_installation() -> None:
    """A procedure may be of several groups; without a table it is of none; what is derived counts first."""
    found = routes(
        '[[flow]]\nname = "f"\nwhen = { procedure_group = "land_tax", on_the_spot = true }\n' + LEG
    )
    assert fired(
        found, "onestop.step", STEP, derived={"procedure_group": "land_tax", "on_the_spot": True}
    ) == ["l"]
    several = {"procedure_group": ("insurance", "land_tax")}
    assert fired(found, "onestop.step", STEP, derived=several, dossier=Dossier(on_the_spot=True)) == ["l"]
    denied = several | {"on_the_spot": False}
    assert fired(found, "onestop.step", STEP, derived=denied, dossier=Dossier(on_the_spot=True)) == []
    assert fired(found, "onestop.step", STEP) == []


def test_a_derived_field_that_can_never_hold_is_refused_with_its_place() -> None:
    """A group that no table has, and a field that no table tells: else the leg would silently never fire."""
    text = """[[flow]]
name = "f"
when = { procedure_group = ["land_tax", "land_txa"], on_the_spot = true, intake_elsewhere = true }
"""
    tables: dict[str, frozenset[str | int | bool]] = {
        "procedure_group": frozenset({"land_tax", "insurance"}),
        "on_the_spot": frozenset({True, False}),
    }
    with pytest.raises(ProblemsError) as caught:
        read_routes([read(text + LEG, "r.toml")], operations=OPERATIONS, messages=MESSAGES, derivable=tables)
    assert [str(problem) for problem in caught.value.problems] == [
        'r.toml:3:28: procedure_group is never "land_txa". Did you mean "land_tax"?',
        (
            "r.toml:3:74: intake_elsewhere never holds here: no table tells it."
            " Put agencies.csv with the columns code, district, province, ward into the folder of [tables]"
        ),
    ]


def test_legs_fire_in_the_order_of_the_files() -> None:
    """What one message starts is sent in the order in which it is written."""
    found = routes(
        FLOW + LEG + LEG.replace('"l"', '"a"'),
        FLOW.replace('"f"', '"b"') + LEG.replace("on = ", 'title = "x"\n  on = '),
    )
    assert fired(found, "onestop.step", STEP) == ["l", "a", "l"]
    assert [leg.route for leg in found.legs] == ["f.l", "f.a", "b.l"]


def test_the_hash_is_that_of_the_meaning() -> None:
    """Layout and comments change nothing; any word does."""
    plain = routes(FLOW + LEG)
    assert routes("# c\n" + FLOW + LEG.replace("  ", "\t").replace(" = ", "  =  ")).hash == plain.hash
    assert routes(FLOW + LEG + "  after_withdrawal = true\n").hash != plain.hash
    assert routes(FLOW + LEG.replace("step", "refusal")).hash != plain.hash
    assert plain == routes(FLOW + LEG)


MISTAKES = [
    'r1.toml:4:1: a flow has no "titel". Did you mean "title"?',
    'r1.toml:5:10: Dossier has no field "procedure_grup". Did you mean "procedure_group"?',
    'r1.toml:5:41: status is never "acepted". Did you mean "accepted"?',
    ('r1.toml:5:52: owner is no single value and equals nothing. Name one of its fields, like "owner.name"'),
    'r1.toml:5:65: owner has no field "nme". Did you mean "owner.name"?',
    'r1.toml:5:96: digitised must be true or false, not "yes"',
    'r1.toml:8:9: there is no message "onestop.dosier". Did you mean "onestop.dossier"?',
    'r1.toml:8:43: "onestop.step" is named twice. Name it once',
    "r1.toml:9:22: handler must be a text, not 3",
    (
        'r1.toml:9:25: Step has no field "procedure_group". '
        "It is derived of the dossier: write it in the flow's when"
    ),
    ('r1.toml:10:10: there is no operation "onestop.create_dosier". Did you mean "onestop.create_dossier"?'),
    'r1.toml:12:19: Result has no field "status"',
    (
        'r1.toml:13:12: within must be a length of time like "20 minutes", "4 working hours" '
        'or "1 working day"'
    ),
    (
        'r1.toml:14:10: there is no connector "insurance". There are national_portal.add_progress, '
        "national_portal.set_status, national_portal.sync_record, onestop.add_result, "
        "onestop.add_supplement, onestop.create_dossier, onestop.update_dossier, onestop.withdraw"
    ),
    "r1.toml:15:22: after_withdrawal must be true or false",
    'r2.toml:3:8: the name "birth" is taken. It stands at r1.toml:3:8',
    'r2.toml:7:10: there is no connector "nationalportal". Did you mean "national_portal.sync_record"?',
]
"""What is told of the files of the next test, in the order of their places."""


def test_every_mistake_of_every_file_is_told_at_once_with_its_place() -> None:
    """Unknown words, messages, operations, fields and values; each with file, line, column and a way out."""
    assert (
        problems(
            """
[[flow]]
name = "birth"
titel = "x"
when = { procedure_grup = "a", status = "acepted", owner = "x", "owner.nme" = "y", digitised = "yes" }
  [[flow.leg]]
  name = "card"
  on = ["onestop.dosier", "onestop.step", "onestop.step"]
  when = { handler = 3, procedure_group = "a" }
  send = "onestop.create_dosier"
  expects = "onestop.result"
  answer_when = { status = "finished" }
  within = "soon"
  undo = "insurance.cancel_card"
  after_withdrawal = "yes"
  matched_by = "number"
""",
            """
[[flow]]
name = "birth"
  [[flow.leg]]
  name = "residence"
  on = "onestop.step"
  send = "nationalportal.sync_record"
""",
        )
        == MISTAKES
    )


def test_a_leg_that_makes_no_sense_is_told() -> None:
    """Words that need one another, names that are taken, and what is missing."""
    assert problems(
        """
[[flow]]
name = "f"
  [[flow.leg]]
  name = "a"
  on = "onestop.step"
  within = "1 day"
  [[flow.leg]]
  name = "a"
  send = "onestopp.create_dossier"
  [[flow.leg]]
  on = []
  send = "onestop.create_dossier"
  undo = "onestop.withdraw"
  expects = "onestop.dossier"
  [flow.withdraw]
  when = "x"
[[flow]]
name = "Tách thửa"
"""
    ) == [
        'r1.toml:4:5: leg "a" neither sends nor awaits anything. Give it send or expects',
        "r1.toml:7:3: within without expects: this leg is never open. Say what it awaits, or leave this out",
        'r1.toml:8:5: leg "a": on is missing. Name the message that starts it',
        'r1.toml:9:10: the name "a" is taken. It stands at r1.toml:5:10',
        'r1.toml:10:10: there is no connector "onestopp". Did you mean "onestop.create_dossier"?',
        "r1.toml:11:5: name is missing",
        "r1.toml:12:8: on names no message",
        "r1.toml:16:4: on is missing. Name the messages that withdraw a dossier",
        'r1.toml:17:3: [flow.withdraw] has no "when". The words are on, unless_refused',
        'r1.toml:18:3: flow "Tách thửa" has no legs. Write [[flow.leg]] below it',
        'r1.toml:19:8: the name "Tách thửa" is not of small letters, digits and _. Like take_in',
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "r1.toml:1:1: there is no flow in this file"),
        ("[flow]\nname = 'f'", "r1.toml:1:2: flow must be a list of tables. Write [[flow]]"),
        (FLOW + "leg = 3", "r1.toml:4:1: leg must be a list of tables. Write [[flow.leg]]"),
        (FLOW + LEG + "[flows]", 'r1.toml:9:2: a route file has no "flows". Did you mean "flow"?'),
        (FLOW + "withdraw = 1", "r1.toml:4:12: withdraw must be a table"),
        (
            FLOW + LEG + "[flow.withdraw]\non = 'onestop.withdrawn'\nunless_refused = 'nobody'",
            'r1.toml:11:18: no leg "nobody" of this flow tells of a withdrawal',
        ),
        (FLOW + "when = 1\n" + LEG, 'r1.toml:4:8: when must be a table. Write { field = "value" }'),
        (FLOW + "title = 1\n" + LEG, "r1.toml:4:9: title must be a text"),
        (
            FLOW + "when = { owner.name = 'a' }\n" + LEG,
            "r1.toml:4:10: owner is a table. Write the whole way in quotes",
        ),
        (FLOW + "when = { status = [] }\n" + LEG, "r1.toml:4:19: status can equal none of no values"),
        (
            FLOW + LEG.replace('"onestop.step"', "3"),
            "r1.toml:7:8: on must be a message or a list of messages",
        ),
        (FLOW.replace('"f"', '""') + LEG, 'r1.toml:3:8: the name "" is not of small letters'),
        (
            FLOW + LEG.replace('"national_portal.add_progress"', '"x"'),
            'r1.toml:8:10: there is no operation "x"',
        ),
    ],
)
def test_a_file_of_another_shape_is_told_how_to_write_it(text: str, what: str) -> None:
    """Whatever a person writes, the answer says where and what to do."""
    assert any(problem.startswith(what) for problem in problems(text)), problems(text)


@pytest.mark.parametrize("word", LEG_WORDS)
@settings(deadline=None)  # the machine may be busy
@given(
    value=st.sampled_from(["1", "true", '""', "[]", "[1]", "{}", "{ a = 1 }", "2026-11-23", '["x"]', "1.5"])
)
def test_no_value_of_any_word_breaks_the_reader(word: str, value: str) -> None:
    """A wrong value is a problem with a place or is right; it is never a traceback."""
    others = "".join(
        f"  {line.strip()}\n" for line in LEG.splitlines() if line.strip() and f"{word} =" not in line
    )
    text = FLOW + others + f"  {word} = {value}\n"
    found: tuple[Problem, ...] = ()
    try:
        routes(text)
    except ProblemsError as error:
        found = error.problems
    assert all(problem.file == "r1.toml" and problem.line > 1 for problem in found)


def test_a_condition_on_an_unwritten_kind_of_field_is_refused() -> None:
    """Times, files and maps equal nothing that can be written in a route."""
    for name in ("submitted_at", "form", "documents", "codes"):
        with pytest.raises(Mistake, match="no single value"):
            read_condition(name, "x", [Dossier], DERIVED)
    assert read_condition("databases", "C06", [Dossier], DERIVED).holds(Dossier(databases=("C01", "C06")))


def test_the_shipped_routes_name_operations_that_the_shipped_adapters_offer() -> None:
    """Every leg's operation is one of the portal's or the one-stop's."""
    for leg in shipped().legs:
        assert leg.connector is not None
        assert leg.operation in OPERATIONS[leg.connector]


WAITING_MISTAKES = [
    "r1.toml:6:11: legs wait for each other: a → b → a. One of them must start by a message",
    'r1.toml:6:17: flow "f" has no leg "nobody". Its legs are a, b, fires, per, lists',
    'r1.toml:7:22: "c" is not among after. Name it there too',
    'r1.toml:10:16: Result has no field "nummer". Did you mean "number"?',
    "r1.toml:11:3: ask needs ask_every beside it. Write ask_every",
    "r1.toml:12:3: pauses_on needs resumes_on beside it. Write resumes_on",
    (
        "r1.toml:17:3: matched_by ties the answer to what was sent or to the value of per. Give "
        "this leg send or per, or leave it out"
    ),
    'r1.toml:19:15: ask_every is no working time: peers answer by night too. Write "2 hours"',
    "r1.toml:23:3: on and after exclude each other. Leave out on or after",
    (
        "r1.toml:25:3: refused_when without expects: this leg is never open. Say what it awaits, "
        "or leave this out"
    ),
    ("r1.toml:26:3: undo without expects: this leg is never open. Say what it awaits, or leave this out"),
    'r1.toml:26:10: undo must be an operation, "person" or "none". Did you mean "person"?',
    'r1.toml:30:9: payers has no field "notice". Did you mean "payers.notices"?',
    'r1.toml:32:16: payer is no single value. Name one of its fields, like "payer.name"',
    "r1.toml:33:3: within and until exclude each other. Leave out within or until",
    'r1.toml:33:11: FinancialObligation has no field "due_on"',
    (
        "r1.toml:38:9: payers.notices.number is a list, and send would write all of it for each "
        "value. Leave out send, or name a field that is there once"
    ),
    "r1.toml:41:11: number is no day or time. Name another field",
]
"""What is told of the files of the next test, in the order of their places."""


def test_every_mistake_of_the_words_that_wait_is_told_with_its_place() -> None:
    """Orders that cannot be, fields that are not there, words that need others: each with a way out."""
    assert (
        problems(
            """
[[flow]]
name = "f"
  [[flow.leg]]
  name = "a"
  after = ["b", "nobody", "fires"]
  even_if_refused = ["c"]
  send = "onestop.add_result"
  expects = "onestop.result"
  matched_by = "nummer"
  ask = "onestop.add_result"
  pauses_on = "onestop.supplement"
  [[flow.leg]]
  name = "b"
  after = "a"
  expects = "onestop.result"
  matched_by = "id"
  ask = "onestop.add_result"
  ask_every = "2 working hours"
  [[flow.leg]]
  name = "fires"
  on = "onestop.step"
  after = ["b"]
  send = "national_portal.add_progress"
  refused_when = { state = "refused" }
  undo = "persn"
  [[flow.leg]]
  name = "per"
  on = "tax.obligation"
  per = "payers.notice.number"
  expects = "national_portal.payment"
  matched_by = "payer"
  until = "due_on"
  within = "1 day"
  [[flow.leg]]
  name = "lists"
  on = "tax.obligation"
  per = "payers.notices.number"
  send = "onestop.add_result"
  expects = "national_portal.payment"
  until = "number"
"""
        )
        == WAITING_MISTAKES
    )


DESIGN = Path(__file__).parents[3] / "shared" / "examples" / "routes.toml"


@pytest.mark.skipif(not DESIGN.is_file(), reason="the design's examples do not lie beside the tree")
def test_the_flows_of_the_design_are_read_whole() -> None:
    """Every word that they use is one, and every field that they name is there."""
    text = DESIGN.read_text()
    operations: dict[str, frozenset[str]] = {}
    for connector, name in re.findall(
        r'^ *(?:send|ask|undo|resume_send) *= "(\w+)\.(\w+)"', text, re.MULTILINE
    ):
        operations[connector] = operations.get(connector, frozenset()) | {name}
    found = read_routes([read(text, "routes.toml")], operations=operations, messages=MESSAGES)
    assert len(found.flows) == text.count("[[flow]]")
