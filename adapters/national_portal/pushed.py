"""The portal calls us (reference 1d): a dossier was submitted, a supplement handed in, a dossier withdrawn.

Replies are always HTTP 200 `{error_code, message}`: 0 taken, 1 known before, -1 not taken [V S1]. The names
of the services and the shape `{madonvi, service, data}` are ours [I]; fields beside `service` are read as
well. Files come as base64: checked here, then only their names go on; the bytes stay in the kept raw message.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from adapters.national_portal import facts
from adapters.national_portal.content import shared
from adapters.national_portal.facts import Fact
from adapters.national_portal.settings import Inbound
from bus.ports import HttpReply, HttpRequest, Incoming, Received
from mappings.source import did_you_mean

_ENVELOPE = frozenset({"madonvi", "service", "session", "data"})
_FILES = ("TaiLieuNop", "DanhSachGiayToBoSung")


@dataclass(frozen=True, slots=True)
class Pushed:
    """The webhook. `file_limit` bounds one attachment, in bytes after decoding.

    `told_differently` are fields in which push and search differ without being another content.
    """

    inbound: Inbound
    told_differently: frozenset[str] = frozenset()
    file_limit: int = 50_000_000

    def receive(self, request: HttpRequest) -> Received:
        """Authenticate and understand one call; changes nothing."""
        if not self._known(request):
            return Received(reply=_reply(-1, "Không được phép: sai khóa hoặc địa chỉ gọi"))
        try:
            body = msgspec.json.decode(request.body)
        except (msgspec.DecodeError, RecursionError) as error:
            return Received(reply=rejected((f"Nội dung không phải JSON dạng UTF-8: {error}",)))
        found = self._fact(body)
        if isinstance(found, str):
            return Received(reply=rejected((found,)))
        wrong = tuple(_file_problems(found.tree, self.file_limit))
        if wrong:
            return Received(reply=rejected(wrong))
        tree = _without_bytes(found.tree)
        as_of = facts.moment(tree.get("NgayTiepNhanBoSung") or tree.get("NgayYeuCau"))
        content = shared(found.content, self.told_differently)
        item = Incoming(found.kind, tree, request.body, key=found.key, as_of=as_of, fingerprint=content)
        return Received(items=(item,))

    def _known(self, request: HttpRequest) -> bool:
        allow, key = self.inbound.allow, self.inbound.key
        given = request.headers.get(self.inbound.header.lower(), "")
        where = not allow or any(request.client in network for network in allow)
        return where and key is not None and hmac.compare_digest(given.encode(), key.reveal().encode())

    def _fact(self, body: Any) -> Fact | str:
        """The fact that a body tells, or what is wrong with it."""
        if not isinstance(body, dict):
            return "Nội dung phải là một đối tượng JSON"
        data = body.get("data", {name: value for name, value in body.items() if name not in _ENVELOPE})
        data = data[0] if isinstance(data, list) and len(data) == 1 else data
        makers = self._makers()
        service = body.get("service")
        if service not in makers:
            near = did_you_mean(str(service), makers)
            hint = f' Có phải "{near}"?' if near else ""
            return f"service: không có dịch vụ {str(service)[:50]!r}.{hint}"
        if not isinstance(data, dict) or not data:
            return "data: phải là một đối tượng"
        return makers[service](data)

    def _makers(self) -> Mapping[Any, Callable[[Mapping[str, Any]], Fact]]:
        names = self.inbound
        return {
            names.dossier: facts.submission,
            names.supplement: facts.supplement,
            names.withdrawal: facts.withdrawal,
        }


def accepted() -> HttpReply:
    """Taken, and on disk."""
    return _reply(0, "Tiếp nhận thành công")


def repeated() -> HttpReply:
    """Known before."""
    return _reply(1, "Đã tiếp nhận trước đó")


def rejected(problems: tuple[str, ...]) -> HttpReply:
    """Not taken, with every problem."""
    return _reply(-1, "; ".join(problems))


def unavailable(seconds: float) -> HttpReply:
    """Not now."""
    return _reply(-1, "Tạm thời không tiếp nhận, vui lòng gửi lại sau", {"Retry-After": f"{seconds:.0f}"})


def _reply(code: int, message: str, headers: Mapping[str, str] | None = None) -> HttpReply:
    return HttpReply(200, msgspec.json.encode({"error_code": code, "message": message}), headers or {})


def _files(tree: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in _FILES:
        listed = tree.get(name)
        for place, item in enumerate(listed if isinstance(listed, list) else ()):
            yield f"{name}/{place}", item


def _file_problems(tree: Mapping[str, Any], limit: int) -> Iterator[str]:
    for path, item in _files(tree):
        if not isinstance(item, dict):
            yield f"{path}: phải là một đối tượng"
        elif "Base64" in item:
            content = _content(item["Base64"])
            if content is None:
                yield f"{path}/Base64: không phải base64"
            elif len(content) > limit:
                yield f"{path}/Base64: lớn hơn {limit} byte"
            if not item.get("TenTepDinhKem"):
                yield f"{path}/TenTepDinhKem: bắt buộc nhập"


def _content(text: Any) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except (binascii.Error, ValueError):
        return None


def _without_bytes(tree: Mapping[str, Any]) -> dict[str, Any]:
    lists = {
        name: [_named(item) for item in tree[name]] for name in _FILES if isinstance(tree.get(name), list)
    }
    return {**tree, **lists}


def _named(item: dict[str, Any]) -> dict[str, Any]:
    """An attachment without its bytes; one without an id (reference 1d) is known by its content."""
    if "Base64" not in item:
        return item
    kept = {name: value for name, value in item.items() if name != "Base64"}
    digest = hashlib.sha256(_content(item["Base64"]) or b"").hexdigest()
    return {"TepDinhKemId": digest[:32], **kept}
