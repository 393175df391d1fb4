"""When a dossier's result was promised (ngày hẹn trả), read off a fold's bytes without reading the rest.

Ten times cheaper than decoding the dossier: whoever counts asks for every delivery.
"""

from datetime import datetime

import msgspec


class _Due(msgspec.Struct, gc=False):
    due_at: datetime | None = None


class _Fold(msgspec.Struct, gc=False):
    by_source: dict[str, _Due]
    merged: _Due | None = None


_fold = msgspec.json.Decoder(_Fold).decode
_message = msgspec.json.Decoder(_Due).decode


def promised(fold: bytes) -> datetime | None:
    """The promised date of a folded dossier; None where nobody promised one."""
    state = _fold(fold)
    whole = state.merged or next(iter(state.by_source.values()), None)
    return whole.due_at if whole else None


def promised_in(message: bytes) -> datetime | None:
    """The promised date that a kept message names, if it is a word about a dossier; else None."""
    try:
        return _message(message).due_at
    except msgspec.ValidationError:
        return None
