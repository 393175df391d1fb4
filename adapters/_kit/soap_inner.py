"""The second layer of a SOAP answer: what stands inside its one string (reference 1.0), and its errors.

Errors come inside, on HTTP 200, as a code and a sentence; the peer's table says what they mean. A code that
no line knows, or an answer that cannot be used, is not guessed at: a writing call is asked about, a question
is asked again.
"""

from dataclasses import dataclass

from adapters._kit.http import Reply
from adapters._kit.soap_faults import by_wording
from adapters._kit.wordings import Wording
from bus.errors import DeliveryError, OutcomeUnknownError, TransientError
from bus.redaction import redacted


@dataclass(frozen=True, slots=True)
class Inner:
    """What an answer says: its text as it came, its code ("" for none), its sentence, the table's line."""

    text: str
    code: str
    said: str
    wording: Wording | None

    @property
    def means(self) -> str:
        """What the table says; "" where it says nothing."""
        return self.wording.means if self.wording else ""

    @property
    def raw(self) -> bytes:
        """The text inside the answer, byte for byte: it may be signed."""
        return self.text.encode()


def error_of(answer: Inner, *, effect: bool) -> DeliveryError:
    """Turn an answer that is not what was hoped for into our error; `effect`: it was a writing call."""
    said = redacted(answer.said)[:500] or "nothing"
    if answer.wording is not None:
        return by_wording(answer.wording, said, answer.code, Reply(200, answer.raw, {}), effect=effect)
    what = f"The peer's code {answer.code or '(none)'} is not known: {said} Add it to `texts`."
    return _uncertain(what, answer.code, answer.raw, effect=effect)


def unusable(what: object, raw: bytes, *, effect: bool) -> DeliveryError:
    """What stands inside cannot be believed or read: after an effect nobody knows (rule 5)."""
    return _uncertain(f"The peer's answer cannot be used: {what}.", "inner", raw, effect=effect)


def _uncertain(text: str, code: str, raw: bytes, *, effect: bool) -> DeliveryError:
    if effect:
        return OutcomeUnknownError(text, code=code, answer=raw)
    return TransientError(text, code=code, answer=raw, peer_down=False)
