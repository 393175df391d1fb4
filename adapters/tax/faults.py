"""What the gateway's answers mean: codes and wordings by a table, for the texts of its lists are not public.

Errors come inside, on HTTP 200 (reference 1.0): in the header, in the row of an acknowledgement, or as the
result of a question. A code that no line of the table knows, or none where one is due, is not guessed at: a
writing call is asked about, a question is asked again.
"""

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from lxml import etree

from adapters._kit.http import Reply
from adapters._kit.soap_faults import by_wording
from adapters._kit.wordings import Wording, meaning
from adapters._kit.xml import Element
from adapters._kit.xml_signature import SignatureError
from adapters.tax.frame import Frame, FrameError
from bus.errors import DeliveryError, OutcomeUnknownError, TransientError
from bus.redaction import redacted

FOREIGN = (etree.LxmlError, InvalidSignature, FrameError, SignatureError)
"""What reading an answer may raise beside the transport's errors; all of it means that it cannot be used."""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer of the gateway: frame, inner text as it came, its code ("" for none), the table's line."""

    frame: Frame
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
        """The signed text, byte for byte."""
        return self.text.encode()

    @property
    def row(self) -> Element:
        """The first row; a frame has at least one."""
        return self.frame.rows[0]


def normal_code(text: str) -> str:
    """Write a code one way: "0" and "00" are the same; "" is none."""
    bare = text.strip()
    return bare if bare.strip("0") or not bare else "0"


def told(frame: Frame, text: str, service: str, wordings: tuple[Wording, ...]) -> Told:
    """Find what an answer says: its header first, then its row."""
    row = frame.rows[0]
    pairs = [
        (frame.header.get("ERROR_CODE", ""), frame.header.get("ERROR_DESC", "")),
        (row.findtext(".//ERROR_CODE", ""), row.findtext(".//ERROR_DESC", "")),
        (row.findtext("MA_KETQUA", ""), row.findtext("DIEN_GIAI", "")),
    ]
    coded = [(normal_code(code), said.strip()) for code, said in pairs if code.strip()]
    code, said = next((pair for pair in coded if pair[0] != "0"), coded[0] if coded else ("", ""))
    return Told(frame, text, code, said, meaning(wordings, service, code, said))


def error_of(answer: Told, *, effect: bool) -> DeliveryError:
    """Turn an answer that is not what was hoped for into our error; `effect`: it was a writing call."""
    said = redacted(answer.said)[:500] or "nothing"
    if answer.wording is not None:
        return by_wording(answer.wording, said, answer.code, Reply(200, answer.raw, {}), effect=effect)
    text = f"The gateway's code {answer.code or '(none)'} is not known: {said} Add it to `texts`."
    if effect:
        return OutcomeUnknownError(text, code=answer.code, answer=answer.raw)
    return TransientError(text, code=answer.code, answer=answer.raw, peer_down=False)


def unusable(error: Exception, raw: bytes, *, effect: bool) -> DeliveryError:
    """An answer that cannot be believed or read: after an effect nobody knows (rule 5)."""
    text = f"The gateway's answer cannot be used: {error}."
    if effect:
        return OutcomeUnknownError(text, code="frame", answer=raw)
    return TransientError(text, code="frame", answer=raw, peer_down=False)
