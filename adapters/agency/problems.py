"""What a call did wrong, as RFC 9457 says it: `application/problem+json`, every problem at once.

A problem names the sender's own path and value, in Vietnamese what is wrong and what to do. Values go back to
their sender and nowhere else: no log has them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

MEDIA_TYPE = "application/problem+json"
MOST = 100
"""Problems that are told of one message; a sender with more has another format in mind."""

LONGEST_VALUE = 200
"""Characters of a value that are shown."""


class Wrong(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong: `path` and `value` as the sender wrote them, `what` is wrong, `fix` it so."""

    path: str
    what: str
    fix: str
    rule: str
    value: str | None = None


class Problem(Struct, frozen=True, kw_only=True):
    """The answer to a call that was not done; `problems` are all that were found."""

    type: str
    title: str
    status: int
    detail: str
    problems: tuple[Wrong, ...] = ()


class DoorError(Exception):
    """A call is not done. `headers` go with the answer."""

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str,
        *,
        problems: Sequence[Wrong] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(kind)
        self.problem = Problem(
            type=f"urn:lienthong:{kind}", title=title, status=status, detail=detail, problems=tuple(problems)
        )
        self.headers = dict(headers or {})


def shown(value: Any) -> str | None:
    """A value as its sender may see it again, cut where it is long; None where there is none to show."""
    if value is None or isinstance(value, dict | list | tuple):
        return None
    text = {True: "true", False: "false"}.get(value) if isinstance(value, bool) else str(value)
    text = text or ""
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def wrong_content(problems: Sequence[Wrong]) -> DoorError:
    """422: nothing was kept, and all that is wrong is named."""
    told = problems[:MOST]
    count = f"{len(told)} lỗi" if len(problems) < MOST else f"từ {MOST} lỗi trở lên, {MOST} lỗi đầu"
    detail = f"Có {count} nêu trong problems. Sửa hết rồi gửi lại; chưa có gì được tiếp nhận."
    return DoorError(422, "content", "Nội dung chưa hợp lệ", detail, problems=told)


def not_found() -> DoorError:
    """404: there is none, or none that the asker may see; the answer does not tell which."""
    detail = "Không có hồ sơ nào mang mã này mà cơ quan được xem. Kiểm tra lại mã tiếp nhận hoặc số hồ sơ."
    return DoorError(404, "not-found", "Không tìm thấy", detail)


def forbidden(detail: str, problems: Sequence[Wrong] = ()) -> DoorError:
    """403: the asker is known and may not do this."""
    return DoorError(403, "forbidden", "Không có quyền", detail, problems=problems)


def again_later(seconds: float, detail: str, *, status: int = 503) -> DoorError:
    """503, or 429: nothing was kept; come again after so many seconds."""
    kind, title = ("busy", "Quá nhiều yêu cầu") if status == 429 else ("unavailable", "Tạm thời chưa nhận")
    wait = {"Retry-After": str(max(1, round(seconds)))}
    return DoorError(status, kind, title, detail, headers=wait)
