"""XML signatures as the gateways have them, over what we say they cover.

RSA-SHA256 (RSA-SHA1 where a peer demands it), exclusive C14N with comments, KeyInfo with key, subject and
certificate. The digest is xmlsec's; the key signs by itself, for it may lie on a token. One is verified with
the certificate that we trust and never with the key that it brings along: whoever signs could bring any.
What it covers is compared with what we want covered, not taken from it.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from xmlsec import constants as c

from adapters._kit.keys import Signer, is_trusted
from adapters._kit.xml import Element

Named = tuple[str, str]
"""How a signature names its method and its digest."""
DSIG = "http://www.w3.org/2000/09/xmldsig#"
_N = {"d": DSIG}
Method = Literal["rsa-sha256", "rsa-sha1"]
_SHA256: Named = (
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "http://www.w3.org/2001/04/xmlenc#sha256",
)
_SHA1: Named = (f"{DSIG}rsa-sha1", f"{DSIG}sha1")
_XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_FOREIGN = (xmlsec.Error, etree.LxmlError, ValueError, TypeError)
"""What the two libraries are known to raise over a signature that is not right."""


class SignatureError(ValueError):
    """A signature is missing, wrong, of nobody whom we trust, or covers something else."""


@dataclass(frozen=True, slots=True)
class Cover:
    """What a signature covers: the elements that an XPath selects, or with "" all but itself (enveloped)."""

    xpath: str = ""

    @property
    def algorithm(self) -> str:
        """The transform that says so."""
        return _XPATH if self.xpath else _ENVELOPED


def sign(place: Element, signer: Signer, cover: Cover, method: Method = "rsa-sha256") -> None:
    """Sign a document in place; the signature becomes the last child of `place`.

    Raises `TransientError` where the key cannot be reached: nothing was sent then.
    """
    signature = _digested(place, cover, sha1=method == "rsa-sha1")
    info = signature.find("d:SignedInfo", _N)
    info.find("d:SignatureMethod", _N).set("Algorithm", (_SHA1 if method == "rsa-sha1" else _SHA256)[0])
    canonical = etree.tostring(info, method="c14n", exclusive=True, with_comments=True)
    value = signer.sign(canonical, "sha1" if method == "rsa-sha1" else "sha256")
    signature.find("d:SignatureValue", _N).text = base64.b64encode(value).decode()
    signature.append(_key_info(signer.certificate))


def _digested(place: Element, cover: Cover, *, sha1: bool) -> Element:
    """Put a signature into place whose digests are right; its method, an HMAC of no secret, is not."""
    signature: Any = xmlsec.template.create(place, c.TransformExclC14NWithComments, c.TransformHmacSha256)
    place.append(signature)
    digest = c.TransformSha1 if sha1 else c.TransformSha256
    reference = xmlsec.template.add_reference(signature, digest, uri="")
    kind = c.TransformXPath if cover.xpath else c.TransformEnveloped
    transform: Any = xmlsec.template.add_transform(reference, kind)
    if cover.xpath:
        etree.SubElement(transform, f"{{{DSIG}}}XPath").text = cover.xpath
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_binary_data(c.KeyDataHmac, bytes(32))
    context.sign(signature)
    return signature


def _key_info(certificate: x509.Certificate) -> Element:
    """Who signed. It is not covered by the signature, as with the gateway's clients."""
    info = etree.Element(f"{{{DSIG}}}KeyInfo", nsmap={None: DSIG})  # type: ignore[dict-item]  # lxml takes None
    numbers: Any = certificate.public_key()
    key = etree.SubElement(etree.SubElement(info, f"{{{DSIG}}}KeyValue"), f"{{{DSIG}}}RSAKeyValue")
    for name, number in (("Modulus", numbers.public_numbers().n), ("Exponent", numbers.public_numbers().e)):
        content = number.to_bytes((number.bit_length() + 7) // 8, "big")
        etree.SubElement(key, f"{{{DSIG}}}{name}").text = base64.b64encode(content).decode()
    data = etree.SubElement(info, f"{{{DSIG}}}X509Data")
    etree.SubElement(data, f"{{{DSIG}}}X509SubjectName").text = certificate.subject.rfc4514_string()
    content = certificate.public_bytes(Encoding.DER)
    etree.SubElement(data, f"{{{DSIG}}}X509Certificate").text = base64.b64encode(content).decode()
    return info


def verify(
    place: Element | None, trusted: Sequence[x509.Certificate], cover: Cover, *, accept_sha1: bool = False
) -> None:
    """Verify the one signature in `place`, in a document as it was parsed, alone; raises `SignatureError`."""
    signatures = [] if place is None else place.findall(f"{{{DSIG}}}Signature")
    if len(signatures) != 1:
        raise SignatureError("there is no signature")
    (signature,) = signatures
    _covers(signature, cover, (_SHA256, _SHA1) if accept_sha1 else (_SHA256,))
    try:
        pem = _signed_by(signature, trusted).public_bytes(Encoding.PEM)
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(pem, c.KeyDataFormatCertPem)
        context.verify(signature)
    except SignatureError:
        raise
    except _FOREIGN:
        raise SignatureError("the signature is not right") from None


def _covers(signature: Element, cover: Cover, accepted: Sequence[Named]) -> None:
    """Refuse a signature over anything but what is wanted, or by a method that is not accepted."""
    references = signature.findall("d:SignedInfo/d:Reference", _N)
    if len(references) != 1 or references[0].get("URI") != "":
        raise SignatureError("the signature covers something else")
    transforms = references[0].findall("d:Transforms/d:Transform", _N)
    said = [
        (each.get("Algorithm"), " ".join((each.findtext("d:XPath", "", _N) or "").split()))
        for each in transforms
    ]
    if said[:1] != [(cover.algorithm, cover.xpath)] or not all("c14n" in str(name) for name, _ in said[1:]):
        raise SignatureError("the signature covers something else")
    method = signature.find("d:SignedInfo/d:SignatureMethod", _N)
    digest = references[0].find("d:DigestMethod", _N)
    named = tuple(each.get("Algorithm") if each is not None else "" for each in (method, digest))
    if named not in accepted:
        raise SignatureError("the signature is made by a method that is not accepted")


def _signed_by(signature: Element, trusted: Sequence[x509.Certificate]) -> x509.Certificate:
    texts = signature.findall("d:KeyInfo/d:X509Data/d:X509Certificate", _N)
    found = [x509.load_der_x509_certificate(base64.b64decode(each.text or "")) for each in texts]
    if not found or not is_trusted(found[0], found[1:], trusted):
        raise SignatureError("the signature is of nobody whom we trust")
    return found[0]
