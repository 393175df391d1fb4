"""What the tests of the tax connector share: keys, a slip, calls, connectors, and simulators as processes."""

import datetime as dt
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import NameOID
from lxml import etree

from adapters.tax.adapter import TYPE
from adapters.tax.settings import Party, TaxSettings
from bus.peer_settings import Timeout
from bus.ports import Adapter, Call, Deadline
from bus.settings import Seconds, Secret, Url

ROOT = Path(__file__).resolve().parents[2]
DOSSIER = "000.00.32.H12-261120-0001"
REQUEST_ID = "0e3bd0a0-0000-4000-8000-000000000001"
PASSWORD = "mat-khau-thu"


@cache
def rsa_key(_name: str = "ours") -> rsa.RSAPrivateKey:
    """A key by name; making one is slow."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(
    subject: str,
    key: rsa.RSAPrivateKey,
    issuer: tuple[x509.Certificate, rsa.RSAPrivateKey] | None = None,
    *,
    ca: bool = False,
    days: int = 365,
) -> x509.Certificate:
    """A certificate, of itself or of an issuer; `days` below 0: it ended so long ago."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder(
        subject_name=name,
        issuer_name=issuer[0].subject if issuer else name,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - dt.timedelta(days=400),
        not_valid_after=now + dt.timedelta(days=days),
    ).add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    return made.sign(issuer[1] if issuer else key, hashes.SHA256())


def signer_file(folder: Path) -> str:
    """A PKCS#12 file with our key, as the setting names it; its password is "khoa"."""
    path = folder / "tinh.p12"
    secret = BestAvailableEncryption(b"khoa")
    own = certificate("UBND tỉnh", rsa_key())
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"tinh", rsa_key(), own, None, secret))
    return f"pkcs12:{path}"


def pem(one: x509.Certificate) -> bytes:
    """A certificate as PEM."""
    return one.public_bytes(Encoding.PEM)


def slip(number: str = "PC-1", dossier: str = DOSSIER, **common: str) -> Any:
    """The ROW of a slip as the sheet writes it."""
    row = etree.fromstring(
        "<ROW><TT_CHUNG><MA_HS/><SO_PHIEU/></TT_CHUNG>"
        "<TT_NSD><NSD><HO_TEN>Đặng Thị Mỹ</HO_TEN><SO_GIAY_TO>096190000123</SO_GIAY_TO></NSD>"
        "<NSD><HO_TEN>Trần Văn Ổn</HO_TEN><SO_GIAY_TO>096080004567</SO_GIAY_TO></NSD></TT_NSD>"
        "<TT_THUADAT><THUADAT><SO_THUA>12</SO_THUA><SO_TO_BANDO>7</SO_TO_BANDO>"
        "<DIEN_TICH>120.50</DIEN_TICH></THUADAT></TT_THUADAT></ROW>"
    )
    for name, text in {"MA_HS": dossier, "SO_PHIEU": number, **common}.items():
        found = row.find(f"TT_CHUNG/{name}")
        if found is None:
            found = etree.SubElement(row[0], name)
        found.text = text
    return row


def query(kind: str, dossier: str = DOSSIER, identity: str = "096190000123") -> Any:
    """The ROW of a question as the sheets write it."""
    so = f"<SO>{identity}</SO>" if kind == "00109" else ""
    asked = f"<TRUYVAN><MA_HS>{dossier}</MA_HS>{so}</TRUYVAN>"
    return etree.fromstring(f"<ROW>{asked}<TYPE>{kind}</TYPE><NAME>x</NAME></ROW>")


def call(request: Any, *, attempt: int = 1, seconds: float = 10, request_id: str = REQUEST_ID) -> Call:
    """One attempt at an operation."""
    return Call(request, request_id, attempt, Deadline(time.monotonic() + seconds))


def adapter(url: str, **settings: Any) -> Adapter:
    """A connector to the gateway at `url`."""
    own: Mapping[str, Any] = {
        "type": "tax",
        "address": Url(url),
        "sender": Party(code="H12", name="UBND tỉnh Cà Mau"),
        "username": "camau",
        "password": Secret(PASSWORD),
        "timeout": Timeout(connect=Seconds(1), answer=Seconds(3)),
    }
    return TYPE.build("tax", TaxSettings(**{**own, **settings}))


@contextmanager
def simulator(
    folder: Path, *options: str, name: str = "tax", path: str = "/T2B/GIP"
) -> Iterator[tuple[str, str]]:
    """Run a simulated office; yields the address of its service and the control address."""
    command = [sys.executable, "-m", f"adapters.{name}.simulator", "--data", str(folder), "--seed", "7"]
    with subprocess.Popen(  # noqa: S603 - our own simulator
        [*command, "--until-stdin-closes", *options],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        told = json.loads(process.stdout.readline())
        try:
            yield f"{told['url']}{path}", told["control_url"]
        finally:
            process.stdin.close()
            process.wait(10)
