"""Every exception of the HTTP libraries is one of our errors, by what may have been done."""

import http.client
import inspect
import socket
import ssl
from types import ModuleType

import pytest
import requests
import urllib3.exceptions
from hypothesis import given
from hypothesis import strategies as st

from adapters._kit.faults import FAULTS, delivery_error, fault_of
from bus.errors import DeliveryError, OutcomeUnknownError, PermanentError, TransientError


def exceptions_of(module: ModuleType) -> list[type[BaseException]]:
    """All exceptions that a library defines, its warnings left out."""
    found = [kind for _, kind in inspect.getmembers(module, inspect.isclass)]
    own = [kind for kind in found if issubclass(kind, BaseException) and not issubclass(kind, Warning)]
    return [kind for kind in own if kind.__module__.partition(".")[0] in ("requests", "urllib3")]


WALKED = sorted(
    {*exceptions_of(requests.exceptions), *exceptions_of(urllib3.exceptions)},
    key=lambda kind: (kind.__name__, kind.__module__),
)
OURS = {kind for kind, fault in FAULTS.items() if fault.blame == "ours"}


def instance(kind: type[BaseException]) -> BaseException:
    """An exception of a class, whatever its constructor asks for."""
    return kind.__new__(kind)


def test_the_walk_finds_the_libraries_exceptions() -> None:
    """The test below is about something: both libraries define dozens."""
    assert len(WALKED) > 50
    assert {requests.ReadTimeout, urllib3.exceptions.NameResolutionError} <= set(WALKED)


@pytest.mark.parametrize("kind", WALKED, ids=lambda kind: kind.__module__ + "." + kind.__name__)
def test_every_exception_class_has_a_row_of_its_own(kind: type[BaseException]) -> None:
    """A class that a new version adds is noticed here, instead of falling under its base unseen."""
    assert kind in FAULTS
    assert len(FAULTS[kind].text) > 20


@pytest.mark.parametrize("kind", WALKED, ids=lambda kind: kind.__module__ + "." + kind.__name__)
def test_before_the_first_byte_nothing_was_done(kind: type[BaseException]) -> None:
    """Unsent: transient, or permanent where our own settings or code are to blame."""
    error = delivery_error(instance(kind), sent=False, effect=True, expired=False)
    assert type(error) is (PermanentError if kind in OURS else TransientError)


@pytest.mark.parametrize("kind", WALKED, ids=lambda kind: kind.__module__ + "." + kind.__name__)
def test_after_the_first_byte_of_a_writing_call_the_outcome_is_unknown(kind: type[BaseException]) -> None:
    """Sent with effect: unknown, whatever the library calls it."""
    error = delivery_error(instance(kind), sent=True, effect=True, expired=False)
    assert type(error) is OutcomeUnknownError


@given(st.sampled_from(WALKED), st.booleans(), st.booleans())
def test_a_question_never_leaves_an_unknown_outcome(
    kind: type[BaseException],
    sent: bool,  # noqa: FBT001 - hypothesis gives it by position
    expired: bool,  # noqa: FBT001 - hypothesis gives it by position
) -> None:
    """A read has no effect, so it can always be asked again; whether anybody was there is told."""
    error = delivery_error(instance(kind), sent=sent, effect=False, expired=expired)
    assert isinstance(error, TransientError | PermanentError)
    assert not isinstance(error, TransientError) or error.connected == sent


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            requests.ConnectionError(
                urllib3.exceptions.ProtocolError("x", http.client.RemoteDisconnected("x"))
            ),
            "broke",
        ),
        (ssl.SSLError("bad certificate"), "certificate"),
        (socket.gaierror(-2, "unknown"), "DNS"),
        (ConnectionResetError(), "broke"),
        (TimeoutError(), "in time"),
    ],
)
def test_the_sentence_says_what_lies_under_the_wrapper(error: Exception, says: str) -> None:
    """An operator reads the reason, not the name of the library's wrapper."""
    fault = fault_of(error)
    assert fault is not None
    assert says in fault.text


def test_what_nobody_foresaw_is_not_swallowed() -> None:
    """An exception without a row goes on as it is; the pipeline calls it a bug."""
    with pytest.raises(ZeroDivisionError):
        delivery_error(ZeroDivisionError(), sent=False, effect=False, expired=False)


def test_no_sentence_repeats_what_the_library_said() -> None:
    """Library texts carry addresses and bodies; ours are fixed sentences."""
    secret = requests.ConnectionError("https://user:mat-khau@host/?so=096190000123")
    error: DeliveryError = delivery_error(secret, sent=False, effect=True, expired=False)
    assert "096190000123" not in str(error)
