"""Signatures of a simulated gateway, made and verified by hand: canonical form, digest, RSA.

It shares no library with the connectors' own (xmlsec), so a mistake of one shows at the other.
"""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from lxml import etree

_DSIG = "http://www.w3.org/2000/09/xmldsig#"
_D = f"{{{_DSIG}}}"
_NSMAP: Any = {None: _DSIG}
_SIGNED_INFO = (
    f'<SignedInfo xmlns="{_DSIG}">'
    '<CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#WithComments"/>'
    '<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><Reference URI="">'
    "<Transforms>{transform}</Transforms>"
    '<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
    "<DigestValue>{digest}</DigestValue></Reference></SignedInfo>"
)


class Kind(msgspec.Struct, frozen=True):
    """What signatures cover: some children of the root, or with none all but the signature itself.

    `place` is the path of the element that holds the signature, `xpath` what selects the children.
    """

    place: str
    covered: tuple[str, ...] = ()
    xpath: str = ""

    @property
    def transform(self) -> str:
        """The transform that says so."""
        if not self.covered:
            return f'<Transform Algorithm="{_DSIG}enveloped-signature"/>'
        path = f"<XPath>{self.xpath}</XPath>"
        return f'<Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116">{path}</Transform>'

    def digest(self, root: Any) -> str:
        """The digest of what is covered; canonical form without comments."""
        if self.covered:
            content = b"".join(_plain(root.find(name)) for name in self.covered)
        else:
            bare: Any = etree.fromstring(etree.tostring(root))
            place: Any = bare.find(self.place)
            for signature in place.findall(f"{_D}Signature"):
                place.remove(signature)
            content = _plain(bare)
        return base64.b64encode(hashlib.sha256(content).digest()).decode()


class Seal:
    """The gateway's key and certificate; a restart over the same folder finds them again."""

    def __init__(self, folder: Path) -> None:
        key_file, file = folder / "gateway.key", folder / "gateway.pem"
        if not file.exists():
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            file.write_bytes(_certificate(key).public_bytes(Encoding.PEM))
        self._key: Any = load_pem_private_key(key_file.read_bytes(), None)
        self.pem = file.read_bytes()
        self._der = x509.load_pem_x509_certificate(self.pem).public_bytes(Encoding.DER)

    def sign(self, root: Any, kind: Kind) -> None:
        """Put a signature into its place."""
        info = etree.fromstring(_SIGNED_INFO.format(digest=kind.digest(root), transform=kind.transform))
        signature = etree.SubElement(root.find(kind.place), f"{_D}Signature", nsmap=_NSMAP)
        signature.append(info)
        value = self._key.sign(_canonical(info), padding.PKCS1v15(), hashes.SHA256())
        etree.SubElement(signature, f"{_D}SignatureValue").text = base64.b64encode(value).decode()
        data = etree.SubElement(etree.SubElement(signature, f"{_D}KeyInfo"), f"{_D}X509Data")
        etree.SubElement(data, f"{_D}X509Certificate").text = base64.b64encode(self._der).decode()


def signature_problem(root: Any, kind: Kind) -> str:
    """Say what is wrong with the signature of a message; "" where it is right."""
    signature = root.find(f"{kind.place}/{_D}Signature")
    if signature is None:
        return "không có chữ ký"
    path = f"{_D}SignedInfo/{_D}Reference"
    transform = signature.find(f"{path}/{_D}Transforms/{_D}Transform")
    wanted = etree.fromstring(kind.transform)
    said = [
        " ".join((each.findtext(f"{mark}XPath") or "").split())
        for each, mark in ((transform, _D), (wanted, ""))
    ]
    if transform.get("Algorithm") != wanted.get("Algorithm") or said[0] != said[1]:
        return "chữ ký không phủ nội dung"
    if signature.findtext(f"{path}/{_D}DigestValue", "").strip() != kind.digest(root):
        return "chữ ký sai: giá trị băm khác"
    try:
        text = signature.findtext(f"{_D}KeyInfo/{_D}X509Data/{_D}X509Certificate", "")
        key: Any = x509.load_der_x509_certificate(base64.b64decode(text)).public_key()
        value = base64.b64decode(signature.findtext(f"{_D}SignatureValue", ""))
        key.verify(value, _canonical(signature.find(f"{_D}SignedInfo")), padding.PKCS1v15(), hashes.SHA256())
    except (ValueError, TypeError, InvalidSignature):
        return "chữ ký sai"
    return ""


def _plain(element: Any) -> bytes:
    return etree.tostring(element, method="c14n", with_comments=False)


def _canonical(element: Any) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=True)


def _certificate(key: Any) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Cổng mô phỏng")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    lasting = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=3650))
    return lasting.sign(key, hashes.SHA256())
