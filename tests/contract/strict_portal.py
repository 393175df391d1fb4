"""A portal of the tests' own, written from the reference alone (sections 0 to 3, 6), sharing no code.

Strict: a call that the reference does not allow is written down in `complaints`, which every test checks.
`script` holds what to do instead of answering well, per service, used up one by one; `raw` are bodies that a
search by time answers instead.
"""

import json
import re
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

BASE = "/XrdAdapter/RestService/forward"
DSTCODE = "VN:GOV:000.00.00.G22:vpcpdvcprovider"
ACCOUNT = {"username": "000.00.00.H12", "password": "mat-khau-that-dai"}
WRITES = ("DongBoHoSoMC", "CapNhatTienDoHoSoMC", "DongBoTrangThaiHoSo")


@dataclass
class Seen:
    """One request as it came."""

    service: str
    body: dict[str, Any]
    headers: dict[str, str]
    query: dict[str, list[str]]


@dataclass
class StrictPortal:
    """The portal's state, and what was asked of it."""

    codes: list[Any] = field(default_factory=lambda: [0, "0", "00"])
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    progress: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    changed: dict[str, str] = field(default_factory=dict)
    procedures: dict[str, dict[str, Any]] = field(default_factory=dict)
    notices: list[dict[str, Any]] = field(default_factory=list)
    script: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    raw: list[bytes] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)
    seen: list[Seen] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    logins: int = 0
    shows_progress: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)

    def services(self) -> list[str]:
        """What was asked, in order."""
        return [one.service for one in self.seen]

    def good(self, message: str, result: Any = ()) -> dict[str, Any]:
        """An acceptance, in the next of the forms that are seen in use."""
        code = self.codes[len(self.seen) % len(self.codes)]
        return {"error_code": code, "message": message, "result": list(result)}

    def login(self, body: dict[str, Any]) -> dict[str, Any]:
        """Section 1a."""
        self.logins += 1
        if body != ACCOUNT:
            return {"error_code": "-1", "message": "Sai tài khoản"}
        session = f"phien-{self.logins}"
        self.sessions.add(session)
        return {"error_code": 0, "session": session, "message": "OK"}

    def serve(self, service: str, body: dict[str, Any]) -> dict[str, Any]:
        """Section 1: `service` selects."""
        if body.get("session") not in self.sessions:
            return {"error_code": -1, "message": "Phiên làm việc không hợp lệ", "result": None}
        loose = [name for name, value in body.items() if name != "data" and not isinstance(value, str)]
        if loose or body.get("madonvi") != "000.00.00.H12":
            self.complaints.append(f"{service}: scalars {loose}, madonvi {body.get('madonvi')}")
        answer: dict[str, Any] = getattr(self, service)(body)
        return answer

    def TraCuuHoSo(self, body: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - the portal's own name
        """One by number (1b), or by time of change as our settings name the parameters [I]."""
        if "mahoso" in body:
            held = self.records.get(body["mahoso"])
            return self.good("Thành công", [] if held is None else [self.row(body["mahoso"])])
        since, until = body["tungay"], body["denngay"]
        found = sorted((at, number) for number, at in self.changed.items() if since <= at <= until)
        start = (int(body["trang"]) - 1) * int(body["soluong"])
        rows = found[start : start + int(body["soluong"])]
        return self.good("Thành công", [self.row(number) for _, number in rows])

    def row(self, number: str) -> dict[str, Any]:
        """A row of a search: upper-case keys at every depth (1b)."""
        extra: dict[str, Any] = {"NgayCapNhat": self.changed.get(number, "20260101000000")}
        if self.shows_progress:
            extra["DanhSachTienDo"] = self.progress[number]
        return dict(upper(self.records[number] | extra))

    def DongBoHoSoMC(self, body: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """Section 1c and 2: insert or update a batch."""
        updating, data = body.get("isUpdating"), body.get("data")
        if updating not in ("True", "False") or not isinstance(data, list):
            self.complaints.append(f"DongBoHoSoMC: isUpdating {updating!r}, data {type(data).__name__}")
        for record in data or []:
            number = record["MaHoSo"]
            if updating == "False" and number in self.records:
                return {"error_code": "-3", "message": f"Hồ sơ {number} đã tồn tại", "result": []}
            if updating == "True" and number not in self.records:
                return {"error_code": -1, "message": f"Hồ sơ {number} không tồn tại", "result": []}
            self.records[number] = record
        return self.good("Đồng bộ hồ sơ thành công")

    def CapNhatTienDoHoSoMC(self, body: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """Section 3: appends, whatever is there already."""
        for row in body["data"]:
            if row["MaHoSo"] not in self.records:
                return {"error_code": -1, "message": "Hồ sơ không tồn tại", "result": []}
            self.progress[row["MaHoSo"]].append(row)
        return self.good("Cập nhật tiến độ thành công")

    def DongBoTrangThaiHoSo(self, body: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """Section 1c: one object, type "2"."""
        wanted = {"MaHoSo", "MaHoSoDonVi", "MaDoiTuong", "NoiDung", "NgayXuLy", "TrangThai", "TaiLieuXuLy"}
        if body.get("type") != "2" or set(body["data"]) != wanted:
            self.complaints.append(f"DongBoTrangThaiHoSo: {sorted(body['data'])}")
        self.notices.append(body["data"])
        return self.good("Thành công")

    def LayDanhSachTTHC(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """Section 1b."""
        return self.good("Thành công", [{"MATTHC": code} for code in self.procedures])

    def LayThuTuc(self, body: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """Section 1e: a one-element array."""
        return self.good("Thành công", [self.procedures[body["maTTHC"]]])


def upper(value: Any) -> Any:
    """Write keys in upper case."""
    if isinstance(value, dict):
        return {key.upper(): upper(item) for key, item in value.items()}
    return [upper(item) for item in value] if isinstance(value, list) else value


def server(portal: StrictPortal) -> ThreadingHTTPServer:
    """An HTTP server that answers for `portal` on a free port; the caller runs and closes it."""

    class Bound(Handler):
        """Answers for this portal."""

    Bound.portal = portal
    made = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
    made.daemon_threads = True
    return made


class Handler(BaseHTTPRequestHandler):
    """The facade (section 6a) before a portal."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    portal: StrictPortal

    def do_POST(self) -> None:
        """Take one call, do as the script says, else answer well."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen("login", body, headers, parse_qs(parts.query))
        if parts.path != f"{BASE}/mapi/login":
            seen.service = str(body.get("service"))
        with self.portal.lock:
            self.portal.seen.append(seen)
            self._complain(parts.path, seen)
            if self.portal.raw and "tungay" in body:
                self._reply(200, self.portal.raw.pop(0))
                return
            script = self.portal.script[seen.service]
            act, _, detail = (script.pop(0) if script else "").partition("/")
            answer = None if act.startswith(("answer", "x-road", "html")) else self._serve(seen)
        if answer is None:
            self._refuse(act, detail)
        else:
            self._answer(act, answer)

    def _serve(self, seen: Seen) -> dict[str, Any]:
        if seen.service == "login":
            return self.portal.login(seen.body)
        return self.portal.serve(seen.service, seen.body)

    def _refuse(self, act: str, detail: str) -> None:
        if act == "x-road":
            fault = {"type": detail, "message": "failed", "detail": "0e3bd0a0"}
            self._reply(500, json.dumps(fault).encode(), {"X-Road-Error": detail})
        elif act == "html":
            self._reply(int(detail), b"<html>Bad gateway</html>")
        else:
            self._reply(200, act.removeprefix("answer ").encode())

    def _answer(self, act: str, answer: dict[str, Any]) -> None:
        data = json.dumps(answer, ensure_ascii=False).encode()
        if act == "lost":
            self.close_connection = True
            self.connection.close()
        elif act == "half":
            self._reply(200, data[: len(data) // 2])
        elif act == "wrapped":
            self._reply(200, json.dumps({"message": data.decode()}).encode())
        else:
            time.sleep(2 if act == "slow" else 0)
            self._reply(200, data)

    def _complain(self, path: str, seen: Seen) -> None:
        portal, headers, query = self.portal, seen.headers, seen.query
        given = {*query.get("dstcode", []), *([headers["dstcode"]] if "dstcode" in headers else [])}
        if given != {DSTCODE}:
            portal.complaints.append(f"dstcode {given}")
        if not headers.get("content-type", "").startswith("application/json"):
            portal.complaints.append(f"Content-Type {headers.get('content-type')}")
        if path not in (f"{BASE}/mapi/login", f"{BASE}/mapi/g"):
            portal.complaints.append(f"path {path}")
        request_id = headers.get("x-road-id", "")
        if request_id and not re.fullmatch(r"[0-9a-f-]{36}", request_id):
            portal.complaints.append(f"X-Road-Id {request_id}")

    def _reply(self, status: int, data: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""
