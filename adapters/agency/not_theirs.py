"""Fields of canonical structs that no sender writes at the agencies' door, and what to do instead. Pure."""

from collections.abc import Mapping

from mappings.dossier import Dossier

OURS = frozenset({"codes", "extras", "as_of"})
"""Of every struct: the bus writes them."""

_FOLLOW = "xem bằng GET /dossiers/{mã tiếp nhận}"
_ONE_STOP = f"Bỏ trường này: hệ thống một cửa ghi, {_FOLLOW}"
_DECIDED = (
    "status", "status_reason", "holder", "accepted_at", "finished_at", "returned_at", "rejected_at",
    "return_info", "steps", "transfers",
)  # fmt: skip
DECIDED: Mapping[str, str] = {
    **dict.fromkeys(_DECIDED, _ONE_STOP),
    "supplements": "Bỏ trường này: giấy tờ bổ sung ghi vào documents, gửi bằng PUT /dossiers/{mã tiếp nhận}",
    "results": f"Bỏ trường này: cơ quan giải quyết ghi kết quả, {_FOLLOW}",
    "obligation": "Bỏ trường này: nghĩa vụ tài chính do cơ quan thuế thông báo",
    "payments": "Bỏ trường này: khoản đã nộp do cơ quan thuế và Cổng DVCQG thông báo",
    "papers_out": "Bỏ trường này: văn bản đi, đến do trục liên thông văn bản ghi",
}
"""Of a dossier: what is decided or done after it is handed in, by who works on it -> what to do instead."""


def not_theirs(kind: type) -> Mapping[str, str]:
    """The fields of a struct that no sender writes -> what to do about one."""
    ours = dict.fromkeys(OURS, "Bỏ trường này khi gửi: Liên Thông ghi")
    return {**ours, **DECIDED} if kind is Dossier else ours
