"""JSON as others send it: whatever the bytes are, a value or `NotJsonError`."""

from typing import Any

import msgspec


class NotJsonError(ValueError):
    """The bytes are not one JSON value in UTF-8; the text says where, without a value."""


def read(data: bytes) -> Any:
    """Decode; raises `NotJsonError` alone, also where a text is no UTF-8 or the nesting is too deep."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotJsonError(str(error)) from None
    except RecursionError:
        raise NotJsonError("nested too deep") from None
