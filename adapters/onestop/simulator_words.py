"""The words of the simulated one-stop: statuses, channels, and what its officials write.

`statusCurrentTask` is our choice [I]: iGate's own list is not published (reference 7b), so the codes 1..10
of the portal's list (reference section 4) stand there as `{"id": 4, "name": "Đang xử lý"}`.
"""

from __future__ import annotations

from typing import Final

REGISTERED, ACCEPTED, NOT_ACCEPTED, IN_PROGRESS, SUPPLEMENT_REQUESTED = 1, 2, 3, 4, 5
PAYMENT_DUE, WITHDRAWN, STOPPED, FINISHED, RETURNED = 6, 7, 8, 9, 10

STATUS_NAMES: Final = {
    REGISTERED: "Mới đăng ký",
    ACCEPTED: "Được tiếp nhận",
    NOT_ACCEPTED: "Không được tiếp nhận",
    IN_PROGRESS: "Đang xử lý",
    SUPPLEMENT_REQUESTED: "Yêu cầu bổ sung giấy tờ",
    PAYMENT_DUE: "Yêu cầu thực hiện nghĩa vụ tài chính",
    WITHDRAWN: "Công dân yêu cầu rút hồ sơ",
    STOPPED: "Dừng xử lý",
    FINISHED: "Đã xử lý xong",
    RETURNED: "Đã trả kết quả",
}

ENDED: Final = frozenset({NOT_ACCEPTED, WITHDRAWN, STOPPED, RETURNED})
"""Statuses that nothing leaves (reference section 4)."""

WITHDRAWABLE: Final = frozenset({REGISTERED, ACCEPTED, IN_PROGRESS, SUPPLEMENT_REQUESTED, PAYMENT_DUE})
"""Statuses in which a withdrawal is taken: before the work is finished (reference section 4, 4|5|6 -> 7)."""

CHANNELS: Final = {1: "Trực tiếp", 2: "Trực tuyến", 3: "Bưu chính công ích"}
"""`applyMethod` by the portal's KenhThucHien (reference section 2)."""

RETURN_WAYS: Final = {0: "Nhận tại một cửa", 1: "Qua bưu chính"}
"""`resultReturn` by the portal's HinhThuc (reference section 2)."""

CONTENTS: Final = {
    ACCEPTED: ("Hồ sơ đầy đủ, hợp lệ; đã tiếp nhận.", "Đã kiểm tra thành phần hồ sơ và tiếp nhận."),
    NOT_ACCEPTED: ("Từ chối tiếp nhận hồ sơ.", "Hồ sơ không đủ điều kiện tiếp nhận."),
    IN_PROGRESS: (
        "Chuyển cán bộ chuyên môn thẩm định.",
        "Đang thẩm định hồ sơ.",
        "Tiếp tục giải quyết hồ sơ.",
    ),
    SUPPLEMENT_REQUESTED: ("Đề nghị bổ sung giấy tờ theo phiếu yêu cầu.",),
    PAYMENT_DUE: ("Đề nghị thực hiện nghĩa vụ tài chính.",),
    WITHDRAWN: ("Ghi nhận yêu cầu rút hồ sơ của công dân.",),
    STOPPED: ("Dừng giải quyết hồ sơ.",),
    FINISHED: ("Đã giải quyết xong, trình ký kết quả.", "Lãnh đạo đã phê duyệt kết quả."),
    RETURNED: ("Đã trả kết quả cho công dân, tổ chức.",),
}

REASONS: Final = {
    NOT_ACCEPTED: (
        "Không thuộc thẩm quyền giải quyết của cơ quan tiếp nhận.",
        "Thành phần hồ sơ không đúng quy định của thủ tục.",
        "Thông tin kê khai không khớp Cơ sở dữ liệu quốc gia về dân cư.",
    ),
    SUPPLEMENT_REQUESTED: (
        "Bổ sung bản sao giấy tờ chứng minh nơi cư trú.",
        "Bổ sung tờ khai có chữ ký của người yêu cầu.",
        "Bản chụp mờ, đề nghị gửi lại bản rõ.",
    ),
    STOPPED: (
        "Quá thời hạn thực hiện nghĩa vụ, dừng giải quyết.",
        "Hồ sơ đang có tranh chấp, dừng giải quyết theo quy định.",
    ),
}

OFFICIALS: Final = (
    ("Trần Thị Bích Ngọc", "Công chức một cửa"),
    ("Lê Hoàng Phúc", "Chuyên viên"),
    ("Danh Sóc Kha", "Chuyên viên chính"),
    ("Huỳnh Mỹ Duyên", "Công chức tư pháp - hộ tịch"),
    ("Nguyễn Văn Út", "Phó Trưởng phòng"),
    ("Phạm Quốc Việt", "Lãnh đạo cơ quan"),
)
"""Invented people: (name, position)."""


def status_word(status: int) -> dict[str, object]:
    """Return a status as this system writes it: `{"id": 4, "name": "Đang xử lý"}`."""
    return {"id": status, "name": STATUS_NAMES[status]}
