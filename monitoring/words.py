"""How states read to whoever is on duty: the Vietnamese word beside ours."""

DELIVERIES = {
    "waiting": "Chờ đến lượt",
    "ready": "Sẵn sàng gửi",
    "sending": "Đang gửi",
    "retrying": "Chờ gửi lại",
    "unknown": "Chưa rõ kết quả",
    "held": "Đang giữ lại",
    "delivered": "Đã giao",
    "refused": "Bị từ chối",
    "superseded": "Không cần gửi",
    "dead": "Cần người xử lý",
    "discarded": "Đã bỏ",
}

MESSAGES = {
    "kept": "Đã lưu",
    "parked": "Chờ bổ sung bảng mã",
    "unmatched": "Không khớp hồ sơ nào",
    "conflict": "Trùng khoá, khác nội dung",
    "dead": "Cần người xử lý",
    "late delivered": "Đã giao, báo muộn",
    "read again": "Đã đọc lại",
    "discarded": "Đã bỏ",
}

LEGS = {
    "planned": "Chưa bắt đầu",
    "open": "Đang chờ trả lời",
    "paused": "Tạm dừng, chờ bổ sung",
    "undoing": "Đang thu hồi",
    "done": "Đã có trả lời",
    "undone": "Đã thu hồi",
    "late": "Trễ hạn",
}

BREAKERS = {"closed": "Đang thông", "open": "Đã ngắt", "half-open": "Đang thử lại"}


def in_vietnamese(state: str) -> str:
    """A delivery's, a message's or a leg's state in Vietnamese; "" for one that is not ours."""
    return DELIVERIES.get(state) or MESSAGES.get(state) or LEGS.get(state, "")
