"""The portal calls us (reference 1d): submitted, supplement handed in, withdrawn, tax notice paid.

Replies are always HTTP 200 `{error_code, message}`: 0 taken, 1 known before, -1 not taken [V S1]. The names
of the services and the shape `{madonvi, service, data}` are ours [I]; fields beside `service` are read as
well. Files come as base64 and go into the file store (`attachments`).
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from adapters._kit import json
from adapters.national_portal import attachments, facts
from adapters.national_portal.content import shared
from adapters.national_portal.facts import Fact
from adapters.national_portal.settings import Inbound
from bus.ports import HttpReply, HttpRequest, Incoming, Received
from mappings.source import did_you_mean

_ENVELOPE = frozenset({"madonvi", "service", "session", "data"})


@dataclass(frozen=True, slots=True)
class Pushed:
    """The webhook. `file_limit` bounds one attachment, in bytes after decoding.

    `told_differently` are fields in which push and search differ without being another content.
    """

    inbound: Inbound
    told_differently: frozenset[str] = frozenset()
    file_limit: int = attachments.FILE_LIMIT

    def receive(self, request: HttpRequest) -> Received:
        """Authenticate and understand one call; changes nothing."""
        if not self._known(request):
            return Received(reply=_reply(-1, "Không được phép: sai khóa hoặc địa chỉ gọi"))
        try:
            body = json.read(request.body)
        except json.NotJsonError as error:
            return Received(reply=rejected((f"Nội dung không phải JSON dạng UTF-8: {error}",)))
        found = self._fact(body)
        if isinstance(found, str):
            return Received(reply=rejected((found,)))
        opened = attachments.opened(found.tree, request.body, self.file_limit)
        if opened.problems:
            return Received(reply=rejected(tuple(opened.problems)))
        as_of = facts.moment(
            found.tree.get("NgayTiepNhanBoSung") or found.tree.get("NgayYeuCau") or _paid_at(found.tree)
        )
        item = Incoming(
            found.kind,
            opened.tree,
            opened.raw,
            key=found.key,
            as_of=as_of,
            fingerprint=shared(found.content, self.told_differently),
            files=opened.files,
        )
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
        data = data_of(body)
        makers = self._makers()
        service = body.get("service")
        if service not in makers:
            near = did_you_mean(str(service), makers)
            hint = f' Có phải "{near}"?' if near else ""
            return f'service: không có dịch vụ "{str(service)[:50]}".{hint}'
        if not isinstance(data, dict) or not data:
            return "data: phải là một đối tượng"
        return makers[service](data)

    def _makers(self) -> Mapping[Any, Callable[[Mapping[str, Any]], Fact]]:
        names = self.inbound
        return {
            names.dossier: facts.submission,
            names.supplement: facts.supplement,
            names.withdrawal: facts.withdrawal,
            names.payment: facts.payment,
        }


def data_of(body: Mapping[str, Any]) -> Any:
    """What the envelope of a call holds: in `data`, there in a list of one, or beside its own fields."""
    data = body.get("data", {name: value for name, value in body.items() if name not in _ENVELOPE})
    return data[0] if isinstance(data, list) and len(data) == 1 else data


def _paid_at(tree: Mapping[str, Any]) -> Any:
    told = tree.get("ThongTinThanhToan")
    return told.get("ThoiGianThanhToan") if isinstance(told, Mapping) else None


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
