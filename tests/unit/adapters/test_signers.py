"""Who signs and who is believed: keys in files and on tokens, methods strong and weak."""

import base64
import hashlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from adapters._kit.keys import FileSigner, Signer, read_signer, read_trusted
from adapters._kit.simulator_seal import signature_problem
from adapters._kit.token_signer import TokenSigner
from adapters._kit.xml_signature import DSIG, Cover, Method, SignatureError, sign, verify
from adapters.tax.signature import COVER
from adapters.tax.simulator_frame import KIND
from bus.errors import ConfigurationError, TransientError
from bus.settings import Secret
from deploy.local.errors import ServerUnavailableError
from deploy.local.softhsm import find_softhsm
from tests.contract.tax_world import certificate, pem, rsa_key, signer_file

OWN = certificate("UBND tỉnh Cà Mau", rsa_key())
SIGNER = FileSigner(rsa_key(), OWN)
FRAME = "<DATA><HEADER><A>Đặng</A></HEADER><BODY><ROW/></BODY><SECURITY/></DATA>"
PIN, OTHER = "271828", "314159"


def signed(signer: Signer, method: Method = "rsa-sha256") -> Any:
    """A frame signed by somebody."""
    root = etree.fromstring(FRAME)
    sign(root.find("SECURITY"), signer, COVER, method)
    return etree.fromstring(etree.tostring(root))


# --- files --------------------------------------------------------------------------------------------


def test_a_signer_is_read_and_its_mistakes_name_the_file_and_not_the_password(tmp_path: Path) -> None:
    """Wrong password, no such file, no such kind: the start is refused with what to do."""
    where = signer_file(tmp_path)
    signer = read_signer(where, Secret("khoa"))
    assert isinstance(signer, FileSigner)
    assert signer.key.private_numbers() == rsa_key().private_numbers()
    (tmp_path / "text").write_text("x")
    for wrong, password in (
        (where, "mat-khau-sai"),
        (f"pkcs12:{tmp_path / 'none'}", "khoa"),
        (f"pkcs12:{tmp_path / 'text'}", "khoa"),
        ("file:/etc/key", "khoa"),
    ):
        with pytest.raises(ConfigurationError) as caught:
            read_signer(wrong, Secret(password))
        assert password not in str(caught.value)
        assert wrong.removeprefix("pkcs12:") in str(caught.value)


def test_a_file_without_certificates_is_told(tmp_path: Path) -> None:
    """Nobody would ever be trusted, or everybody: neither is what was meant."""
    (tmp_path / "a.pem").write_text("nothing")
    with pytest.raises(ConfigurationError, match=r"a\.pem"):
        read_trusted(tmp_path / "a.pem")
    (tmp_path / "b.pem").write_bytes(pem(OWN) + pem(certificate("CA", rsa_key("root"))))
    assert len(read_trusted(tmp_path / "b.pem")) == 2


# --- the broken method, where a peer demands it -----------------------------------------------------------


def test_a_sha1_signature_is_believed_only_where_the_installation_says_so() -> None:
    """Off by default; and a strong one is believed in both."""
    weak, strong = signed(SIGNER, "rsa-sha1"), signed(SIGNER)
    with pytest.raises(SignatureError, match="method"):
        verify(weak.find("SECURITY"), [OWN], COVER)
    verify(weak.find("SECURITY"), [OWN], COVER, accept_sha1=True)
    verify(strong.find("SECURITY"), [OWN], COVER, accept_sha1=True)


def test_a_sha1_signature_is_right_by_hand() -> None:
    """Digest and RSA recomputed without the signing library; what is signed names both methods."""
    root = signed(SIGNER, "rsa-sha1")
    info: Any = root.find(f".//{{{DSIG}}}SignedInfo")
    covered = b"".join(etree.tostring(each, method="c14n", with_comments=False) for each in root[:2])
    digest = base64.b64encode(hashlib.sha1(covered, usedforsecurity=False).digest()).decode()
    assert info.findtext(f".//{{{DSIG}}}DigestValue").strip() == digest
    value = base64.b64decode(root.findtext(f".//{{{DSIG}}}SignatureValue") or "")
    content = etree.tostring(info, method="c14n", exclusive=True, with_comments=True)
    rsa_key().public_key().verify(value, content, PKCS1v15(), SHA1())  # noqa: S303 - what is tested
    assert b"rsa-sha1" in content
    assert b"sha256" not in content


def test_strong_and_weak_are_not_mixed() -> None:
    """A strong method over a weak digest is as weak as the digest."""
    text = etree.tostring(signed(SIGNER)).replace(b"2001/04/xmlenc#sha256", b"2000/09/xmldsig#sha1")
    with pytest.raises(SignatureError, match="method"):
        verify(etree.fromstring(text).find("SECURITY"), [OWN], COVER, accept_sha1=True)


# --- tokens -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Token:
    """A token in software with our key and certificate in it."""

    module: Path

    def uri(self, **changes: str) -> str:
        """How the setting names the key."""
        named = {"token": "tinh", "object": "khoa", "module-path": str(self.module)} | changes
        path = ";".join(f"{name}={text}" for name, text in named.items() if text and name != "module-path")
        return f"pkcs11:{path}?module-path={named['module-path']}"


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Token]:
    """SoftHSM with a key; skip at home where there is none, fail where CI=true."""
    try:
        command, library = find_softhsm()
    except ServerUnavailableError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    (folder / "conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SOFTHSM2_CONF", str(folder / "conf"))
        _filled(command, library, folder)
        yield Token(library)


def _filled(command: str, library: Path, folder: Path) -> None:
    secret = rsa_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(secret)
    start = ["--init-token", "--free", "--label", "tinh", "--so-pin", OTHER, "--pin", PIN]
    fill = [
        "--import",
        str(folder / "key.pem"),
        "--token",
        "tinh",
        "--label",
        "khoa",
        "--id",
        "01",
        "--pin",
        PIN,
    ]
    for words in (start, fill):
        subprocess.run([command, *words], check=True, capture_output=True)  # noqa: S603 - found by its name
    session = pkcs11.lib(str(library)).get_token(token_label="tinh").open(rw=True, user_pin=PIN)
    session.create_object(
        {
            pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
            pkcs11.Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
            pkcs11.Attribute.TOKEN: True,
            pkcs11.Attribute.LABEL: "khoa",
            pkcs11.Attribute.ID: b"\x01",
            pkcs11.Attribute.SUBJECT: OWN.subject.public_bytes(),
            pkcs11.Attribute.VALUE: OWN.public_bytes(Encoding.DER),
        }
    )
    session.close()


@pytest.mark.parametrize("changes", [{}, {"object": "", "id": "%01"}, {"id": "%01"}], ids=str)
def test_a_key_on_a_token_signs_what_everybody_verifies(token: Token, changes: dict[str, str]) -> None:
    """By our own verifying, and by one that shares no library with it; the key is named by name or number."""
    signer = read_signer(token.uri(**changes), Secret(PIN))
    assert signer.certificate == OWN
    root = signed(signer)
    verify(root.find("SECURITY"), [OWN], COVER)
    assert signature_problem(root, KIND) == ""
    verify(signed(signer, "rsa-sha1").find("SECURITY"), [OWN], COVER, accept_sha1=True)


def test_two_connectors_share_a_token(token: Token) -> None:
    """A login is the process's: the second one is not an error."""
    signers = [read_signer(token.uri(), Secret(PIN)) for _ in range(2)]
    for signer in signers:
        file = etree.fromstring("<Hoso><NoiDung/><CKy_Dvi/></Hoso>")
        sign(file.find("CKy_Dvi"), signer, Cover())
        verify(etree.fromstring(etree.tostring(file)).find("CKy_Dvi"), [OWN], Cover())


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"token": "khac"}, "no such token"),
        ({"object": "khac"}, "private key is wanted"),
        ({"module-path": "/nowhere/lib.so"}, "no PKCS#11 library"),
        ({"object": ""}, "neither object nor id"),
        ({"token": ""}, "does not say token"),
        ({"pin-value": PIN}, "pin-value is not known"),
    ],
    ids=str,
)
def test_a_token_that_cannot_be_used_stops_the_start_with_the_reason(
    token: Token, changes: dict[str, str], says: str
) -> None:
    """One sentence that says what to look at; never the PIN, also where somebody wrote it into the URI."""
    with pytest.raises(ConfigurationError, match=says) as caught:
        read_signer(token.uri(**changes), Secret(PIN))
    assert PIN not in str(caught.value)


def test_a_token_that_went_away_means_that_nothing_was_done() -> None:
    """It is asked before anything is sent: to be tried again, and the peer is not to blame."""

    class Gone:
        def sign(self, *_: object, **__: object) -> bytes:
            raise pkcs11.DeviceRemoved

    with pytest.raises(TransientError, match="DeviceRemoved") as caught:
        signed(TokenSigner(Gone(), OWN))
    assert not caught.value.peer_down
