"""Every exception of zeep is one of our errors, by whether it was sent; faults are read by local names."""

import importlib
import inspect
import pkgutil
import warnings

import pytest
import zeep
from lxml import etree

from adapters._kit.http import Reply
from adapters._kit.soap_faults import RAISED, ZEEP_FAULTS, fault_error, read_fault, zeep_error
from adapters._kit.wordings import Wording
from bus.errors import OutcomeUnknownError, PermanentError, TransientError

NESTED = (
    "<f><Code><Value>e:Sender</Value><Subcode><Value>w:FailedAuthentication</Value></Subcode></Code>"
    "<Reason><Text>b</Text></Reason></f>"
)
REPLY = Reply(200, b"<x/>", {})


def exceptions_of_zeep() -> list[type[BaseException]]:
    """All exceptions that any module of zeep defines, its warnings left out."""
    found: set[type[BaseException]] = set()
    for module in pkgutil.walk_packages(zeep.__path__, "zeep."):
        if module.name.startswith("zeep.__main__"):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                loaded = importlib.import_module(module.name)
            except ImportError:  # a part of zeep that needs a library we do not have
                continue
        found |= {
            kind
            for _, kind in inspect.getmembers(loaded, inspect.isclass)
            if issubclass(kind, BaseException) and not issubclass(kind, Warning)
        }
    return sorted(
        (kind for kind in found if kind.__module__.startswith("zeep")), key=lambda kind: kind.__name__
    )


WALKED = exceptions_of_zeep()


def instance(kind: type[BaseException]) -> BaseException:
    """An exception of a class, whatever its constructor asks for."""
    return kind.__new__(kind)


def test_the_walk_finds_zeeps_exceptions() -> None:
    """The tests below are about something."""
    assert {zeep.exceptions.Fault, zeep.exceptions.XMLParseError} <= set(WALKED)
    assert len(WALKED) >= 16


@pytest.mark.parametrize("kind", WALKED, ids=lambda kind: kind.__name__)
def test_every_exception_of_zeep_is_translated(kind: type[BaseException]) -> None:
    """Unsent it is our mistake; after the answer an effect is unknown and a question can be asked again."""
    error = instance(kind)
    assert isinstance(error, RAISED)
    assert type(zeep_error(error, None, effect=True)) is PermanentError
    assert type(zeep_error(error, REPLY, effect=True)) is OutcomeUnknownError
    assert type(zeep_error(error, REPLY, effect=False)) is TransientError


@pytest.mark.parametrize("kind", sorted(ZEEP_FAULTS, key=str), ids=lambda kind: kind.__name__)
def test_what_zeep_lets_through_from_below_is_translated_too(kind: type[BaseException]) -> None:
    """It raises bare ValueErrors and TypeErrors as well; no sentence repeats a value."""
    error = kind.__new__(kind)
    error.args = ("096190000123",)
    told = zeep_error(error, REPLY, effect=True)
    assert "096190000123" not in str(told)
    assert len(told.text) > 20


def test_what_nobody_foresaw_is_no_row() -> None:
    """A MemoryError or a KeyboardInterrupt goes on as it is."""
    assert not isinstance(MemoryError(), RAISED)
    assert not isinstance(KeyboardInterrupt(), RAISED)


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("<f><faultcode>soap:Server</faultcode><faultstring>a</faultstring></f>", "Server", "a"),
        ("<f><faultcode>Client.Authentication</faultcode><faultstring/></f>", "Client.Authentication", ""),
        (
            NESTED,
            "FailedAuthentication",
            "b",
        ),
        ("<f/>", "", ""),
    ],
)
def test_a_fault_of_either_soap_is_read(text: str, code: str, says: str) -> None:
    """Prefixes differ from server to server, and the innermost code is the precise one."""
    fault = read_fault(etree.fromstring(text))
    assert (fault.code, fault.text) == (code, says)


def test_the_peers_table_comes_before_what_the_code_says() -> None:
    """JAX-WS puts a business "no" under Server; only the table can know."""
    fault = read_fault(
        etree.fromstring("<f><faultcode>Client</faultcode><faultstring>Đang bận</faultstring></f>")
    )
    busy = (Wording("*", "Client", "đang bận", "busy", "Busy."),)
    assert type(fault_error(fault, REPLY, busy, "x", effect=True)) is TransientError
    assert type(fault_error(fault, REPLY, (), "x", effect=True)) is PermanentError


def test_a_faults_text_is_masked() -> None:
    """Some servers put the request into the fault."""
    fault = read_fault(etree.fromstring("<f><faultstring>so 096190000123 sai</faultstring></f>"))
    error = fault_error(fault, REPLY, (), "x", effect=True)
    assert "096190000123" not in error.text
