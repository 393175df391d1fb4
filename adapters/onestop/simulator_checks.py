"""What the one-stop refuses at its door, all problems at once.

The write operations and their limits are ours [I], taken from the portal's where it publishes them
(reference, section 2, column Max), because iGate's own are not known. Keys that no line here names are
kept as they came.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from adapters.onestop import simulator_times as times
from adapters.onestop.simulator_tables import Catalogue
from adapters.onestop.simulator_words import CHANNELS, RETURN_WAYS

ORG: Final = r"(?:\d{3}\.\d{2,3}\.\d{2}\.[A-Z]\d{2}|[A-Z]\d{2}(?:\.\d{2,3}){0,4})"
AGENCY_CODE: Final = re.compile(ORG)
DOSSIER_CODE: Final = re.compile(ORG + r"-(?:\d{6}|\d{8})-\d{4,7}")
PROCEDURE_CODE: Final = re.compile(r"\d\.\d{6}(\.\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2})?")
TAX_CODE: Final = re.compile(r"\d{10}(-\d{3})?|\d{12}")
PHONE: Final = re.compile(r"[+\d\s().,;/-]*")
EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
URL: Final = re.compile(r"https?://[^\s/]+\S*")
CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
IDENTITY_FORMS: Final = {"1": re.compile(r"\d{12}"), "2": re.compile(r"\d{9}")}
READ_ONLY: Final = frozenset(
    {
        "id",
        "code",
        "statusCurrentTask",
        "tasks",
        "supplements",
        "results",
        "payments",
        "slips",
        "transfers",
        "decisionRequests",
        "obligation",
        "resultReturns",
        "currentAgency",
        "ready",
        "acceptedDate",
        "appointmentDate",
        "completedDate",
        "returnedDate",
        "rejectedDate",
        "updatedDate",
        "reason",
        "withdrawal",
    }
)
FIXED: Final = ("nationCode", "procedure", "agency")
"""What an update may repeat and never change."""

Body = Mapping[str, Any]


class Problem(NamedTuple):
    """One thing wrong with a request: the field's path in the body and a sentence."""

    field: str
    message: str


class Text(NamedTuple):
    """A text field: where, how long at most, of what form, whether it must be there."""

    path: str
    most: int
    form: re.Pattern[str] | None = None
    required: bool = False


PARTY: Final = (
    Text("fullname", 500, required=True),
    Text("identityNumber", 40),
    Text("taxCode", 14, TAX_CODE),
    Text("phone", 50, PHONE),
    Text("email", 100, EMAIL),
    Text("fax", 50),
    Text("address", 500),
)
HEADER: Final = (
    Text("nationCode", 50, DOSSIER_CODE, required=True),
    Text("procedure.code", 50, PROCEDURE_CODE, required=True),
    Text("agency.code", 35, AGENCY_CODE),
    Text("agency.name", 500),
    Text("subject", 1000),
    Text("receiptNo", 50),
    Text("note", 2000),
    Text("otherInfo", 2000),
)
FILE: Final = (
    Text("id", 100, required=True),
    Text("name", 4000, required=True),
    Text("component", 50),
    Text("url", 2000, URL),
)
PAPER: Final = (Text("name", 2000, required=True),)
FEE: Final = (Text("name", 500, required=True), Text("code", 50))
SUPPLEMENT: Final = (Text("id", 100, required=True), Text("content", 4000))
WITHDRAWAL: Final = (Text("id", 100, required=True), Text("reason", 2000))


def at(body: Any, path: str) -> Any:
    """Return what stands at a dotted path, None where anything on the way is missing."""
    for name in path.split("."):
        body = body.get(name) if isinstance(body, Mapping) else None
    return body


def created(body: Body, tables: Catalogue, day: dt.date, *, counter: bool) -> list[Problem]:
    """Check a new dossier; one taken in at the counter has no national number."""
    header = HEADER[1:] if counter else HEADER
    return [
        *texts(body, header),
        *_common(body),
        *_read_only(body),
        *_listed(body, tables, day),
        *_parties(body),
    ]


def updated(body: Body, held: Body) -> list[Problem]:
    """Check an update against what is held: read-only and fixed fields may not change."""
    optional = [text._replace(required=False) for text in HEADER]
    changed = (
        Problem(name, "cannot be changed after the dossier was created")
        for name in FIXED
        if _code_of(body.get(name)) not in (None, _code_of(held.get(name)))
    )
    return [
        *texts(body, optional),
        *_common(body),
        *_read_only(body),
        *changed,
        *_parties(body, required=False),
    ]


def supplemented(body: Body) -> list[Problem]:
    """Check an answer to a request for a supplement (bổ sung)."""
    return [
        *texts(body, SUPPLEMENT),
        *timely(body, "receivedDate"),
        *each(body, "files", _file),
        *clean(body),
    ]


def withdrawn(body: Body) -> list[Problem]:
    """Check a citizen's withdrawal (rút hồ sơ)."""
    return [*texts(body, WITHDRAWAL), *timely(body, "askedDate"), *clean(body)]


def _common(body: Body) -> Iterator[Problem]:
    for name in ("procedure", "agency", "eForm"):
        if name in body and not isinstance(body[name], Mapping):
            yield Problem(name, "must be an object")
    yield from timely(body, "appliedDate")
    yield from _one_of(body, "applyMethod.id", CHANNELS)
    yield from _one_of(body, "resultReturn.id", RETURN_WAYS)
    yield from each(body, "files", _file)
    yield from each(body, "papers", _paper)
    yield from each(body, "fees", _fee)
    yield from clean(body)


def timely(body: Body, *names: str) -> Iterator[Problem]:
    """Find times that are not ISO 8601 with an offset."""
    for name in (*names, "asOf"):
        if body.get(name) not in (None, "") and times.read(body[name]) is None:
            yield Problem(name, "must be ISO 8601 with an offset, such as 2026-11-23T10:55:08+07:00")


def texts(body: Any, texts: tuple[Text, ...] | list[Text], prefix: str = "") -> Iterator[Problem]:
    """Find what is wrong with texts: absent, of another type, too long, of another form."""
    for text in texts:
        problem = _text(at(body, text.path), text)
        if problem:
            yield Problem(prefix + text.path, problem)


def _text(value: Any, text: Text) -> str | None:
    if value is None or value == "":
        return "is required" if text.required else None
    if not isinstance(value, str):
        return f"must be a text, not {type(value).__name__}"
    if text.required and not value.strip():
        return "is required"
    if len(value) > text.most:
        return f"is {len(value)} characters long, at most {text.most} are taken"
    return "has not the form expected" if text.form and not text.form.fullmatch(value) else None


def _one_of(body: Body, path: str, words: Mapping[int, str]) -> Iterator[Problem]:
    value = at(body, path)
    if (name := path.partition(".")[0]) in body and not (type(value) is int and value in words):
        yield Problem(
            path if isinstance(body[name], Mapping) else name, f"must be one of {', '.join(map(str, words))}"
        )


def _listed(body: Body, tables: Catalogue, day: dt.date) -> Iterator[Problem]:
    procedure, agency = at(body, "procedure.code"), at(body, "agency.code")
    if not tables.known:
        return
    if (
        isinstance(procedure, str)
        and PROCEDURE_CODE.fullmatch(procedure)
        and not tables.procedure(procedure, day)
    ):
        yield Problem("procedure.code", f"no procedure {procedure} is in force here on {day}")
    if isinstance(agency, str) and AGENCY_CODE.fullmatch(agency) and not tables.agency(agency, day):
        closed = tables.closed_agency(agency)
        after = closed.get("successor") if closed else ""
        yield Problem(
            "agency.code", f"no agency {agency} on {day}" + (f"; its successor is {after}" if after else "")
        )


def _parties(body: Body, *, required: bool = True) -> Iterator[Problem]:
    for who in ("applicant", "submitter"):
        party = body.get(who)
        if party is None:
            if required and who == "applicant":
                yield Problem("applicant.data.fullname", "is required")
        elif not isinstance(at(party, "data"), Mapping):
            yield Problem(f"{who}.data", "must be an object")
        else:
            yield from _party(party["data"], f"{who}.data.")


def _party(data: Body, prefix: str) -> Iterator[Problem]:
    yield from texts(data, PARTY, prefix)
    if data.get("birthday") not in (None, "") and not times.partial_day(data["birthday"]):
        yield Problem(prefix + "birthday", "must be yyyy, yyyy-MM or yyyy-MM-dd, and a day that exists")
    form = IDENTITY_FORMS.get(str(data.get("identityKind", "")))
    number = data.get("identityNumber")
    if form and isinstance(number, str) and number and not form.fullmatch(number):
        yield Problem(prefix + "identityNumber", "has not the form of its kind (1: 12 digits, 2: 9 digits)")


def _read_only(body: Body) -> Iterator[Problem]:
    return (Problem(name, "is written by this system alone") for name in sorted(READ_ONLY & body.keys()))


def each(body: Body, name: str, check: Callable[[Any, str], Iterator[Problem]]) -> Iterator[Problem]:
    """Check every item of a list."""
    items = body.get(name)
    if items is None:
        return
    if not isinstance(items, list):
        yield Problem(name, "must be a list")
        return
    for index, item in enumerate(items):
        if isinstance(item, Mapping):
            yield from check(item, f"{name}[{index}].")
        else:
            yield Problem(f"{name}[{index}]", "must be an object")


def _file(item: Body, prefix: str) -> Iterator[Problem]:
    yield from texts(item, FILE, prefix)
    if item.get("removed") not in (None, True, False):
        yield Problem(prefix + "removed", "must be true or false")


def _paper(item: Body, prefix: str) -> Iterator[Problem]:
    yield from texts(item, PAPER, prefix)
    if item.get("copies") is not None and not whole(item["copies"]):
        yield Problem(prefix + "copies", "must be a whole number, 0 or more")


def _fee(item: Body, prefix: str) -> Iterator[Problem]:
    yield from texts(item, FEE, prefix)
    if not whole(item.get("amount")):
        yield Problem(prefix + "amount", "must be whole đồng, 0 or more")


def clean(body: Any, path: str = "") -> Iterator[Problem]:
    """Find control characters, however deep."""
    if isinstance(body, str) and CONTROL.search(body):
        yield Problem(path, "has control characters")
    elif isinstance(body, Mapping):
        for name, value in body.items():
            yield from clean(value, f"{path}.{name}" if path else str(name))
    elif isinstance(body, list):
        for index, value in enumerate(body):
            yield from clean(value, f"{path}[{index}]")


def whole(value: Any, least: int = 0) -> bool:
    """Whether a value is a whole number of at least so many."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _code_of(value: Any) -> Any:
    """Return the code of a procedure or agency, or the plain value; None where it says nothing."""
    return value.get("code") if isinstance(value, Mapping) else value or None
