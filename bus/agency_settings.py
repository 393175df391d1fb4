"""What an installation says about an agency that hands dossiers in: `[[agency]]` (cơ quan gửi hồ sơ)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from bus.settings import Fault, Rate, Secret, Section, Url, says

Right = Literal["dossier.hand_in", "dossier.replace", "dossier.withdraw", "dossier.follow"]
SHORTEST_KEY = 32
"""Characters of a key that is too long to be guessed."""

_CODE = re.compile(r"[A-Z]\d{2}(?:\.\d{2,3}){0,4}")


class AgencySettings(Section, frozen=True, kw_only=True):
    """[[agency]]: who may hand dossiers in and follow them. What is not said is not allowed."""

    name: Annotated[str, says("its name, for people")]
    code: Annotated[str, says("its code, QĐ 20 order, as in the table of agencies", vi="mã đơn vị")]
    key: Annotated[Secret | None, says("what its system proves itself by: Authorization: Bearer KEY")] = None
    client_certificate: Annotated[
        Path | None,
        says("or its certificate, PEM: this one and no other (mTLS at the intake door)", must_exist=True),
    ] = None
    may: Annotated[tuple[Right, ...], says("what it may do; none: nothing", vi="quyền")] = ()
    procedures: Annotated[
        tuple[str, ...],
        says("the groups whose dossiers it may touch; none: nothing", vi="nhóm thủ tục"),
    ] = ()
    rate: Annotated[Rate, says("calls, at most; more are told to come again")] = Rate("5 per second")

    calls_back: Annotated[
        Url | None, says("where it is told of every change; empty: it asks", vi="gọi lại")
    ] = None
    calls_back_key: Annotated[Secret | None, says("signs what it is told (HMAC-SHA256)")] = None
    events_password: Annotated[
        Secret | None,
        says("of its own user and queue at the broker (`topology --agencies`); empty: none", vi="hàng đợi"),
    ] = None

    def faults(self) -> Iterator[Fault]:
        """It can prove itself, its keys are too long to be guessed, and what belongs together is there."""
        if not _CODE.fullmatch(self.code):
            yield Fault("code", f'"{self.code}" is no code of an agency', 'Like "H12.09"')
        if self.key is None and self.client_certificate is None:
            yield Fault("name", "it has neither key nor certificate", 'Write key = "file:PATH"')
        for name, key in self._secrets():
            if key is not None and len(key.reveal()) < SHORTEST_KEY:
                hint = "`openssl rand -hex 32` makes a good one"
                yield Fault(name, f"is shorter than {SHORTEST_KEY} characters", hint)
        if self.events_password and "dossier.follow" not in self.may:
            yield Fault(
                "events_password", 'needs the right "dossier.follow"', "It is told how dossiers stand"
            )
        if (self.calls_back is None) != (self.calls_back_key is None):
            given, lacks = "calls_back", "calls_back_key"
            given, lacks = (given, lacks) if self.calls_back else (lacks, given)
            yield Fault(given, f'needs "{lacks}" beside it', "It signs what the agency is told")

    def _secrets(self) -> Iterator[tuple[str, Secret | None]]:
        yield "key", self.key
        yield "calls_back_key", self.calls_back_key
        yield "events_password", self.events_password
