"""A contract (WSDL) is read from files of one folder; nothing is fetched, and its mistakes name the file."""

import logging
from pathlib import Path

import pytest

from adapters._kit.soap_contract import Contract
from bus.errors import (
    ConfigurationError,
)

pytestmark = pytest.mark.contract

CONTRACT = Contract(Path(__file__).with_name("lab.wsdl"))


def changed(tmp_path: Path, old: str, new: str) -> Path:
    """The lab's WSDL with a change, in a folder of its own."""
    path = tmp_path / "lab.wsdl"
    path.write_text(CONTRACT.path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return path


IMPORT = '<xsd:import namespace="http://www.w3.org/2005/05/xmlmime" schemaLocation="http://www.w3.org/2005/05/xmlmime"/>'
FIRST = '<xsd:simpleType name="State">'


def test_a_contract_fetches_nothing(tmp_path: Path) -> None:
    """An import from the web stops the start, and the error says how to ship it (reference 2.7)."""
    with pytest.raises(ConfigurationError) as caught:
        Contract(changed(tmp_path, FIRST, IMPORT + FIRST))
    assert "catalogue.toml" in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_what_the_catalogue_names_is_read_from_beside(tmp_path: Path) -> None:
    """The address stays in the WSDL as the partner wrote it; the file is ours."""
    path = changed(tmp_path, FIRST, IMPORT + FIRST)
    (tmp_path / "catalogue.toml").write_text('"http://www.w3.org/2005/05/xmlmime" = "xmlmime.xsd"\n')
    (tmp_path / "xmlmime.xsd").write_text(
        '<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
        ' targetNamespace="http://www.w3.org/2005/05/xmlmime">'
        '<xsd:element name="a" type="xsd:string"/></xsd:schema>'
    )
    assert "http://www.w3.org/2005/05/xmlmime" in Contract(path).document.types.namespaces


def test_a_contract_reads_no_file_outside_its_folder(tmp_path: Path) -> None:
    """A WSDL that somebody sent cannot name /etc/passwd or a neighbour's key."""
    below = tmp_path / "wsdl"
    below.mkdir()
    (tmp_path / "other.xsd").write_text('<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema"/>')
    include = '<xsd:include schemaLocation="../other.xsd"/>'
    with pytest.raises(ConfigurationError):
        Contract(changed(below, FIRST, include + FIRST))


@pytest.mark.parametrize("text", ["", "<definitions/>", "no XML", "<!DOCTYPE x><definitions/>"])
def test_a_file_that_is_no_contract_is_told_by_its_name(tmp_path: Path, text: str) -> None:
    """Never a traceback: the installation refuses to start and names the file."""
    (tmp_path / "a.wsdl").write_text(text)
    with pytest.raises(ConfigurationError, match=r"a\.wsdl:1:1"):
        Contract(tmp_path / "a.wsdl")


def test_zeep_logs_nothing_of_an_answer() -> None:
    """It would log a value that it cannot read with its traceback; ours say what is wrong without values."""
    assert not logging.getLogger("zeep.xsd.types.simple").isEnabledFor(logging.CRITICAL)


def test_operations_are_checked_when_the_contract_is_read() -> None:
    """A misspelt operation, and one that is not string in, string out, are both told."""
    CONTRACT.strings(["say"])
    with pytest.raises(ConfigurationError) as caught:
        CONTRACT.strings(["sya", "file"])
    assert 'Did you mean "say"?' in str(caught.value)
    assert len(caught.value.problems) == 2
