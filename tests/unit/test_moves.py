"""The table of a delivery's moves agrees with the delivery protocol's model."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from bus.ledger import schema
from bus.ledger.moves import ENTRIES, LEGAL, READY, is_legal

MODEL = Path(__file__).resolve().parents[3] / "shared" / "model" / "delivery_protocol.py"
TABLE = {
    "absent": {"waiting", "ready"},
    "waiting": {"ready", "superseded"},
    "ready": {"sending"},
    "sending": {"delivered", "refused", "ready", "unknown", "dead"},
    "unknown": {"delivered", "refused", "ready", "sending", "dead"},
    "dead": {"ready", "superseded", "discarded"},
}
"""The model's own table, as it was when this was written."""

OURS = {
    ("absent", "sending"): "kept and claimed in one transaction (decision 14)",
    ("absent", "superseded"): "kept together with the newer one that takes its place",
    ("waiting", "sending"): "released and claimed in one transaction (decision 14)",
    ("absent", "unknown"): "said before a restore: its peer is asked first (decision 29)",
    ("waiting", "unknown"): "its turn comes after a restore: its peer is asked first (decision 29)",
    ("ready", "waiting"): "two dossiers became one: it waits for what is open in the other",
    ("ready", "superseded"): "withdrawn before it was sent (decision 4)",
    ("sending", "superseded"): "no change: the peer has it already",
    ("dead", "waiting"): "retried behind an open one of its lane",
}
"""What the model does not have, with the reason."""


def model() -> Any:
    """The model as a module; skips where it does not lie beside the tree."""
    if not MODEL.exists():
        pytest.skip("the model does not lie beside the tree")
    spec = importlib.util.spec_from_file_location("delivery_protocol", MODEL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def folded(state: str) -> str:
    """A state of ours by its name in the model."""
    return "ready" if state in READY else state


def test_the_copy_is_the_model_s_table() -> None:
    """Change the model first when you want to change the protocol."""
    assert TABLE == model().LEGAL


def test_every_move_of_the_model_is_legal_here() -> None:
    """Whatever the proof allows, the ledger may do."""
    for before, followers in TABLE.items():
        for after in followers:
            assert is_legal(None if before == "absent" else before, after), (before, after)


def test_what_the_model_does_not_have_is_ours_for_a_reason() -> None:
    """No move is legal that is in neither table."""
    pairs = {(folded(before), folded(after)) for before, followers in LEGAL.items() for after in followers}
    pairs |= {("absent", folded(after)) for after in ENTRIES}
    beyond = {(a, b) for a, b in pairs if a != b and b not in TABLE.get(a, ())}
    assert beyond == OURS.keys()


def test_every_state_is_in_the_table_and_ends_stay() -> None:
    """Dead is an end for the machine alone."""
    assert LEGAL.keys() == set(schema.STATES)
    assert all(not LEGAL[end] for end in schema.ENDS if end != "dead")
