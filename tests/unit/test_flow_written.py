"""What starts a leg can be told to the sheet of what it sends, or `check` says where it cannot."""

import pytest

from bus.flow_written import unwritable
from bus.flows import read_routes
from mappings.dossier import MESSAGES, Dossier, Result, Step, Supplement
from mappings.source import read

TAKES = {
    "onestop.add_result": Result,
    "onestop.add_step": Step,
    "onestop.set_ready": Dossier,
    "insurance.add_supplement": Supplement,
    "insurance.query_card": Result,
}
OPERATIONS = {
    "onestop": frozenset({"add_result", "add_step", "set_ready"}),
    "insurance": frozenset({"add_supplement", "query_card"}),
}


def faults(legs: str) -> list[str]:
    """What is wrong with a flow of these legs."""
    source = read(f'[[flow]]\nname = "f"\n{legs}', "f.toml")
    routes = read_routes([source], operations=OPERATIONS, messages=MESSAGES)
    return [str(problem) for problem in unwritable([source], routes, TAKES)]


def leg(name: str, *lines: str) -> str:
    """A leg of a route file, a word a line."""
    return "\n".join(["[[flow.leg]]", f'name = "{name}"', *lines, ""])


BEFORE = leg("before", 'on = "onestop.dossier"', 'expects = "onestop.result"')


@pytest.mark.parametrize(
    ("legs", "line", "said"),
    [
        (
            leg("a", 'on = "onestop.step"', 'send = "onestop.add_result"'),
            "f.toml:6:8",
            "onestop.add_result is written from a Result, not from onestop.step",
        ),
        (
            BEFORE + leg("a", 'after = ["before"]', 'send = "onestop.add_result"', 'expects = "onestop.step"')
            + leg("b", 'after = ["a"]', 'send = "onestop.add_result"'),
            "f.toml:15:8",
            "not from onestop.step",
        ),
        (
            leg(
                "a",
                'on = "onestop.dossier"',
                'send = "onestop.set_ready"',
                'expects = "insurance.card_result"',
                'pauses_on = "insurance.supplement_request"',
                'resumes_on = "onestop.step"',
                'resume_send = "insurance.add_supplement"',
            ),
            "f.toml:10:15",
            "insurance.add_supplement is written from a Supplement, not from onestop.step",
        ),
        (
            leg(
                "a",
                'on = "onestop.dossier"',
                'send = "onestop.set_ready"',
                'expects = "insurance.card_result"',
                'ask = "insurance.query_card"',
                'ask_every = "1 minute"',
            ),
            "f.toml:8:7",
            "insurance.query_card is written from a Result, not from onestop.dossier",
        ),
    ],
)  # fmt: skip
def test_what_its_sheet_cannot_be_written_from_is_told_with_its_place(
    legs: str, line: str, said: str
) -> None:
    """Its delivery would be dead each time: the word is named that sends, and which messages would do."""
    (fault,) = faults(legs)
    assert fault.startswith(line)
    assert said in fault
    assert "start it" in fault


@pytest.mark.parametrize(
    "legs",
    [
        leg("a", 'on = "onestop.step"', 'send = "onestop.set_ready"'),
        leg("a", 'on = "insurance.card_result"', 'send = "onestop.add_result"'),
        leg("a", 'on = ["onestop.step", "insurance.file_result"]', 'send = "onestop.add_step"'),
        BEFORE + leg("a", 'after = ["before"]', 'send = "onestop.add_result"'),
    ],
)  # fmt: skip
def test_the_dossier_its_own_struct_and_what_can_be_retold_are_fine(legs: str) -> None:
    """A sheet of the whole dossier takes any message; a card is told as a result, a result as a step."""
    assert faults(legs) == []
