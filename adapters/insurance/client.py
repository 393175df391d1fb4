"""Speaks as the contract does: a text in, a text out, by operation. Knows nothing of dossiers."""

from collections.abc import Sequence

from lxml import etree

from adapters._kit.soap import SoapClient
from adapters._kit.soap_inner import unusable
from adapters._kit.wordings import Wording, meaning
from adapters._kit.xml import Element, XmlError, XmlSchema, parse_text
from adapters.insurance.faults import Told
from adapters.insurance.settings import InsuranceSettings
from bus.ports import Deadline


class InsuranceClient:
    """One account at the authority; safe for many threads. All calls raise `DeliveryError`s."""

    def __init__(
        self, settings: InsuranceSettings, soap: SoapClient, wordings: Sequence[Wording], answer: XmlSchema
    ) -> None:
        self._operations = settings.operations
        self._names = settings.names
        self._soap = soap
        self._wordings = tuple(wordings)
        self._answer = answer

    def say(self, service: str, content: Element, deadline: Deadline, *, effect: bool) -> Told:
        """Send a text to an operation (our word for it) and give back what is said, good or bad."""
        text = str(etree.tostring(content, encoding="unicode"))
        operation = getattr(self._operations, service)
        reply = self._soap.call(operation, text, deadline=deadline, effect=effect)
        try:
            root = parse_text(reply.value)
        except XmlError as error:
            raise unusable(error, reply.raw, effect=effect) from None
        if problems := self._answer.problems(root):
            raise unusable("; ".join(problems), reply.raw, effect=effect)
        if len({(each.text or "").strip() for each in root.iterfind(self._names.code)}) > 1:
            raise unusable(f"it has several {self._names.code} that differ", reply.raw, effect=effect)
        code, said = (root.findtext(name, "").strip() for name in (self._names.code, self._names.said))
        return Told(reply.value, code, said, meaning(self._wordings, service, code, said), root)
