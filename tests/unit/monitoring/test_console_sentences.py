"""Why something is so reads in Vietnamese, but for what a peer or a person said."""

import re
from pathlib import Path

import pytest

from adapters._kit.faults import FAULTS
from monitoring.sentences import sentences, told
from monitoring.words import REASONS

ROOT = Path(__file__).resolve().parents[3]


def test_every_sentence_is_still_what_the_code_says() -> None:
    """A sentence that is worded anew there is worded anew here, or it would be shown in English."""
    files = [file for room in ("bus", "adapters") for file in sorted((ROOT / room).rglob("*.py"))]
    flat = re.sub(r'"\s*\n\s*f?"', "", " ".join(file.read_text() for file in files))
    ours = set(sentences().whole) - set(REASONS)
    assert len(ours) > 20
    assert {sentence for sentence in ours if sentence not in flat} == set()


def test_every_fault_of_the_way_to_a_peer_has_its_sentence() -> None:
    """They are what a night is made of."""
    assert {fault.text for fault in FAULTS.values()} <= set(sentences().whole)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "asked, without an answer: The peer did not answer in time.",
            "đã hỏi lại, không có trả lời: Nơi nhận không trả lời kịp hạn.",
        ),
        (
            "The peer did not answer in time.; given up after 3 tries",
            "Nơi nhận không trả lời kịp hạn. Đã thôi sau 3 lần thử.",
        ),
        (
            "The one-stop answers HTTP 400. It says: CCCD 096190000123 sai",
            "Một cửa trả lời HTTP 400: CCCD ••••••••••23 sai",
        ),
        (
            "The axis answers HTTP 500, in no form of its own.",
            "Trục văn bản trả lời HTTP 500, không đúng dạng.",
        ),
        ("Unknown wording. The portal says: bận", "Cổng nói điều chưa biết: bận"),
        ("The peer's fault Server: họ tên: Nguyễn Thị Bé", "Nơi nhận báo lỗi Server: họ tên: N••• T••• B•••"),
        ("binh ended it: nhầm nhóm", "binh đã dừng: nhầm nhóm"),
        (
            "attempt 2 was done after all, and the delivery is dead",
            "lần 2 thật ra đã làm xong, mà lượt gửi lại là “Cần người xử lý”",
        ),
        (
            "contract The peer's answer is XML, but no SOAP.",
            "Trả lời của nơi nhận là XML nhưng không phải SOAP. (contract)",
        ),
        ("port 443 takes connections", "cổng 443 nhận kết nối"),
        ("asked: the peer has it", "đã hỏi: nơi nhận đã có"),
        ("Thiếu ngày sinh, CCCD 096190000123", "Thiếu ngày sinh, CCCD ••••••••••23"),
    ],
)
def test_a_reason_is_told_in_vietnamese_and_covered(said: str, shown: str) -> None:
    """Ours is translated, theirs stays as it came but for what is a citizen's."""
    assert told(said) == shown
