"""The demo's console: a door of its own, and a person who may sign in."""

import secrets
import time
from pathlib import Path

import msgspec

from bus.people import Person, hashed
from commands.control import send

LOGIN = "truc"
_WITHIN = 30.0
"""Seconds in which the bus is up."""


def section(port: int) -> str:
    """What the settings say of the console's door."""
    return f'\n[listen.console]\naddress = "127.0.0.1:{port}"\n'


def invite(data: Path, port: int) -> str:
    """Let somebody sign in to the console of a running demo; the sentence that tells them how."""
    password = secrets.token_urlsafe(9)
    person = Person(LOGIN, "Người trực (bản trình diễn)", "integrator", hashed(password))
    request = {"do": "enrol", "person": msgspec.to_builtins(person), "who": "demo"}
    until = time.monotonic() + _WITHIN
    while (reply := send(data / "control.sock", request)) is None and time.monotonic() < until:
        time.sleep(0.2)
    if not reply or not reply.get("ok"):
        return "the console has nobody who may sign in: `python3 run.py person add NAME` lets one in"
    return f"the console: http://127.0.0.1:{port}/  sign in as {LOGIN} with {password}"
