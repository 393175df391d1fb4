"""A one-stop of the tests' own, written from reference 7b and our README alone; it shares no code with us.

Strict: what the reference does not allow stands in `complaints`, which every test checks. `script` holds what
to do instead of answering well, per operation, used up one by one.
"""

import json
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TOKEN = "/auth/realms/digo/protocol/openid-connect/token"
FORM = {"grant_type": "client_credentials", "client_id": "lien-thong", "client_secret": "bi-mat-rat-dai"}
VIETNAM = timezone(timedelta(hours=7))
Reply = tuple[int, Any]


@dataclass
class Seen:
    """One request as it came."""

    operation: str
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class StrictOneStop:
    """The one-stop's state, and what was asked of it."""

    dossiers: dict[str, dict[str, Any]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    """ids that the search does not show yet"""
    script: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    tokens: set[str] = field(default_factory=set)
    seen: list[Seen] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    logins: int = 0
    clock: datetime = datetime(2026, 4, 15, 8, 30, tzinfo=VIETNAM)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def operations(self) -> list[str]:
        """What was asked, in order."""
        return [one.operation for one in self.seen]

    def touch(self, known: str) -> None:
        """A dossier changed: a second goes by."""
        self.clock += timedelta(seconds=1)
        self.dossiers[known]["updatedDate"] = self.clock.isoformat(timespec="milliseconds")

    def open(self, nation: str | None, **facts: Any) -> str:
        """Make a dossier; returns its id."""
        serial = len(self.dossiers) + 1
        known = f"{serial:024x}"
        empty: dict[str, Any] = {name: [] for name in ("tasks", "supplements", "results", "files")}
        status = {"id": 1, "name": "Mới đăng ký"}
        head = {"id": known, "code": f"H12.06-260415-{serial:04d}", "nationCode": nation}
        self.dossiers[known] = {**empty, "withdrawal": None, "statusCurrentTask": status, **facts, **head}
        self.touch(known)
        return known

    def work(self, known: str, status: int) -> None:
        """An official brings a dossier to a status."""
        dossier = self.dossiers[known]
        dossier["statusCurrentTask"] = {"id": status}
        number = len(dossier["tasks"]) + 1
        task = {"id": f"{known}-{number}", "status": {"id": status}, "completedDate": self.clock.isoformat()}
        dossier["tasks"].append(task)
        self.touch(known)

    def token(self, form: dict[str, str]) -> Reply:
        """Keycloak, client_credentials (7b)."""
        self.logins += 1
        if form != FORM:
            return 401, {"error": "unauthorized_client"}
        token = f"ma-{self.logins}"
        self.tokens.add(token)
        return 200, {"access_token": token, "expires_in": 300, "token_type": "Bearer"}

    def search(self, query: dict[str, str]) -> Reply:
        """GET /pa/dossier/search: `spec=slice`, content of rows; nation-code and updated-from are [I]."""
        allowed = {"page", "size", "spec", "code", "nation-code", "sort", "updated-from"}
        if set(query) - allowed or query.get("spec") != "slice":
            self.complaints.append(f"search {query}")
        rows = [row for known, row in self.dossiers.items() if known not in self.hidden]
        for name, key in (("code", "code"), ("nation-code", "nationCode")):
            rows = [row for row in rows if name not in query or row[key] == query[name]]
        if "updated-from" in query:
            since = datetime.fromisoformat(query["updated-from"])
            rows = [row for row in rows if datetime.fromisoformat(row["updatedDate"]) >= since]
        rows.sort(key=lambda row: (row["updatedDate"], row["id"]))
        page, size = int(query.get("page", 0)), int(query.get("size", 20))
        cut = rows[page * size : (page + 1) * size]
        names = ("id", "code", "nationCode", "statusCurrentTask", "updatedDate")
        shown = [{name: row[name] for name in names if name in row} for row in cut]
        return 200, {"content": shown, "last": (page + 1) * size >= len(rows)}

    def online(self, known: str) -> Reply:
        """GET /pa/dossier/{id}/--online."""
        held = self.dossiers.get(known)
        return (200, held) if held else (404, {"code": "DOSSIER_NOT_FOUND", "message": "Không tìm thấy"})

    def create(self, body: dict[str, Any]) -> Reply:
        """POST /pa/dossier [I]: twice the same makes two."""
        known = self.open(body["nationCode"], **body)
        return 201, {name: self.dossiers[known][name] for name in ("id", "code", "nationCode")}

    def update(self, known: str, body: dict[str, Any]) -> Reply:
        """PUT /pa/dossier/{id} [I]."""
        fixed = {"id", "code", "nationCode", "procedure", "agency"} & set(body)
        if fixed:
            self.complaints.append(f"update of {fixed}")
        self.dossiers[known] |= body
        self.touch(known)
        return 200, {"id": known}

    def append(self, known: str, kind: str, body: dict[str, Any]) -> Reply:
        """Whatever comes is added, as often as it comes: what others write is ours [I] (README)."""
        if {"code", "nationCode"} & set(body):
            self.complaints.append(f"{kind}: {sorted(body)}")
        missing = [name for name in MUST.get(kind, ()) if not _there(body, name)]
        if missing:
            self.complaints.append(f"{kind}: without {missing}")
        if kind not in MUST:
            return 404, "<html>no such path</html>"
        self._keep(self.dossiers[known], kind, body)
        self.touch(known)
        return 200, {"id": known}

    def _keep(self, dossier: dict[str, Any], kind: str, body: dict[str, Any]) -> None:
        match kind:
            case "withdrawal":
                dossier["withdrawal"] = body
            case "supplements":
                dossier[kind].append({"id": "BS-1", "answered": True, "answerId": body["id"]})
            case "supplement-requests":
                dossier["supplements"].append({**body, "answered": False})
            case "results/revocations":
                for one in dossier["results"]:
                    one["revoked"] = one["id"] == body["id"]
            case "financial-obligation":
                dossier["obligation"] = {**body, "met": False}
            case "financial-obligation/met":
                dossier["obligation"] = {**dossier.get("obligation", {}), "met": True}
            case "ready":
                dossier["ready"] = True
            case _:
                dossier.setdefault(LISTS[kind], []).append(body)


MUST = {
    "supplements": ("id",),
    "withdrawal": ("id", "askedDate"),
    "results": ("id", "name"),
    "results/revocations": ("id",),
    "results/returns": ("id", "name"),
    "tasks": ("id", "status.id", "assignee.fullname", "content", "completedDate"),
    "supplement-requests": ("id", "content"),
    "financial-obligation": ("state",),
    "financial-obligation/met": ("payments",),
    "fees/payments": ("id", "amount", "paidDate", "state"),
    "ready": (),
    "transfers": ("fromAgency.code", "toAgency.code"),
}
"""What each written thing has at least."""

LISTS = {
    "results": "results",
    "results/returns": "resultReturns",
    "tasks": "tasks",
    "fees/payments": "payments",
    "transfers": "transfers",
}
"""The list of the dossier that each is shown in."""


def _there(body: Any, path: str) -> bool:
    for name in path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return body not in (None, "", [])


def server(peer: StrictOneStop) -> ThreadingHTTPServer:
    """An HTTP server that answers for `peer` on a free port; the caller runs and closes it."""

    class Bound(Handler):
        """Answers for this one-stop."""

    Bound.peer = peer
    made = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
    made.daemon_threads = True
    return made


class Handler(BaseHTTPRequestHandler):
    """HTTP before a one-stop."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    peer: StrictOneStop

    def do_GET(self) -> None:
        """Take a question."""
        self._take(None)

    def do_POST(self) -> None:
        """Take a token request or something to be added."""
        self._take(self._body())

    def do_PUT(self) -> None:
        """Take an update."""
        self._take(self._body())

    def _body(self) -> Any:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        form = "x-www-form-urlencoded" in self.headers.get("Content-Type", "")
        return dict(parse_qsl(data.decode())) if form else json.loads(data)

    def _take(self, body: Any) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        found = re.fullmatch(r"/pa/dossier/([^/]+)(?:/([\w/-]+))?", parts.path)
        operation = self._operation(parts.path, found)
        seen = Seen(operation, self.command, parts.path, dict(parse_qsl(parts.query)), headers, body)
        with self.peer.lock:
            self.peer.seen.append(seen)
            script = self.peer.script[operation]
            act = script.pop(0) if script else ""
            status, _, text = act.partition(" ")
            if status.isdigit():
                reply: Reply | None = None
            else:
                reply = self._answer(seen, found)
        if reply is None:
            self._reply(int(status), text.encode(), {"Retry-After": "7"} if "RETRY" in text else {})
        elif act == "lost":
            self.close_connection = True
            self.connection.close()
        else:
            time.sleep(2 if act == "slow" else 0)
            data = json.dumps(reply[1], ensure_ascii=False).encode()
            self._reply(reply[0], data[: len(data) // 2] if act == "half" else data)

    def _operation(self, path: str, found: re.Match[str] | None) -> str:
        if path == TOKEN:
            return "token"
        if path == "/pa/dossier/search":
            return "search"
        if path == "/pa/dossier" or not found:
            return "create"
        return "online" if found[2] == "--online" else found[2] or "update"

    def _answer(self, seen: Seen, found: re.Match[str] | None) -> Reply:
        peer = self.peer
        if seen.operation == "token":
            return peer.token(seen.body)
        kind, _, token = seen.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or token not in peer.tokens:
            return 401, {"error": "invalid_token"}
        known = found[1] if found else ""
        served: dict[str, Callable[[], Reply]] = {
            "search": lambda: peer.search(seen.query),
            "online": lambda: peer.online(known),
            "create": lambda: peer.create(seen.body),
            "update": lambda: peer.update(known, seen.body),
        }
        return served.get(seen.operation, lambda: peer.append(known, seen.operation, seen.body))()

    def _reply(self, status: int, data: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""
