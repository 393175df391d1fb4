"""Every exception of the library in our words."""

import inspect
from typing import Any

import pika
import pika.exceptions
import pytest

from bus.errors import NotLetInError
from bus.rabbitmq import (
    BrokerUnavailableError,
    MisuseError,
    NackedError,
    UnroutableError,
    translated,
)

pytestmark = pytest.mark.integration


def _made(kind: type[BaseException]) -> BaseException:
    """An instance of a foreign exception, whatever it is made of."""
    samples: dict[str, Any] = {"reply_code": 320, "reply_text": "CONNECTION_FORCED"}
    own = inspect.isfunction(kind.__init__)
    names = list(inspect.signature(kind.__init__).parameters)[1:] if own else []
    return kind(*(samples.get(name, ()) for name in names))


FOREIGN = [
    kind
    for _name, kind in inspect.getmembers(pika.exceptions, inspect.isclass)
    if issubclass(kind, BaseException) and kind.__module__ == "pika.exceptions"
]


@pytest.mark.parametrize("kind", FOREIGN)
def test_every_exception_of_the_library_is_said_in_our_words(kind: type[BaseException]) -> None:
    """By what is to be done: none is left over, and none of theirs is shown as ours by accident."""
    ours = translated(_made(kind))
    unavailable = issubclass(kind, pika.exceptions.AMQPConnectionError | pika.exceptions.AMQPChannelError)
    misuse = {
        "BodyTooLongError", "ChannelError", "DuplicateConsumerTag", "DuplicateGetOkCallback",
        "InvalidChannelNumber", "InvalidFieldTypeException", "MethodNotImplemented", "NoFreeChannels",
        "ReentrancyError", "ShortStringTooLong", "UnsupportedAMQPFieldException",
    }  # fmt: skip
    broken = {
        "AMQPError", "InvalidFrameError", "ProtocolSyntaxError", "ProtocolVersionMismatch",
        "UnexpectedFrameError",
    }  # fmt: skip
    expected: dict[str, type[Exception]] = {
        "UnroutableError": UnroutableError,
        "NackError": NackedError,
        "AuthenticationError": NotLetInError,
        "ProbableAuthenticationError": NotLetInError,
        "ProbableAccessDeniedError": NotLetInError,
        **dict.fromkeys(misuse, MisuseError),
        **dict.fromkeys(broken, BrokerUnavailableError),
    }
    assert unavailable or kind.__name__ in expected
    assert type(ours) is expected.get(kind.__name__, BrokerUnavailableError)


def test_what_closed_a_channel_is_told_by_its_code() -> None:
    """Rights are a matter of configuration, a delivery held too long is not."""
    closed = pika.exceptions.ChannelClosedByBroker
    assert isinstance(translated(closed(403, "ACCESS_REFUSED")), NotLetInError)
    late = "PRECONDITION_FAILED - delivery acknowledgement on channel 2 timed out"
    assert isinstance(translated(closed(406, late)), BrokerUnavailableError)
