"""What the authority's answers mean: maKetQua by a table. The class of a code is not HTTP's (reference 1.1c).

A code that no line of the table knows is not guessed at: after a writing call the authority is asked, a
question is asked again. The card check's own list of codes is business and stands in its sheet.
"""

from dataclasses import dataclass

from adapters._kit.http import Reply
from adapters._kit.soap_faults import by_wording
from adapters._kit.wordings import Wording
from adapters._kit.xml import Element
from bus.errors import DeliveryError, OutcomeUnknownError, TransientError
from bus.redaction import redacted


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: its element, the text as it came, its code, and what the table says of it."""

    root: Element
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
        """The text inside the answer, byte for byte."""
        return self.text.encode()


def error_of(answer: Told, *, effect: bool) -> DeliveryError:
    """Turn an answer that is not what was hoped for into our error; `effect`: it was a writing call."""
    said = redacted(answer.said)[:500] or "nothing"
    if answer.wording is not None:
        return by_wording(answer.wording, said, answer.code, Reply(200, answer.raw, {}), effect=effect)
    text = f"The authority's code {answer.code} is not known: {said} Add it to `texts`."
    if effect:
        return OutcomeUnknownError(text, code=answer.code, answer=answer.raw)
    return TransientError(text, code=answer.code, answer=answer.raw, peer_down=False)


def unusable(why: str, raw: bytes, *, effect: bool) -> DeliveryError:
    """An answer that cannot be read: after an effect nobody knows (rule 5)."""
    text = f"The authority's answer cannot be used: {why}."
    if effect:
        return OutcomeUnknownError(text, code="answer", answer=raw)
    return TransientError(text, code="answer", answer=raw, peer_down=False)
