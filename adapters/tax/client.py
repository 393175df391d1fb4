"""Speaks as the gateway does: one SOAP operation, a framed and signed text in, a framed and signed text out.

Two layers of decoding and two of errors (reference 1.0): SOAP's are the kit's, what stands inside is here.
Knows nothing of dossiers.
"""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509

from adapters._kit.keys import Signer
from adapters._kit.soap import SoapClient
from adapters._kit.soap_inner import unusable
from adapters._kit.wordings import Wording
from adapters._kit.xml import Element
from adapters._kit.xml_signature import sign, verify
from adapters.tax.dates import read_send_date, write_send_date
from adapters.tax.faults import FOREIGN, Told, told
from adapters.tax.frame import Frame, FrameError, Frames, as_text
from adapters.tax.settings import TaxSettings
from adapters.tax.signature import COVER
from bus.ports import Deadline

_CLOCKS_APART = timedelta(days=2)


class GipClient:
    """One account at the gateway; safe for many threads. All calls raise `DeliveryError`s."""

    def __init__(
        self,
        settings: TaxSettings,
        soap: SoapClient,
        wordings: Sequence[Wording],
        signer: Signer | None,
        trusted: Sequence[x509.Certificate],
        frames: Frames,
    ) -> None:
        self._settings = settings
        self._soap = soap
        self._wordings = tuple(wordings)
        self._signer = signer
        self._trusted = tuple(trusted)
        self._frames = frames

    def say(
        self, row: Element, service: str, deadline: Deadline, *, effect: bool, message_id: str = ""
    ) -> Told:
        """Send a row and give back what the gateway says, good or bad; the caller judges `means`.

        `message_id` is ours for the request, the same at every resend; without one a new one is made.
        """
        message_id = message_id or self.message_id(str(uuid.uuid4()))
        root = self._frames.compose(self._header(message_id), row)
        if self._signer is not None:
            sign(root.find("SECURITY"), self._signer, COVER, self._settings.signature)
        reply = self._soap.call(self._settings.operation, as_text(root), deadline=deadline, effect=effect)
        try:
            frame = self._believed(reply.value, message_id)
            return told(frame, reply.value, service, self._wordings, self._settings.names)
        except FOREIGN as error:
            raise unusable(error, reply.raw, effect=effect) from None

    def message_id(self, request_id: str) -> str:
        """Our number for a request: free-form per sender, 20 digits as others have (reference 1.2d)."""
        return f"{self._settings.sender.code}-{uuid.UUID(request_id).int % 10**20:020}"

    def _believed(self, text: object, message_id: str) -> Frame:
        """Read an answer, and refuse one that is of nobody we trust or to another question."""
        frame = self._frames.read(text)
        if self._trusted:
            accept = self._settings.accept_sha1
            verify(frame.root.find("SECURITY"), self._trusted, COVER, accept_sha1=accept)
        asked = frame.header.get("MSG_REFID", "")
        if asked not in ("", message_id):
            raise FrameError("it answers another message (MSG_REFID)")
        return frame

    def _header(self, message_id: str) -> dict[str, str]:
        settings = self._settings
        return {
            "VERSION": "1.0",
            "SENDER_CODE": settings.sender.code,
            "SENDER_NAME": settings.sender.name,
            "RECEIVER_CODE": settings.receiver.code,
            "RECEIVER_NAME": settings.receiver.name,
            "TRAN_CODE": settings.types.tran_code,
            "MSG_ID": message_id,
            "SEND_DATE": write_send_date(datetime.now(UTC), settings.send_date),
        }


def clock_note(answer: Told) -> str:
    """Say where the gateway's day is far from ours; "" where it is near or cannot be told."""
    header = answer.frame.header
    day = read_send_date(header.get("SEND_DATE", ""), header.get("MSG_ID", ""))
    if day is None or abs(day - datetime.now(UTC).date()) <= _CLOCKS_APART:
        return ""
    return f"the gateway's clock says {day.isoformat()}"
