"""Our way of writing a message is pika's, byte for byte."""

from typing import Any

import pika
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.rabbitmq_frames import frames_of
from bus.rabbitmq_properties import Properties

NAMES = st.text(min_size=1, max_size=40)
VALUES = st.one_of(st.text(max_size=300), st.integers(-(2**31), 2**31 - 1), st.booleans(), st.none())


@given(st.dictionaries(NAMES, VALUES, max_size=9), st.text(max_size=60))
def test_the_bytes_are_those_of_pika(headers: dict[str, Any], message_id: str) -> None:
    """Whatever stands in the headers: text by our way, the rest by pika's."""
    theirs = pika.BasicProperties(
        content_type="application/json", headers=headers, delivery_mode=2, message_id=message_id
    )
    ours = Properties(headers, message_id)
    assert b"".join(ours.encode()) == b"".join(theirs.encode())
    assert pika.BasicProperties().decode(b"".join(ours.encode())).message_id == message_id


@given(st.text(max_size=60), st.text(max_size=60), st.binary(max_size=200), st.booleans())
def test_the_frames_are_those_of_pika(exchange: str, key: str, body: bytes, mandatory: bool) -> None:  # noqa: FBT001  drawn
    """Method, header and body, an empty body too."""
    properties = Properties({"a": "đ"}, "1")
    publish = pika.spec.Basic.Publish(exchange=exchange, routing_key=key, mandatory=mandatory)
    theirs = [pika.frame.Method(7, publish).marshal(), pika.frame.Header(7, len(body), properties).marshal()]
    theirs += [pika.frame.Body(7, body).marshal()] if body else []
    packed = b"".join(properties.encode())
    assert frames_of(7, exchange, key, body, packed, mandatory=mandatory) == b"".join(theirs)


@pytest.mark.parametrize(
    ("headers", "message_id"), [({"a" * 256: "x"}, "1"), ({"a": "x"}, "1" * 256)], ids=["name", "message id"]
)
def test_what_is_too_long_for_amqp_is_refused(headers: dict[str, str], message_id: str) -> None:
    """As pika refuses it: before anything is sent."""
    with pytest.raises(pika.exceptions.ShortStringTooLong):
        Properties(headers, message_id).encode()
