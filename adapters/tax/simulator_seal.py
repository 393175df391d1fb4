"""The simulated gateway's signatures, made and verified by hand: canonical form, digest, RSA.

It shares no library with the connector's own (xmlsec), so a mistake of one shows at the other.
"""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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
_COVERED = "ancestor-or-self::HEADER or ancestor-or-self::BODY"
_SIGNED_INFO = (
    f'<SignedInfo xmlns="{_DSIG}">'
    '<CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#WithComments"/>'
    '<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><Reference URI="">'
    '<Transforms><Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116">'
    f"<XPath>{_COVERED}</XPath></Transform></Transforms>"
    '<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
    "<DigestValue>{digest}</DigestValue></Reference></SignedInfo>"
)


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

    def sign(self, root: Any) -> None:
        """Put a signature into SECURITY."""
        info = etree.fromstring(_SIGNED_INFO.format(digest=_digest(root)))
        signature = etree.SubElement(root.find("SECURITY"), f"{_D}Signature", nsmap=_NSMAP)
        signature.append(info)
        value = self._key.sign(_canonical(info), padding.PKCS1v15(), hashes.SHA256())
        etree.SubElement(signature, f"{_D}SignatureValue").text = base64.b64encode(value).decode()
        data = etree.SubElement(etree.SubElement(signature, f"{_D}KeyInfo"), f"{_D}X509Data")
        etree.SubElement(data, f"{_D}X509Certificate").text = base64.b64encode(self._der).decode()


def signature_problem(root: Any) -> str:
    """Say what is wrong with the signature of a message; "" where it is right."""
    signature = root.find(f"SECURITY/{_D}Signature")
    if signature is None:
        return "không có chữ ký"
    path = f"{_D}SignedInfo/{_D}Reference"
    if " ".join(signature.findtext(f"{path}/{_D}Transforms/{_D}Transform/{_D}XPath", "").split()) != _COVERED:
        return "chữ ký không phủ HEADER và BODY"
    if signature.findtext(f"{path}/{_D}DigestValue", "").strip() != _digest(root):
        return "chữ ký sai: giá trị băm khác"
    try:
        text = signature.findtext(f"{_D}KeyInfo/{_D}X509Data/{_D}X509Certificate", "")
        key: Any = x509.load_der_x509_certificate(base64.b64decode(text)).public_key()
        value = base64.b64decode(signature.findtext(f"{_D}SignatureValue", ""))
        key.verify(value, _canonical(signature.find(f"{_D}SignedInfo")), padding.PKCS1v15(), hashes.SHA256())
    except (ValueError, TypeError, InvalidSignature):
        return "chữ ký sai"
    return ""


def _digest(root: Any) -> str:
    parts = (
        etree.tostring(root.find(name), method="c14n", with_comments=False) for name in ("HEADER", "BODY")
    )
    return base64.b64encode(hashlib.sha256(b"".join(parts)).digest()).decode()


def _canonical(element: Any) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=True)


def _certificate(key: Any) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "GIP mô phỏng")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    lasting = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=3650))
    return lasting.sign(key, hashes.SHA256())
