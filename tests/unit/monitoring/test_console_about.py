"""What actions were about reads as words, in whichever shape the log wrote it."""

import ast
from pathlib import Path

import pytest

from monitoring.console.about import About, Named, Titles, about, because
from monitoring.console.texts import LANGUAGES, read_texts, speaker

ROOT = Path(read_texts.__code__.co_filename).parents[2]
NAMES = Named({1: "every_dossier.take_in"}, {3: "onestop.step"}, {12: "H12.06-260415-0001"})
TITLES = Titles(
    {"every_dossier.take_in": "Tiếp nhận hồ sơ nộp trên Cổng"}.__getitem__,
    {"onestop.step": "bước xử lý"}.__getitem__,
    lambda name: {"onestop": "Hệ thống một cửa điện tử"}.get(name, name),
)


def said(what: str, subject: str, language: str = "vi") -> About:
    """An action's subject as a page tells it."""
    return about(what, subject, NAMES, TITLES, speaker(read_texts(), language))


@pytest.mark.parametrize(
    ("what", "subject", "text", "href"),
    [
        ("discard", "delivery 1", "Lượt gửi 1: Tiếp nhận hồ sơ nộp trên Cổng", "/delivery/1"),
        ("discard", "delivery 2", "Lượt gửi 2", "/delivery/2"),
        ("reveal", "message 3", "Thông điệp m3: bước xử lý", "/message/3"),
        ("hold", "dossier 12", "Hồ sơ #12: H12.06-260415-0001", "/dossier/12"),
        (
            "undone",
            "dossier 12 every_dossier.take_in",
            "Hồ sơ #12, chặng “Tiếp nhận hồ sơ nộp trên Cổng”: H12.06-260415-0001",
            "/dossier/12",
        ),
        ("retry", "run 3 of 1200", "Lần gửi lại 3, gồm 1.200 lượt", "/retries/3"),
        ("cancel", "run 3", "Lần gửi lại 3", "/retries/3"),
        ("reveal", "package 3fa9", "Gói tin 3fa9", ""),
        ("agree", "proposal 4", "Đề nghị 4", "/proposals"),
        ("restore", "epoch 2", "Sổ khôi phục lần 2", ""),
        ("remove", "content of 2 dossiers (3 to 9)", "Nội dung của 2 hồ sơ (#3 đến #9)", ""),
        ("remove", "aside: 2 messages (3 to 9)", "2 thông điệp không thuộc hồ sơ nào (m3 đến m9)", ""),
        ("remove", "7 files of 1048576 bytes", "7 tệp, 1.048.576 byte", ""),
        ("call again", "every agency", "Mọi cơ quan", ""),
        ("call again", "H12.09", "H12.09", ""),
        ("sign in", "binh", "binh", ""),
    ],
)
def test_a_subject_reads_as_words_and_leads_to_its_page(
    what: str, subject: str, text: str, href: str
) -> None:
    """Every shape that the log writes, with what its row is called where that is known."""
    assert said(what, subject) == About(text, href)


@pytest.mark.parametrize("what", ["pause", "resume", "probe"])
def test_a_connector_is_called_by_its_title_with_its_name_beside(what: str) -> None:
    """The name of the settings stays, small."""
    assert said(what, "onestop") == About("Hệ thống một cửa điện tử", "/connectors/onestop", "onestop")


def test_a_dossier_read_anew_stands_with_its_number() -> None:
    """The connector's title, and the number that it was asked for; one that is gone has no page."""
    found = said("read anew", "onestop H12.06-260415-0001")
    assert (found.text, found.href) == ("Hệ thống một cửa điện tử H12.06-260415-0001", "/connectors/onestop")
    assert said("pause", "gone") == About("gone", "", "gone")


def _shapes() -> set[str]:
    """Every subject that the code writes as a text with gaps, a number in each gap."""
    found = set()
    for file in (each for room in ("bus", "commands", "monitoring") for each in (ROOT / room).rglob("*.py")):
        if "Note(" not in (source := file.read_text()):
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Note" and len(node.args) > 2:
                found.add(_filled(node.args[2]))
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "subject":
                found.add(_filled(node.value))
    return found - {""}


def _filled(node: ast.expr) -> str:
    if not isinstance(node, ast.JoinedStr):
        return ""
    parts = (part.value if isinstance(part, ast.Constant) else "7" for part in node.values)
    return "".join(str(part) for part in parts)


def test_no_shape_of_the_code_is_shown_as_the_log_has_it() -> None:
    """Whoever writes a new one gives it words; a connector's name and a number have them by their action."""
    shapes = _shapes() - {"7 7"}
    assert len(shapes) > 6
    titles = Titles(str, str, str)
    for language in LANGUAGES:
        t = speaker(read_texts(), language)
        shown = {shape: about("x", shape, Named(), titles, t).text for shape in shapes}
        assert {shape for shape, text in shown.items() if shape == text} == set()


def test_why_is_told_in_the_readers_words() -> None:
    """A role, the day of a backup, and what retention says; what a person wrote stays as it is."""
    t = speaker(read_texts(), "vi")
    assert because("person", "operator", t) == "Người trực"
    assert (
        because("restore", "of a backup taken at 1764054000", t) == "Từ bản sao lưu lúc 25/11/2025 14:00:00"
    )
    assert because("remove", "nothing kept names them", t) == "Không còn gì trong sổ nhắc đến"
    assert because("hold", "chờ xác nhận", t) == "chờ xác nhận"
