"""Vietnamese names as they are distributed in Cà Mau: men and women, two to six words, NFC."""

import unicodedata
from itertools import accumulate
from random import Random

_FAMILIES = {
    "Nguyễn": 335, "Trần": 121, "Lê": 92, "Phạm": 66, "Huỳnh": 58, "Võ": 45, "Phan": 40, "Trương": 28,
    "Lâm": 26, "Bùi": 20, "Đặng": 20, "Dương": 18, "Ngô": 16, "Hồ": 15, "Đỗ": 14, "Lý": 13, "Danh": 12,
    "Tô": 9, "Quách": 8, "Mai": 8, "Hứa": 6, "Trịnh": 6, "Đinh": 6, "Châu": 5, "La": 4, "Tăng": 4,
    "Thạch": 3, "Kim": 3, "Cao": 3, "Đoàn": 3, "Thái": 3, "Từ": 2, "Âu": 1, "Tôn Thất": 1,
}  # fmt: skip
_MIDDLES = {
    "male": (
        *("Văn",) * 12,
        *("Hoàng", "Minh", "Quốc", "Thanh", "Hữu", "Chí", "Đức", "Công", "Trọng", "Tấn", "Phước", "Út"),
        *("Hoàng Minh", "Văn Út", "Trường", "Nhật", "Gia", "Anh", "Thành", "Ngọc"),
    ),
    "female": (
        *("Thị",) * 10,
        *("Ngọc", "Thị Mỹ", "Thị Kim", "Thị Ngọc", "Thùy", "Kim", "Bích", "Thanh", "Mỹ", "Hồng", "Cẩm"),
        *("Thị Cẩm", "Thị Bích", "Thị Thúy", "Diễm", "Tường", "Huỳnh", "Thị Hồng", "Yến", "Thị Thu"),
    ),
}
_GIVEN = {
    "male": (
        *("Hùng", "Dũng", "Tuấn", "Khang", "Khoa", "Nam", "Phúc", "Tâm", "Tài", "Thắng", "Thịnh", "Trí"),
        *("Vinh", "Việt", "Đạt", "Hải", "Hậu", "Hiếu", "Kiệt", "Lộc", "Luân", "Nghĩa", "Nhân", "Phát"),
        *("Quân", "Sang", "Sơn", "Toàn", "Trung", "Tùng", "Đen", "Bé", "Mười", "Ửng", "Khởi", "Đệ"),
    ),
    "female": (
        *("Lan", "Hương", "Hoa", "Mai", "Thảo", "Trang", "Linh", "Ngân", "Nhi", "Như", "Phượng", "Quyên"),
        *("Thúy", "Tiên", "Trâm", "Trinh", "Tuyền", "Uyên", "Vy", "Xuân", "Yến", "Bé", "Diệu", "Đào"),
        *("Duyên", "Hằng", "Hạnh", "Huệ", "Kiều", "Lài", "Loan", "Ngoan", "Nguyệt", "Út", "Thắm", "Em"),
    ),
}
_FAMILY_NAMES = tuple(_FAMILIES)
_FAMILY_WEIGHTS = tuple(accumulate(_FAMILIES.values()))

_COMPANY_KINDS = ("Công ty TNHH", "Công ty TNHH MTV", "Công ty Cổ phần", "Doanh nghiệp tư nhân", "Hợp tác xã")
_TRADES = ("Thủy sản", "Thương mại Dịch vụ", "Xây dựng", "Chế biến tôm", "Vận tải", "Nông sản", "Cơ khí")
_BRANDS = ("Đất Mũi", "Sông Đốc", "Năm Căn", "Tân Phát", "Minh Hải", "Phú Cường", "Hoàng Gia", "U Minh Hạ")


def person_name(rng: Random, sex: str) -> str:
    """Draw a full name: one in thirty without a middle name, one in forty with two given names more."""
    family = rng.choices(_FAMILY_NAMES, cum_weights=_FAMILY_WEIGHTS)[0]
    given = rng.choice(_GIVEN[sex])
    draw = rng.random()
    if draw < 0.03:
        return f"{family} {given}"
    middle = rng.choice(_MIDDLES[sex])
    return (
        f"{family} {middle} {rng.choice(_GIVEN[sex])} {given}"
        if draw > 0.975
        else f"{family} {middle} {given}"
    )


def given_name(rng: Random, sex: str) -> str:
    """Draw a given name alone."""
    return rng.choice(_GIVEN[sex])


def company_name(rng: Random) -> str:
    """Draw an enterprise's name, with its form in front."""
    return f"{rng.choice(_COMPANY_KINDS)} {rng.choice(_TRADES)} {rng.choice(_BRANDS)} {rng.randrange(1, 99)}"


def unaccented(text: str) -> str:
    """Keep the ASCII letters and digits of `text`, lower case: the local part of an e-mail."""
    flat = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(letter for letter in flat if letter.isascii() and letter.isalnum())
