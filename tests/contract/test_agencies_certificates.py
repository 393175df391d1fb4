"""Agencies that prove themselves by a certificate, over real TLS: this very one, nothing like it."""

import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from adapters.agency.calls import PREFIX, application
from adapters.agency.door import Door
from adapters.agency.gatekeeper import Gatekeeper
from bus.agency_settings import AgencySettings
from bus.files import FileStore
from bus.installation import Door as DoorSettings
from bus.settings import Address, Rate
from commands.door import opened
from deploy.local.folder import free_ports
from tests.acceptance.agency_world import dossier
from tests.contract.agency_desk import Desk, province

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="needs openssl to make certificates")

AGENCY, OTHER = "H12.09", "H12.06"


def _openssl(*words: str) -> None:
    subprocess.run([str(OPENSSL), *words], check=True, capture_output=True)  # noqa: S603 - openssl


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates: the door's, two agencies', one of the same name by another key, one the agency issued."""
    folder = tmp_path_factory.mktemp("tls")
    for name, subject in (
        ("door", "door"),
        (AGENCY, "so-gddt"),
        (OTHER, "so-nnmt"),
        ("namesake", "so-gddt"),
    ):
        files = ("-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem")
        names = ("-subj", f"/CN={subject}", "-addext", "subjectAltName=IP:127.0.0.1")
        _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files)
    asked = f"{folder}/issued.csr"
    _openssl(
        *("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=so-gddt"),
        *("-keyout", f"{folder}/issued.key", "-out", asked),
    )
    by = ("-CA", f"{folder}/{AGENCY}.pem", "-CAkey", f"{folder}/{AGENCY}.key", "-CAcreateserial")
    _openssl("x509", "-req", "-in", asked, *by, "-days", "2", "-out", f"{folder}/issued.pem")
    return folder


@pytest.fixture
async def address(tls: Path, tmp_path: Path) -> AsyncIterator[str]:
    """The door over TLS, with two agencies that have a certificate and no key; one may hand in."""
    agencies = [
        AgencySettings(
            name=code,
            code=code,
            client_certificate=tls / f"{code}.pem",
            may=("dossier.hand_in",) if code == AGENCY else (),
            procedures=("education",),
            rate=Rate("1000 per second"),
        )
        for code in (AGENCY, OTHER)
    ]
    store = FileStore(tmp_path, limit=1000)
    store.prepare()
    app = application(Door(Desk(), Gatekeeper(agencies), province(), store, 10_000))
    where = Address(f"127.0.0.1:{free_ports(1)[0]}")
    settings = DoorSettings(address=where, certificate=tls / "door.pem", key=tls / "door.key")
    certificates = [each.client_certificate for each in agencies if each.client_certificate]
    async with opened(app, settings, certificates=certificates):
        url = f"https://{where}{PREFIX}"
        async with _client(tls, None) as client:
            for _ in range(100):
                try:
                    await client.get(f"{url}/openapi.json")
                    break
                except httpx.TransportError:
                    continue
        yield url


def _client(tls: Path, name: str | None) -> httpx.AsyncClient:
    context = ssl.create_default_context(cafile=str(tls / "door.pem"))
    if name is not None:
        context.load_cert_chain(tls / f"{name}.pem", tls / f"{name}.key")
    return httpx.AsyncClient(verify=context, timeout=10)


async def _hand_in(tls: Path, address: str, name: str | None, **headers: str) -> httpx.Response:
    async with _client(tls, name) as client:
        return await client.post(f"{address}/dossiers", json=dossier(1), headers=headers)


async def test_an_agency_is_let_in_by_its_own_certificate_with_its_own_rights(
    tls: Path, address: str
) -> None:
    """The one is taken; the other is known by its certificate too, and may not hand in."""
    taken = await _hand_in(tls, address, AGENCY)
    assert (taken.status_code, taken.json()["number"]) == (202, "H12.09-260415-0001")
    known = await _hand_in(tls, address, OTHER)
    assert (known.status_code, known.json()["type"]) == (403, "urn:lienthong:forbidden")


async def test_without_a_certificate_nobody_is_let_in(tls: Path, address: str) -> None:
    """401; the page, which is open to everybody, is still there."""
    assert (await _hand_in(tls, address, None)).status_code == 401
    async with _client(tls, None) as client:
        assert (await client.get(f"{address}/openapi.json")).status_code == 200


async def test_another_key_under_the_same_name_does_not_get_through_the_handshake(
    tls: Path, address: str
) -> None:
    """A certificate counts by its key: one that anybody can write with the same name ends the connection."""
    with pytest.raises(httpx.TransportError):
        await _hand_in(tls, address, "namesake")


async def test_what_the_agencys_certificate_has_issued_is_not_the_agency(tls: Path, address: str) -> None:
    """This very certificate, and none below it: the handshake ends it, or the door."""
    try:
        told = (await _hand_in(tls, address, "issued")).status_code
    except httpx.TransportError:
        told = 0
    assert told in (0, 401)


@pytest.mark.parametrize(
    "header",
    [
        "X-SSL-Client-Cert",
        "X-Forwarded-Client-Cert",
        "X-Client-Cert",
        "Client-Cert",
        "SSL-Client-Cert",
        "client_cert_chain",
    ],
)
async def test_a_certificate_in_a_header_proves_nothing(tls: Path, address: str, header: str) -> None:
    """What counts is the connection: the agency's certificate is public, only its key is not."""
    pem = (tls / f"{AGENCY}.pem").read_text()
    for value in (quote(pem), pem.replace("\n", " ").strip()):
        sent: dict[str, Any] = {header: value}
        assert (await _hand_in(tls, address, None, **sent)).status_code == 401
        assert (await _hand_in(tls, address, OTHER, **sent)).status_code == 403
