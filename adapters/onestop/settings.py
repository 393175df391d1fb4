"""What an installation says about a one-stop (một cửa, VNPT iGate); a key without a default is SET."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

from bus.peer_settings import ConnectorSettings
from bus.settings import Fault, Seconds, Secret, Section, Url, says


class Paths(Section, frozen=True, kw_only=True):
    """Where its operations lie below `url`. Searching and reading are known [V S10], writing is ours [I]."""

    search: Annotated[str, says("paged search")] = "/pa/dossier/search"
    online: Annotated[str, says("one dossier whole; {id} stands for its id")] = "/pa/dossier/{id}/--online"
    create: Annotated[str, says("a new dossier")] = "/pa/dossier"
    update: Annotated[str, says("replaces fields of a dossier")] = "/pa/dossier/{id}"
    supplements: Annotated[str, says("an answer to a request for more papers")] = (
        "/pa/dossier/{id}/supplements"
    )
    withdrawal: Annotated[str, says("the applicant withdraws")] = "/pa/dossier/{id}/withdrawal"
    results: Annotated[str, says("a result paper issued elsewhere")] = "/pa/dossier/{id}/results"
    revocations: Annotated[str, says("a result paper is taken back (thu hồi)")] = (
        "/pa/dossier/{id}/results/revocations"
    )
    returns: Annotated[str, says("a result goes back to where the dossier was taken in")] = (
        "/pa/dossier/{id}/results/returns"
    )
    supplement_requests: Annotated[str, says("another authority asks for more papers")] = (
        "/pa/dossier/{id}/supplement-requests"
    )
    steps: Annotated[str, says("what another authority did")] = "/pa/dossier/{id}/tasks"
    obligation: Annotated[str, says("what is owed for land (nghĩa vụ tài chính)")] = (
        "/pa/dossier/{id}/financial-obligation"
    )
    obligation_met: Annotated[str, says("all of it is paid")] = "/pa/dossier/{id}/financial-obligation/met"
    payments: Annotated[str, says("money paid for a dossier")] = "/pa/dossier/{id}/fees/payments"
    ready: Annotated[str, says("what others do for a dossier is done")] = "/pa/dossier/{id}/ready"
    transfers: Annotated[str, says("the dossier goes to another agency")] = "/pa/dossier/{id}/transfers"


class Announcements(Section, frozen=True, kw_only=True):
    """Its announcements of changes; how they are signed is ours [I]."""

    secret: Annotated[Secret | None, says("signs them (HMAC-SHA256); absent: it cannot call us")] = None
    header: Annotated[str, says("header that carries the signature: sha256=HEX")] = "X-Signature"


class OneStopSettings(ConnectorSettings, frozen=True, kw_only=True):
    """[connector.NAME] type = "onestop"."""

    url: Annotated[Url, says("its gateway")]
    token_url: Annotated[Url, says("where tokens are had (Keycloak, client_credentials)")]
    client_id: Annotated[str, says("who we are there")]
    client_secret: Annotated[Secret, says("and what proves it")]
    paths: Annotated[Paths, says("paths below `url`")] = Paths()
    poll_every: Annotated[Seconds, says("how often it is asked for changes", least=0.05)] = Seconds(
        "20 seconds"
    )
    overlap: Annotated[Seconds, says("how far each search goes back, for rows that commit late")] = Seconds(
        "2 minutes"
    )
    since: Annotated[str, says("from when at the very first, ISO 8601 with offset; empty: everything")] = ""
    page: Annotated[int, says("rows of a page", unit="rows", least=1, most=200)] = 100
    readers: Annotated[
        int, says("changed dossiers read at the same time", unit="calls", least=1, most=32)
    ] = 4
    busy: Annotated[
        tuple[int, ...], says("statuses that, with Retry-After, promise that nothing was done [I]")
    ] = (429, 503)
    webhook: Annotated[Announcements, says("its announcements")] = Announcements()
    ca: Annotated[Path | None, says("whose certificates we accept; empty: the system's", must_exist=True)] = (
        None
    )
    certificate: Annotated[Path | None, says("our certificate for mTLS, PEM", must_exist=True)] = None
    key: Annotated[Path | None, says("its key, PEM", must_exist=True)] = None

    def faults(self) -> Iterator[Fault]:
        """What belongs together comes together; a time is a time."""
        if self.since and not _aware(self.since):
            yield Fault("since", "must be ISO 8601 with an offset", 'Like "2025-07-01T00:00:00+07:00"')
        if (self.certificate is None) != (self.key is None):
            yield Fault("certificate", "certificate and key come together")


def _aware(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
