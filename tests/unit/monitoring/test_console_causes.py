"""What the ledger writes as a cause has its words on the console's pages."""

from typing import get_args, get_type_hints

from bus.ledger.gate_records import Outage
from monitoring.console.texts import read_texts, speaker


def test_every_cause_of_an_outage_has_its_words() -> None:
    """A rest that a peer asks for too: a cause without words would be a page that cannot be shown."""
    causes = get_args(get_type_hints(Outage)["cause"])
    assert "rest" in causes
    assert all(speaker(read_texts(), "vi")(f"away.{cause}") for cause in causes)


def test_an_action_without_words_is_shown_as_it_stands_in_the_log() -> None:
    """What an older release wrote stays readable."""
    say = speaker(read_texts(), "vi")
    assert say("did.sign_in", otherwise="sign in") == "đăng nhập"
    assert say("did.something_old", otherwise="something old") == "something old"
