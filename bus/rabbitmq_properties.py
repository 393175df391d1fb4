"""The properties of a published message, written in one go.

Why: pika writes a header table piece by piece in Python, which was a tenth of a hop. Ours are always the same
four properties, and headers of text. Anything else is left to pika, and a test holds both to the same bytes.
"""

import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import pika

_FLAGS = pika.BasicProperties.FLAG_CONTENT_TYPE | pika.BasicProperties.FLAG_HEADERS
_FLAGS |= pika.BasicProperties.FLAG_DELIVERY_MODE | pika.BasicProperties.FLAG_MESSAGE_ID
_JSON = "application/json"
_PERSISTENT = 2
_HEAD = struct.pack(">H", _FLAGS) + bytes([len(_JSON)]) + _JSON.encode()
_size = struct.Struct(">I").pack


class Properties(pika.BasicProperties):  # type: ignore[misc]  # pika publishes no types
    """JSON, persistent, with a message id of at most 255 bytes and headers."""

    def __init__(self, headers: Mapping[str, Any], message_id: str) -> None:
        super().__init__(
            content_type=_JSON, headers=headers, delivery_mode=_PERSISTENT, message_id=message_id
        )

    def encode(self) -> list[bytes]:
        """The property flags and values as they go over the wire (AMQP 0-9-1, 4.2.6.1)."""
        name = self.message_id.encode()
        if (
            not self.headers
            or len(name) > 255
            or not all(type(value) is str for value in self.headers.values())
        ):
            pieces: list[bytes] = super().encode()
            return pieces
        table = b"".join(
            [
                b"%b%b%b" % (_key(key), _size(len(text := value.encode())), text)
                for key, value in self.headers.items()
            ]
        )
        return [_HEAD, _size(len(table)), table, b"%c%c%b" % (_PERSISTENT, len(name), name)]


@lru_cache(maxsize=256)
def _key(key: str) -> bytes:
    """A field's name with the mark of a long string after it."""
    name = key.encode()
    if len(name) > 255:
        raise pika.exceptions.ShortStringTooLong(name)
    return b"%c%bS" % (len(name), name)
