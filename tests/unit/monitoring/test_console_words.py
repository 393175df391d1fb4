"""The console's texts: each page's are there, in both languages, and none is left over."""

import re
from pathlib import Path

import pytest

from bus.people import ROLES
from mappings.dossier import MESSAGES
from monitoring.console.page import TABS, TOLD
from monitoring.console.texts import LANGUAGES, read_texts, speaker
from monitoring.words import REASONS

HERE = Path(read_texts.__code__.co_filename).parent
PAGES = "".join(file.read_text() for file in sorted(HERE.glob("pages/*.html")))
CODE = "".join(file.read_text() for file in sorted(HERE.glob("*.py")))
ROOT = HERE.parents[1]
NOTED = re.compile(r"""\bNote\([^,]+, "([a-z ]+)\"""")
"""An action as the log keeps it: `Note(who, "read anew", ...)`."""
NAMED = re.compile(r"""["']([a-z_]+\.[a-z_]+)["']""")
ROOMS = (
    "kind",
    "role",
    "mode",
    "certainty",
    "effect",
    "away",
    "status",
    "failed_step",
    "retry_state",
    "error",
    "told",
    "nav",
    "cause",
    "did",
    "subject",
    "removed",
)
"""Rooms whose texts are named by a value: "role." + person.role."""


def test_every_text_that_a_page_says_is_there() -> None:
    """A name that is not in the file would be an error before a reader's eyes."""
    texts = read_texts()
    rooms = {name.partition(".")[0] for name in texts}
    named = {name for name in NAMED.findall(PAGES + CODE) if not name.endswith(".html")}
    said = {name for name in named if name.partition(".")[0] in rooms}
    assert said - set(texts) == set()


def test_no_text_is_left_over() -> None:
    """What no page says any more is taken out."""
    said = set(NAMED.findall(PAGES + CODE))
    assert {name for name in read_texts() if name.partition(".")[0] not in ROOMS} - said == set()


def test_every_action_that_the_log_keeps_has_its_word() -> None:
    """The page of actions would show the log's own English word to a reader of Vietnamese."""
    files = [file for room in ("bus", "commands", "monitoring") for file in (ROOT / room).rglob("*.py")]
    code = "".join(file.read_text() for file in files)
    kept = {f"did.{word.replace(' ', '_')}" for word in NOTED.findall(code)}
    assert len(kept) > 10
    assert kept - set(read_texts()) == set()


@pytest.mark.parametrize("name", [*(f"role.{role}" for role in ROLES), *(f"nav.{tab}" for _, tab in TABS)])
def test_what_is_named_by_a_value_is_there(name: str) -> None:
    """Roles and rooms of the console."""
    assert name in read_texts()


@pytest.mark.parametrize("kind", MESSAGES)
def test_every_kind_of_message_has_a_title(kind: str) -> None:
    """Whoever adds a kind says how it reads to the person on duty."""
    assert f"kind.{kind.replace('.', '_')}" in read_texts()


def test_what_was_done_can_be_told() -> None:
    """An address can name only these."""
    assert {f"told.{what}" for what in TOLD} <= set(read_texts())


def test_both_languages_have_the_same_gaps_to_fill() -> None:
    """A count in Vietnamese is a count in English."""
    for name, both in read_texts().items():
        gaps = [sorted(re.findall(r"{(\w+)}", text)) for text in both]
        assert gaps[0] == gaps[1], name
        assert all(both), name


def test_an_unknown_text_is_a_fault_of_ours() -> None:
    """It is never shown as its name."""
    with pytest.raises(KeyError):
        speaker(read_texts(), LANGUAGES[0])("no.such")


def test_what_the_bus_says_is_still_what_it_says() -> None:
    """A reason that is worded anew in the bus is worded anew here, or it would be shown in English."""
    source = " ".join(file.read_text() for file in sorted((HERE.parents[1] / "bus").rglob("*.py")))
    flat = re.sub(r'"\s*\n\s*"', "", source)
    built = {"asked: not there", "asked: still working", "asked: cannot say"}
    assert {reason for reason in REASONS if reason not in flat} <= built
    assert 'reason = f"asked: {sighting.outcome}"' in flat
