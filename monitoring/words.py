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


REASONS = {
    "no change: the peer has this already": "không đổi: nơi nhận đã có",
    "no change: it is what the peer last got from us or told us": "không đổi: nơi nhận đã có đúng như vậy",
    "observe: mapped and checked, not sent": "chỉ quan sát: đã chuyển đổi và kiểm tra, không gửi",
    "the dossier was withdrawn before this was sent": "hồ sơ đã rút trước khi gửi",
    "a newer one took its place": "bản mới hơn đã thay",
    "the peer does not have it": "đã hỏi: nơi nhận không có, gửi lại",
    "its process ended in three attempts": "tiến trình dừng trong cả ba lần thử",
    "its process ended during the call": "tiến trình dừng giữa cuộc gọi",
    "its lease ran out during the call": "quá hạn giữa cuộc gọi",
    "its time ran out without an answer": "hết hạn mà chưa có trả lời",
    "asked: the peer has it": "đã hỏi: nơi nhận đã có",
    "asked: not there": "đã hỏi: nơi nhận chưa có",
    "asked: still working": "đã hỏi: nơi nhận đang xử lý",
    "asked: cannot say": "đã hỏi: nơi nhận không trả lời được",
    "restored from a backup: what became of it since is not known, so its peer is asked first": (
        "phục hồi từ bản sao lưu: chưa rõ sau đó ra sao, nên hỏi nơi nhận trước"
    ),
}
"""What the bus itself says of a delivery; a peer's own words stay as they are."""
