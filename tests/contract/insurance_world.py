"""What the tests of the insurance connector share: a dossier with a child, its sheets, connectors."""

from functools import cache
from typing import Any

from adapters.insurance.adapter import TYPE
from adapters.insurance.settings import InsuranceSettings, Unit
from bus.peer_settings import Timeout
from bus.ports import Adapter
from bus.settings import Seconds, Secret, Url
from mappings.dossier import Birth, BirthCertificate, Dossier, Insurance, Party, Place
from mappings.engine import Compiled, compile_sheet
from mappings.sheet import load_sheets
from mappings.tables import load
from tests.contract.tax_world import PASSWORD, ROOT

NUMBER = "H12.16-261125-0001"
CHILD = Party(name="Trần Ngọc Ánh", born="2026-11-20", sex="female", identity="096326000123")
BIRTH = Birth(
    child=CHILD,
    mother=Party(name="Lê Thị Út", born="1999"),
    father=Party(name="Trần Văn Ổn", born="1997-03"),
    requester=Party(name="Lê Thị Út", identity="096199000456", phone="0912345678"),
    birth_place=Place(line="Bệnh viện Sản Nhi"),
    certificate=BirthCertificate(number="12", book="1", personal_id="096326000123"),
    facility="96001",
)
INSURED = Insurance(participant=CHILD, card_no="TE1969600000001", period="11/2026")
DOSSIER = Dossier(code=NUMBER, procedure="9.100003", birth=BIRTH, insurance=INSURED)


@cache
def sheet(name: str) -> Compiled:
    """A shipped sheet, compiled."""
    return compile_sheet(load_sheets()[f"insurance/{name}"], load([ROOT / "deploy" / "tables"]))


def written(name: str, message: Any = DOSSIER) -> Any:
    """What a sheet writes of a message."""
    return sheet(name).write(message, source="insurance").tree


def message(incoming: Any) -> Any:
    """What the sheet of a message reads."""
    return (
        sheet(TYPE.messages[incoming.kind].partition("/")[2]).read(incoming.tree, source="insurance").message
    )


def adapter(url: str, **settings: Any) -> Adapter:
    """A connector to the authority at `url`."""
    own: dict[str, Any] = {
        "type": "insurance",
        "address": Url(url),
        "unit": Unit(name="Trung tâm PVHCC tỉnh", code="YN0001Z", office="09601"),
        "username": "camau",
        "password": Secret(PASSWORD),
        "timeout": Timeout(connect=Seconds(1), answer=Seconds(3)),
    }
    return TYPE.build("insurance", InsuranceSettings(**own | settings))
