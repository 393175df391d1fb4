"""The words in which an agency is told how a dossier stands."""

from collections.abc import Mapping

STATUSES: Mapping[str, str] = {
    "registered": "Mới đăng ký",
    "accepted": "Đã tiếp nhận",
    "not_accepted": "Không được tiếp nhận",
    "in_progress": "Đang xử lý",
    "supplement_requested": "Yêu cầu bổ sung",
    "payment_due": "Chờ nộp tiền",
    "withdrawn": "Công dân rút hồ sơ",
    "stopped": "Dừng xử lý",
    "finished": "Đã xử lý xong",
    "returned": "Đã trả kết quả",
}
"""Trạng thái hồ sơ (`mappings.dossier.Status`)."""

DELIVERIES: Mapping[str, str] = {
    "waiting": "Chờ đến lượt",
    "ready": "Sẵn sàng gửi",
    "sending": "Đang gửi",
    "retrying": "Chờ gửi lại",
    "unknown": "Chưa rõ kết quả, đang hỏi lại",
    "held": "Đang giữ lại",
    "dead": "Cần người xử lý",
}
"""States of a delivery that is not at its destination yet (docs/architecture.md, "States")."""

KINDS: Mapping[str, str] = {
    "agency.dossier": "hand_in",
    "agency.replaced": "replace",
    "agency.withdrawn": "withdraw",
}
"""What a message of an agency was: the words of the API."""
