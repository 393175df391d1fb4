"""The demo's installation as a settings file, so that every command works on it as on any other."""

import secrets
from pathlib import Path

_TEXT = """\
# Written by `python3 run.py demo`; made anew at every demo.
[installation]
name = "demo"
title = "Liên Thông, bản trình diễn"
agency = "H12"
old_agency = "000.00.00.H12"
environment = "rehearsal"
data = "."
free_disk = "20 MB"

[ledger]
url = "sqlite:///ledger.db"

[broker]
url = "{broker}"
password = "file:secrets/broker"
prefix = "demo-{run}"

[listen.intake]
address = "127.0.0.1:{port}"

[files]
public_url = "http://127.0.0.1:{port}/files"
link_keys = {{ demo = "file:secrets/links" }}

[retry]
first = "0.5 seconds"
factor = 2
ceiling = "5 seconds"
give_up_after = "1 day"

[connector.onestop]
type = "onestop"
mode = "live"
serves = ["H12"]
url = "{onestop}"
token_url = "{onestop}/auth/realms/digo/protocol/openid-connect/token"
client_id = "lien-thong"
client_secret = "file:secrets/onestop"
poll_every = "1 second"
overlap = "5 seconds"
webhook = {{ secret = "file:secrets/webhook" }}
concurrency = 4
unknown = {{ look_up_after = "1 second", absent_after = "5 seconds" }}
breaker = {{ failures = 3, open_for = "2 seconds" }}

[connector.national_portal]
type = "national_portal"
mode = "live"
adapter_url = "{portal}/XrdAdapter/RestService/forward"
madonvi = "000.00.00.H12"
username = "000.00.00.H12"
password = "file:secrets/national_portal"
search = {{ every = "1 second", overlap = "5 seconds" }}
inbound = {{ allow = ["127.0.0.1/32"], key = "file:secrets/inbound" }}
concurrency = 4
unknown = {{ look_up_after = "1 second", absent_after = "5 seconds" }}
breaker = {{ failures = 3, open_for = "2 seconds" }}
"""

_MORE = """
[routes]
overlay = "routes"

[connector.insurance]
type = "insurance"
mode = "live"
address = "{insurance}/HoSoService"
unit = {{ name = "Trung tâm PVHCC tỉnh Cà Mau", code = "YN0001Z", office = "09601" }}
username = "camau"
password = "file:secrets/insurance"
concurrency = 4
unknown = {{ look_up_after = "1 second", absent_after = "5 seconds" }}
breaker = {{ failures = 3, open_for = "2 seconds" }}

[connector.tax]
type = "tax"
mode = "live"
address = "{tax}/T2B/GIP"
sender = {{ code = "H12", name = "UBND tỉnh Cà Mau" }}
username = "camau"
password = "file:secrets/tax"
verify_with = "tax.pem"
concurrency = 4
unknown = {{ look_up_after = "1 second", absent_after = "5 seconds" }}
breaker = {{ failures = 3, open_for = "2 seconds" }}
"""

_AXIS = """
[connector.ioffice]
type = "ioffice"
mode = "live"
endpoint = "{axis}"
system_id = "00.00.H12"
secret = "file:secrets/ioffice"
poll_every = "1 second"
concurrency = 4
unknown = {{ look_up_after = "1 second", absent_after = "5 seconds" }}
breaker = {{ failures = 3, open_for = "2 seconds" }}
"""


def write_settings(  # noqa: PLR0913  an address a peer
    folder: Path,
    *,
    broker: str,
    portal: str,
    onestop: str,
    port: int,
    insurance: str = "",
    tax: str = "",
    axis: str = "",
) -> Path:
    """Write settings and secrets into `folder`; passwords go to files only their owner reads.

    The simulated systems stand with their addresses; with insurance and tax come routes in `folder`.
    """
    url, password = split_broker(broker)
    given = {
        "broker": password,
        "onestop": "mot-cua",
        "ioffice": "bi-mat-truc",
        **dict.fromkeys(("national_portal", "insurance", "tax"), "mat-khau-thu"),
        "inbound": secrets.token_hex(16),
        "webhook": secrets.token_hex(16),
        "links": secrets.token_hex(32),
    }
    (folder / "secrets").mkdir(mode=0o700)
    for name, value in given.items():
        file = folder / "secrets" / name
        file.touch(mode=0o600)
        file.write_text(value)
    settings = folder / "settings.toml"
    run = secrets.token_hex(3)
    settings.write_text(
        _TEXT.format(broker=url, portal=portal, onestop=onestop, port=port, run=run)
        + (_MORE.format(insurance=insurance, tax=tax) if insurance and tax else "")
        + (_AXIS.format(axis=axis) if axis else ""),
        encoding="utf-8",
    )
    return settings


def split_broker(broker: str) -> tuple[str, str]:
    """The address without its password, and the password."""
    head, _, tail = broker.rpartition("@")
    scheme, _, login = head.partition("://")
    user, _, password = login.partition(":")
    return f"{scheme}://{user}@{tail}", password
