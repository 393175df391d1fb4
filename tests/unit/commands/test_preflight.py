"""What `check` builds of an installation, without opening anything."""

from pathlib import Path

import pytest

from bus.errors import ConfigurationError
from commands.parts import read_settings
from commands.preflight import offered

SETTINGS = """\
[installation]
name = "trial"
agency = "H12"
environment = "rehearsal"

[broker]
url = "amqp://127.0.0.1:5672/trial"
prefix = "trial"

[connector.vxp]
type = "ioffice"
endpoint = "http://127.0.0.1:1/adapter"
system_id = "00.00.H12"
secret = "${TRIAL_SECRET}"
serves = ["H12.06"]

[connector.edoc]
type = "ioffice"
profile = "soap"
endpoint = "http://127.0.0.1:1/edoc"
system_id = "H12.07"
secret = "${TRIAL_SECRET}"
serves = ["H12.07"]
"""


def test_an_adapter_that_uses_files_is_built_with_a_store(tmp_path: Path) -> None:
    """Both profiles of the document axis offer their operations; how a lost answer is settled differs."""
    settings = tmp_path / "trial.toml"
    settings.write_text(SETTINGS)
    offers = offered(read_settings(settings, secrets=False))
    certain = {
        name: {one.name: one.certainty for one in offer}["send_dossier"] for name, offer in offers.items()
    }
    assert certain == {"vxp": "askable", "edoc": "repeatable"}
    assert not (tmp_path / "data").exists()


def test_a_contract_that_lacks_an_operation_is_told_with_its_file(tmp_path: Path) -> None:
    """Before anything runs, with what was meant perhaps."""
    shipped = Path(__file__).parents[3] / "adapters/ioffice/schemas/edoc.wsdl"
    own = tmp_path / "own.wsdl"
    named = 'wsdl:operation name="GetTrace{}"'.format
    own.write_text(shipped.read_text(encoding="utf-8").replace(named("s"), named("")))
    settings = tmp_path / "trial.toml"
    settings.write_text(SETTINGS.replace('profile = "soap"', f'profile = "soap"\nwsdl = "{own}"'))
    with pytest.raises(ConfigurationError, match=r'own\.wsdl.*no operation "GetTraces".*"GetTrace"'):
        offered(read_settings(settings, secrets=False))
