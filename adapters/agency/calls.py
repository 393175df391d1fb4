"""The calls of the agencies' door as Litestar serves them: who asks, what came, what is answered."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import date
from functools import cache
from typing import Annotated, Any, cast

import structlog
from litestar import Litestar, Request, Response, get, post, put
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.params import HeaderParameter, PathParameter, QueryParameter
from litestar.types import ASGIApp, Receive, Scope, Send

from adapters.agency.answers import Checked, Followed, HeldPage, Receipt, StoredFile
from adapters.agency.asked import Asked, Body
from adapters.agency.bodies import spooled, whole
from adapters.agency.door import Door, Withdraw
from adapters.agency.packages import MEDIA_TYPES as PACKAGES
from adapters.agency.page import page
from adapters.agency.problems import MEDIA_TYPE, DoorError, Wrong, again_later, shown, wrong_content
from adapters.agency.receipt import PATTERN
from bus.agency_settings import Right
from bus.errors import LedgerUnavailableError, RejectedMessageError, UnavailableError

PREFIX = "/agencies/v1"
TITLE = "Liên Thông: cửa của các cơ quan"
RETRY_AFTER = 30.0
"""Seconds after which to come again while the ledger does not answer."""
KEY = r"^[A-Za-z0-9._:-]{1,100}$"
REFERENCE = r"^[A-Za-z0-9.-]{1,60}$"
HASH = r"^[0-9a-f]{64}$"

_Call = Request[Any, Any, Any]
_Reference = Annotated[str, PathParameter(pattern=REFERENCE, description="Mã tiếp nhận, hoặc số hồ sơ")]
_Key = Annotated[
    str | None,
    HeaderParameter(name="Idempotency-Key", pattern=KEY, description="Cùng khóa, cùng nội dung: một lần"),
]
_NeededKey = Annotated[
    str, HeaderParameter(name="Idempotency-Key", pattern=KEY, description="Mỗi lần thay thế một khóa")
]
_log = structlog.get_logger("agencies")


def _admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Before anything of a call is looked at: who asks, may it, not too often."""
    right: Right | None = handler.opt.get("right")
    if right is None:
        return
    door: Door = connection.app.state.door
    named = dict(connection.headers.items())
    agency = door.gatekeeper.admit(connection.scope, named, right)
    connection.scope["state"]["asked"] = door.asked(agency)


def _of(request: _Call) -> tuple[Door, Asked]:
    return request.app.state.door, request.scope["state"]["asked"]


def _kind(request: _Call) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _as_json(request: _Call) -> None:
    """Raise `DoorError` 415 for a body that says it is anything but JSON."""
    if _kind(request) != "application/json":
        detail = "Gửi với Content-Type: application/json."
        raise DoorError(415, "media-type", "Không nhận kiểu nội dung này", detail)


@asynccontextmanager
async def _dossier(request: _Call, door: Door) -> AsyncIterator[Body]:
    """The body of a dossier, whole: JSON, or an edXML package where the door reads them.

    A package holds a place among the uploads while it comes and is read, and none comes to a full disk.
    """
    agency = request.scope["state"]["asked"].agency.code
    if door.packages is not None and _kind(request) in PACKAGES:
        door.desk.check_room()
        async with (
            door.room(agency, upload=True),
            spooled(request.stream(), door.packages.most, door.store.folder) as package,
        ):
            yield Body(package=package)
        return
    if _kind(request) != "application/json":
        detail = "Gửi với Content-Type: application/json, hoặc application/xml cho gói tin edXML."
        raise DoorError(415, "media-type", "Không nhận kiểu nội dung này", detail)
    async with door.room(agency):
        yield Body(await whole(request.stream(), door.body_limit))


@post(
    "/dossiers",
    status_code=202,
    operation_id="hand_in",
    opt={"right": "dossier.hand_in"},
    request_max_body_size=None,
)
async def hand_in(request: _Call, key: _Key = None) -> Response[Receipt]:
    """Nộp hồ sơ: kept when answered; follow it by its receipt."""
    door, asked = _of(request)
    async with _dossier(request, door) as body:
        return _receipt(await door.hand_in(asked, body, key))


@post(
    "/dossiers/checks",
    status_code=200,
    operation_id="check",
    opt={"right": "dossier.hand_in"},
    request_max_body_size=None,
)
async def check(request: _Call) -> Checked:
    """Chỉ kiểm tra: judged as a dossier that is handed in, and nothing is kept."""
    door, asked = _of(request)
    async with _dossier(request, door) as body:
        return await door.check(asked, body)


@put(
    "/dossiers/{reference:str}",
    status_code=202,
    operation_id="replace",
    opt={"right": "dossier.replace"},
    request_max_body_size=None,
)
async def replace(request: _Call, reference: _Reference, key: _NeededKey) -> Response[Receipt]:
    """Thay thế nội dung hồ sơ đã nộp, while it is not at its end."""
    door, asked = _of(request)
    async with _dossier(request, door) as body:
        return _receipt(await door.replace(asked, reference, body, key))


@post(
    "/dossiers/{reference:str}/withdrawal",
    status_code=202,
    operation_id="withdraw",
    opt={"right": "dossier.withdraw"},
)
async def withdraw(request: _Call, reference: _Reference, key: _Key = None) -> Response[Receipt]:
    """Rút hồ sơ: what was not sent yet is not; the one-stop is told."""
    door, asked = _of(request)
    _as_json(request)
    async with door.room(asked.agency.code):
        raw = await whole(request.stream(), door.body_limit)
        return _receipt(await door.withdraw(asked, reference, raw, key))


@get("/dossiers/{reference:str}", operation_id="follow", opt={"right": "dossier.follow"})
async def follow(request: _Call, reference: _Reference) -> Followed:
    """Hồ sơ đến đâu rồi: state, who has it, what is awaited from whom, why, past steps."""
    door, asked = _of(request)
    async with door.room(asked.agency.code):
        return await door.follow(asked, reference)


@get("/dossiers", operation_id="held", opt={"right": "dossier.follow"})
async def held(
    request: _Call,
    day: Annotated[date, QueryParameter(description="Ngày (UTC+7), năm-tháng-ngày")],
    after: Annotated[str | None, QueryParameter(pattern=PATTERN, description="next của trang trước")] = None,
) -> HeldPage:
    """Đối chiếu theo ngày: what we hold from the agency, with hashes of the bytes as they came."""
    door, asked = _of(request)
    async with door.room(asked.agency.code):
        return await door.held(asked, day, after)


@put(
    "/files/{digest:str}",
    status_code=200,
    operation_id="upload",
    opt={"right": "dossier.hand_in"},
    request_max_body_size=None,
)
async def upload(
    request: _Call,
    digest: Annotated[str, PathParameter(pattern=HASH, description="SHA-256 của tệp, dạng hex")],
    name: Annotated[str, QueryParameter(max_length=200, description="Tên tệp")] = "",
) -> StoredFile:
    """Tải tệp lên trước khi nộp: its content must have the hash of its address."""
    door, asked = _of(request)
    async with door.room(asked.agency.code, upload=True):
        return await door.upload(asked, digest, name, request.stream())


@get("/openapi.json", include_in_schema=False)
async def described(request: _Call) -> dict[str, Any]:
    """Mô tả API; open to everybody: it holds nothing of an installation."""
    made: dict[str, Any] = request.app.state.page
    return made


def _receipt(receipt: Receipt) -> Response[Receipt]:
    where = {"Location": f"{PREFIX}/dossiers/{receipt.receipt}"}
    return Response(receipt, status_code=202, headers=where)


def _problem(error: DoorError) -> Response[Any]:
    return Response(
        error.problem, status_code=error.problem.status, media_type=MEDIA_TYPE, headers=error.headers
    )


def _on_door(_: _Call, error: DoorError) -> Response[Any]:
    return _problem(error)


_PARAMETERS: Mapping[str, str] = {
    "day": "Ghi năm-tháng-ngày, ví dụ day=2026-11-25",
    "after": "Dùng giá trị next của trang trước, hoặc bỏ đi",
    "digest": "Ghi SHA-256 của tệp, 64 chữ số hex, chữ thường",
    "name": "Ghi tên tệp không quá 200 ký tự",
    "reference": "Ghi mã tiếp nhận (TN-…) hoặc số hồ sơ: chữ cái, chữ số, dấu chấm, dấu gạch",
    "Idempotency-Key": "Ghi 1 đến 100 ký tự: chữ cái, chữ số và . _ : - ; mỗi lần thay thế một khóa mới",
}
"""What to do about each parameter of the calls."""

_MISSING = re.compile(r"(path|query|header) parameter '([\w-]+)'")


def _on_parameters(request: _Call, error: ValidationException) -> Response[Any]:
    """Parameters that are not as described; Litestar tells those of a wrong form all, a missing one alone."""
    listed = error.extra if isinstance(error.extra, list) else []
    places = [(str(getattr(one.get("source"), "value", "")), str(one.get("key", ""))) for one in listed]
    if missing := _MISSING.search(error.detail):
        places.append((missing[1], missing[2]))
    given = {**request.path_params, **request.query_params.dict(), **dict(request.headers)}
    problems = [_of_parameter(place, _alias(name), given) for place, name in places]
    detail = "Tham số của lời gọi thiếu hoặc không đúng dạng; chưa có gì được lưu."
    return _problem(DoorError(400, "parameters", "Tham số không hợp lệ", detail, problems=problems))


def _alias(name: str) -> str:
    """The name on the wire of a parameter of ours."""
    return "Idempotency-Key" if name in ("key", "idempotency-key") else name


def _of_parameter(place: str, name: str, given: Mapping[str, Any]) -> Wrong:
    value = given.get(name, given.get(name.lower()))
    what = "thiếu tham số này" if value is None else "không đúng dạng"
    told = shown(value[0] if isinstance(value, list) else value)
    fix = _PARAMETERS.get(name, "Xem mô tả tham số trong openapi.json")
    return Wrong(path=f"{place}:{name}".strip(":"), what=what, fix=fix, rule="parameter", value=told)


_HTTP: Mapping[int, tuple[str, str, str]] = {
    400: ("malformed", "Lời gọi không hợp lệ", "Lời gọi không đúng dạng HTTP mong đợi."),
    404: ("no-such-call", "Không có lời gọi này", "Xem các lời gọi trong /agencies/v1/openapi.json."),
    405: ("method", "Sai phương thức", "Xem các phương thức trong /agencies/v1/openapi.json."),
    413: (
        "too-large",
        "Quá lớn",
        "Vượt giới hạn. Tệp đính kèm tải lên riêng: PUT /files/{sha256}.",
    ),
}


def _on_http(request: _Call, error: HTTPException) -> Response[Any]:
    if error.status_code not in _HTTP:
        return _on_anything(request, error)
    kind, title, detail = _HTTP[error.status_code]
    headers = {"Allow": _allowed(request)} if error.status_code == 405 else {}
    return _problem(DoorError(error.status_code, kind, title, detail, headers=headers))


def _allowed(request: _Call) -> str:
    """The methods of the page at a path; a path that is written out goes before one with a parameter."""
    paths: Mapping[str, Mapping[str, Any]] = request.app.state.page["paths"]
    asked = request.scope["path"].rstrip("/")
    path = asked if asked in paths else next((path for path in paths if _is_like(asked, path)), "")
    return ", ".join(sorted({"OPTIONS", *(method.upper() for method in paths.get(path, ()))}))


def _is_like(asked: str, path: str) -> bool:
    steps, found = path.split("/"), asked.split("/")
    same = (one == other or one[:1] == "{" for one, other in zip(steps, found, strict=False))
    return len(steps) == len(found) and all(same)


def _telling_methods(app: ASGIApp) -> ASGIApp:
    """Answer OPTIONS with every method of a path; Litestar's own answer knows one handler of it alone."""

    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") != "OPTIONS":
            return await app(scope, receive, send)
        allow = _allowed(Request(scope)).encode()
        await send({"type": "http.response.start", "status": 204, "headers": [(b"allow", allow)]})
        return await send({"type": "http.response.body", "body": b"", "more_body": False})

    return told


def _on_rejected(_: _Call, error: RejectedMessageError) -> Response[Any]:
    """A file that the store does not take; its sentence is in Vietnamese."""
    fix = "Tính lại SHA-256 của đúng tệp đã gửi, hoặc gửi tệp nhỏ hơn"
    found = [Wrong(path="", what=str(one), fix=fix, rule="file") for one in error.problems]
    return _problem(wrong_content(found))


def _on_unavailable(_: _Call, error: UnavailableError) -> Response[Any]:
    detail = "Hệ thống tạm thời không lưu được (đĩa gần đầy). Chưa có gì được tiếp nhận; gửi lại sau."
    return _problem(again_later(error.retry_after, detail))


def _on_ledger(_: _Call, _error: LedgerUnavailableError) -> Response[Any]:
    detail = "Sổ cái tạm thời không trả lời. Gửi lại sau, với cùng Idempotency-Key: không sợ trùng."
    return _problem(again_later(RETRY_AFTER, detail))


def _on_anything(_: _Call, error: Exception) -> Response[Any]:
    """A bug of ours, or a connection that broke: told by its kind alone, a text may hold personal data."""
    _log.error("a call of an agency failed", error=type(error).__name__)
    detail = "Lỗi của Liên Thông, đã ghi lại. Gửi lại với cùng Idempotency-Key: không sợ trùng."
    return _problem(DoorError(500, "internal", "Lỗi hệ thống", detail))


_HANDLERS: Mapping[type[Exception], Callable[..., Response[Any]]] = {
    DoorError: _on_door,
    ValidationException: _on_parameters,
    HTTPException: _on_http,
    RejectedMessageError: _on_rejected,
    UnavailableError: _on_unavailable,
    LedgerUnavailableError: _on_ledger,
    Exception: _on_anything,
}


_CALLS = (hand_in, check, replace, withdraw, follow, held, upload, described)


def application(door: Door) -> Litestar:
    """The door as an ASGI application below `PREFIX`; logs no body, number or key."""
    app = Litestar(
        _CALLS,
        path=PREFIX,
        guards=[_admit],
        middleware=[_telling_methods],
        openapi_config=None,
        exception_handlers=cast("Any", _HANDLERS),
        logging_config=None,
        request_max_body_size=door.body_limit,
        state=State({"door": door}),
    )
    app.state.page = page(_described(), Withdraw, title=TITLE)
    return app


@cache
def _described() -> dict[str, Any]:
    """What Litestar says of the calls: of an application that serves nothing, ours has its own page."""
    config = OpenAPIConfig(title=TITLE, version="1")
    made = Litestar(_CALLS, path=PREFIX, openapi_config=config, logging_config=None)
    return made.openapi_schema.to_schema()
