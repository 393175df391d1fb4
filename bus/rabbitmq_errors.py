"""pika's exceptions in our words."""

import itertools
import re
from collections.abc import Callable, Sequence

import pika.exceptions as theirs

from bus.broker_errors import (
    BrokerError,
    BrokerUnavailableError,
    MisuseError,
    NackedError,
    UnroutableError,
)
from bus.errors import ConfigurationError, NotLetInError

_MISUSE = (
    theirs.ShortStringTooLong,
    theirs.InvalidFieldTypeException,
    theirs.UnsupportedAMQPFieldException,
    theirs.BodyTooLongError,
    theirs.DuplicateConsumerTag,
    theirs.InvalidChannelNumber,
    theirs.NoFreeChannels,
    theirs.MethodNotImplemented,
    theirs.ReentrancyError,
    theirs.ChannelError,
)
_LOGIN = (theirs.AuthenticationError, theirs.ProbableAuthenticationError)
_CLOSED = (theirs.ChannelClosedByBroker, theirs.ConnectionClosedByBroker)


def translated(error: BaseException) -> BrokerError | ConfigurationError:
    """Say a foreign exception in our words: by what is to be done about it.

    `ConfigurationError` where waiting does not help (a queue made otherwise), `NotLetInError` where it may
    (login, rights), `MisuseError` for mistakes of ours, `BrokerUnavailableError` for everything that a new
    connection may heal.
    """
    causes = _causes(error)
    for cause in causes:
        if isinstance(cause, (BrokerError, ConfigurationError)):
            return cause
        if isinstance(cause, _CLOSED):
            return _closed(cause.reply_code, cause.reply_text)
        for kinds, ours in _MEANINGS:
            if isinstance(cause, kinds):
                return ours(cause)
    said = f"{type(causes[-1]).__name__} {causes[-1]}".rstrip()
    return BrokerUnavailableError(f"the broker cannot be reached: {said}")


_MEANINGS: tuple[
    tuple[tuple[type[Exception], ...], Callable[[BaseException], BrokerError | ConfigurationError]], ...
] = (
    (_LOGIN, lambda _: NotLetInError(["the broker refuses user and password. Look at [broker]"])),
    (
        (theirs.ProbableAccessDeniedError,),
        lambda _: NotLetInError(["the broker has no such virtual host, or not for us. See [broker]"]),
    ),
    ((theirs.UnroutableError,), lambda _: UnroutableError("the broker gave the message back")),
    ((theirs.NackError,), lambda _: NackedError("the broker refused the message")),
    (_MISUSE, lambda error: MisuseError(f"{type(error).__name__}: {error}")),
)


def _causes(error: BaseException) -> Sequence[BaseException]:
    """Unwrap what pika wraps while connecting, the outermost first."""
    inner = [*getattr(error, "exceptions", ()), getattr(error, "exception", None), *error.args]
    below = [_causes(each) for each in inner if isinstance(each, BaseException)]
    return [error, *itertools.chain.from_iterable(below)]


_DIFFERS = "Delete it on the broker (the ledger publishes anew) or choose another [broker] prefix"


def _closed(code: int, text: str) -> BrokerError | ConfigurationError:
    pattern = r"inequivalent arg '(.+?)' for (\w+) '(.+?)' in vhost '.*?': received (.+) but current is (.+)"
    if differs := re.search(pattern, text):
        what, kind, name, wanted, found = differs.groups()
        return ConfigurationError(
            [f"the {kind} {name} exists with {what} {found}, and is to have {wanted}. {_DIFFERS}"]
        )
    if code in (403, 530):
        return NotLetInError([f"the broker does not allow it: {text}"])
    return BrokerUnavailableError(f"the broker closed it: {code} {text}")
