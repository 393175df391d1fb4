"""Which agency uploaded which file, and what of a day an agency compares; both ledgers."""

import hashlib

import pytest

from bus.ledger import uploads
from bus.ledger.as_it_came import as_it_came
from bus.ledger.ledger import Ledger
from bus.ledger.uploads import Uploaded

pytestmark = pytest.mark.integration

ONE, OTHER = "1" * 64, "2" * 64


async def test_a_file_is_its_uploaders_and_nobody_elses(ledger: Ledger) -> None:
    """Noted once however often it comes; asked for several agencies together, as an heir asks."""
    for source, file in (("agency.H12.09", ONE), ("agency.H12.09", ONE), ("agency.H12.06", OTHER)):
        await ledger.act(Uploaded(source, file))
    asked = {ONE, OTHER, "3" * 64}
    assert ledger.look(uploads.among, ["agency.H12.09"], asked) == {ONE}
    assert ledger.look(uploads.among, ["agency.H12.06", "agency.H12.09"], asked) == {ONE, OTHER}
    assert ledger.look(uploads.among, ["agency.H12.0"], asked) == frozenset()


def test_a_day_is_compared_by_what_was_sent_whatever_a_sender_writes_into_it() -> None:
    """Of a package the hash that the bus wrote at its root; what only looks like it is hashed as it is."""
    ours = f'<?xml version="1.0"?>\n<Package xmlns="x" package="{ONE}"><MessageHeader/></Package>'.encode()
    assert as_it_came(ours).hex() == ONE
    for theirs in (
        f'<edXML package="{ONE}"/>'.encode(),
        f'<edXML><Package package="{ONE}"/></edXML>'.encode(),
        f'{{"note": "<Package package=\\"{ONE}\\">"}}'.encode(),
    ):
        assert as_it_came(theirs) == hashlib.sha256(theirs).digest()
