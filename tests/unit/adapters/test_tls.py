"""TLS is always verified, both ways where the peer wants it, and ends on time like everything else."""

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from adapters._kit.http import Http, Line, Request
from adapters._kit.probe import network_layers, probe
from bus.errors import DeliveryError, OutcomeUnknownError, TransientError
from bus.ports import Deadline

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="needs openssl to make certificates")


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate of 127.0.0.1 and one of ours, each its own authority."""
    folder = tmp_path_factory.mktemp("tls")
    for name in ("peer", "ours"):
        command = [str(OPENSSL), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        names = ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
        files = ["-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem"]
        subprocess.run([*command, *names, *files], check=True, capture_output=True)  # noqa: S603 - openssl
    return folder


@contextmanager
def serving(
    tls: Path, *, wants_ours: bool = False, shakes_hands: bool = True, drips: bool = False
) -> Iterator[str]:
    """A TLS server for one connection after another; gives its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls / "peer.pem", tls / "peer.key")
    if wants_ours:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(tls / "ours.pem")

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

    def talk(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if not shakes_hands:
                time.sleep(5)
                return
            with context.wrap_socket(connection, server_side=True) as secure:
                secure.recv(65_536)
                secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n")
                for _ in range(200):
                    secure.sendall(b"x")
                    time.sleep(0.05 if drips else 0)
                secure.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/"


def get(url: str, line: Line, seconds: float = 5) -> int:
    """One writing call; returns the length of the answer."""
    http = Http(line)
    try:
        deadline = Deadline(time.monotonic() + seconds)
        return len(http.send(Request("POST", url, b"{}", effect=True), deadline).body)
    finally:
        http.close()


def test_a_certificate_of_an_authority_that_we_accept_is_fine(tls: Path) -> None:
    """`ca` names whose certificates we accept."""
    with serving(tls) as url:
        assert get(url, Line(ca=tls / "peer.pem")) == 200


def test_an_unknown_certificate_ends_the_call_before_anything_is_sent(tls: Path) -> None:
    """Verification cannot be switched off; nothing was done."""
    with serving(tls) as url, pytest.raises(TransientError, match="certificate"):
        get(url, Line())


def test_a_peer_that_wants_our_certificate_gets_it(tls: Path) -> None:
    """mTLS: with it the call is served, without it it is not."""
    ours = Line(ca=tls / "peer.pem", certificate=tls / "ours.pem", key=tls / "ours.key")
    with serving(tls, wants_ours=True) as url:
        assert get(url, ours) == 200
        with pytest.raises(DeliveryError):
            get(url, Line(ca=tls / "peer.pem"))


def test_a_handshake_that_never_ends_ends_at_the_deadline(tls: Path) -> None:
    """Connected but silent: nothing was sent, so nothing was done."""
    began = time.monotonic()
    with serving(tls, shakes_hands=False) as url, pytest.raises(TransientError):
        get(url, Line(ca=tls / "peer.pem", connect=30), seconds=0.5)
    assert time.monotonic() - began < 2


def test_an_encrypted_answer_that_drips_ends_at_the_deadline(tls: Path) -> None:
    """The watchdog reaches through the encryption."""
    began = time.monotonic()
    with serving(tls, drips=True) as url, pytest.raises(OutcomeUnknownError):
        get(url, Line(ca=tls / "peer.pem"), seconds=0.5)
    assert time.monotonic() - began < 1.5


def test_a_probe_tells_of_the_certificate(tls: Path) -> None:
    """Its end where it is accepted, the layer where it is not."""
    with serving(tls) as url:
        good = list(probe(network_layers(url, Line(ca=tls / "peer.pem"))))
        bad = list(probe(network_layers(url, Line())))
    assert [(one.layer, one.ok) for one in good] == [("DNS", True), ("TCP", True), ("TLS", True)]
    assert "valid until" in good[-1].text
    assert [(one.layer, one.ok) for one in bad] == [("DNS", True), ("TCP", True), ("TLS", False)]
    assert "certificate" in bad[-1].text
