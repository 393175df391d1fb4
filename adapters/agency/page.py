"""The OpenAPI page: Litestar's own description of the calls, with bodies from the canonical model.

What a body may hold is said by the same structs that it is read by, without the fields that are ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from adapters.agency.judging import NUMBER
from adapters.agency.not_theirs import DECIDED, OURS
from adapters.agency.page_links import links
from adapters.agency.problems import MEDIA_TYPE, Problem, Wrong
from adapters.agency.reading import DECIMAL
from mappings.dossier import Dossier

JSON = "application/json"
XML = "application/xml"
BYTES = "application/octet-stream"
_REF = "#/components/schemas/{name}"
_PATTERNS = {
    ("Dossier", "code"): f"^{NUMBER}$",
    ("File", "hash"): "^[0-9a-f]{64}$",
    ("Document", "url"): r"^[Hh][Tt][Tt][Pp][Ss]?://\S+$",
}
_NEEDED = {"Dossier": ("code", "procedure", "owner")}
_ALWAYS = {
    400: "Tham số không hợp lệ",
    401: "Chưa xác thực",
    403: "Không có quyền",
    429: "Quá nhiều yêu cầu: đợi theo Retry-After",
    500: "Lỗi của Liên Thông",
    503: "Tạm thời chưa nhận, chưa có gì được lưu: đợi theo Retry-After",
}
_SOMETIMES = {
    404: "Không có, hoặc cơ quan không được xem",
    408: "Dữ liệu đến quá chậm",
    409: "Trái với cái đã có",
    413: "Quá lớn",
    415: "Không nhận kiểu nội dung này",
    422: "Nội dung có lỗi; mọi lỗi nêu một lần",
}
ABOUT = """\
Cửa cho hệ thống của các cơ quan: nộp hồ sơ, theo dõi, thay thế, rút, đối chiếu.
The door for the systems of agencies: hand a dossier in, follow it, replace it, withdraw it, compare.

Mọi lỗi là application/problem+json: path và value của chính người gửi, what là sai gì, fix là sửa thế nào.
Mã tiếp nhận (receipt) được trả sau khi hồ sơ đã nằm trên đĩa: từ đó không mất.
Gửi lại cùng nội dung nhận lại cùng mã.
"""


@dataclass(frozen=True, slots=True)
class Offered:
    """What the page says of a call beyond its parameters: its body, and how it may fail."""

    body: Mapping[str, Any] | None = None
    needs_body: bool = True
    fails: tuple[int, ...] = ()


EXAMPLE: Mapping[str, Any] = {
    "code": "H12.09-261125-9001",
    "procedure": "9.100083",
    "subject": "Cấp bản sao văn bằng, chứng chỉ từ sổ gốc",
    "channel": "counter",
    "owner": {
        "kind": "citizen",
        "name": "Nguyễn Thị Ánh Tuyết",
        "identities": [{"kind": "citizen_id", "number": "096190004711"}],
    },
    "submitted_at": "2026-11-25T08:30:00+07:00",
}
"""An invented dossier of an agency in the shipped tables."""


LINKS = links(EXAMPLE)


def _json_body(name: str, example: Mapping[str, Any]) -> dict[str, Any]:
    return {JSON: {"schema": {"$ref": _REF.format(name=name)}, "example": example}}


_DOSSIER = _json_body("Dossier", EXAMPLE) | {
    XML: {
        "schema": {
            "type": "string",
            "format": "binary",
            "description": "Gói tin edXML (QCVN 102:2016), ApplicationType MCDT_DT; xem tài liệu cho cơ quan",
        }
    }
}
_BYTES = {BYTES: {"schema": {"type": "string", "format": "binary"}}}
OFFERED: Mapping[str, Offered] = {
    "hand_in": Offered(_DOSSIER, fails=(409, 413, 415, 422)),
    "check": Offered(_DOSSIER, fails=(413, 415, 422)),
    "replace": Offered(_DOSSIER, fails=(404, 409, 413, 415, 422)),
    "withdraw": Offered(_json_body("Withdraw", {"reason": "Nộp nhầm"}), fails=(404, 409, 413, 415, 422)),
    "follow": Offered(fails=(404,)),
    "held": Offered(fails=(422,)),
    "upload": Offered(_BYTES, fails=(408, 413, 422)),
}


def page(described: Mapping[str, Any], withdraw: type[msgspec.Struct], *, title: str) -> dict[str, Any]:
    """The whole page, of what Litestar says of the calls (`described`)."""
    schemas = dict(described["components"]["schemas"]) | components(withdraw)
    paths = {
        path: {method: _operation(operation) for method, operation in methods.items()}
        for path, methods in described["paths"].items()
    }
    security = {"key": {"type": "http", "scheme": "bearer"}, "certificate": {"type": "mutualTLS"}}
    return {
        "openapi": described["openapi"],
        "info": {"title": title, "version": "1", "description": ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"key": []}, {"certificate": []}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": security},
    }


def _operation(operation: Mapping[str, Any]) -> dict[str, Any]:
    offered = OFFERED[operation["operationId"]]
    onward = LINKS.get(operation["operationId"])
    answers = {
        code: {**answer, "links": onward} if onward else answer
        for code, answer in operation["responses"].items()
        if code.startswith("2")
    }
    for code in sorted({*_ALWAYS, *offered.fails}):
        answers[str(code)] = _failure(code)
    told = {**operation, "responses": answers}
    if offered.body is not None:
        told["requestBody"] = {"required": offered.needs_body, "content": offered.body}
    return told


def _failure(code: int) -> dict[str, Any]:
    schema = {"schema": {"$ref": _REF.format(name="Problem")}}
    answer: dict[str, Any] = {
        "description": (_ALWAYS | _SOMETIMES)[code],
        "content": {MEDIA_TYPE: schema},
    }
    if code in (429, 503):
        seconds = {"type": "integer", "minimum": 1}
        answer["headers"] = {"Retry-After": {"required": True, "schema": seconds}}
    return answer


def components(*further: type[msgspec.Struct]) -> dict[str, Any]:
    """The schemas of what is sent, and of problems."""
    _, found = msgspec.json.schema_components([Dossier, Problem, Wrong, *further], ref_template=_REF)
    return {name: _sendable(name, schema) for name, schema in found.items()}


def _sendable(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A struct's schema as the door reads it: nothing else than its fields, without those that are ours."""
    if schema.get("type") != "object":
        return dict(schema)
    properties = {
        key: {**value, "pattern": _PATTERNS[name, key]} if (name, key) in _PATTERNS else _numbers(value)
        for key, value in schema.get("properties", {}).items()
        if key not in OURS and not (name == "Dossier" and key in DECIDED)
    }
    for key in _NEEDED.get(name, ()):
        properties[key] = _not_null(properties[key])
    needed = [*schema.get("required", ()), *_NEEDED.get(name, ())]
    return {**schema, "properties": properties, "required": needed, "additionalProperties": False}


def _numbers(schema: Any) -> Any:
    """A schema in which a decimal number may be one of JSON too, and no text is one but its digits."""
    if isinstance(schema, list):
        return [_numbers(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    if schema.get("format") == "decimal":
        return {**schema, "type": ["number", "string"], "pattern": DECIMAL}
    return {key: _numbers(value) for key, value in schema.items()}


def _not_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    kinds = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    return {**rest, **kinds[0]} if len(kinds) == 1 else dict(schema)
