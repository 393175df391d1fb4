"""Takes in one package from an axis and sends it on; tells its size and by how much this process grew.

`python child.py ENDPOINT FOLDER`. A process of its own, since memory is measured at its highest.
"""

import json
import resource
import sys
import time
from pathlib import Path

from adapters.ioffice.adapter import IOffice
from adapters.ioffice.settings import IOfficeSettings
from bus.ports import Call, Deadline
from bus.settings import Secret, Url
from tests.contract.strict_axis import SECRET, SYSTEM
from tests.stores import file_store


def peak() -> int:
    """Kilobytes of memory at the highest."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def carry(endpoint: str, folder: Path) -> dict[str, float]:
    """Take in and send on."""
    settings = IOfficeSettings(
        type="ioffice", endpoint=Url(endpoint), system_id=SYSTEM, secret=Secret(SECRET), mode="live"
    )
    one = IOffice("ioffice", settings, file_store(folder))
    one.ping()
    before = peak()
    (item,) = one.polls[0].fetch("", lambda _: {}).items
    one.operations["send_document"].call(Call(item.tree, "", 1, Deadline(time.monotonic() + 60)))
    size = max(
        path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and path.stat().st_size < 70_000_000
    )
    one.close()
    return {"size": size, "megabytes": (peak() - before) / 1000}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(carry(sys.argv[1], Path(sys.argv[2]))))
