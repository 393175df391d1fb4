"""A peer's sentences are a table that an installation may write, and that is checked like its settings."""

from pathlib import Path

import pytest

from adapters._kit.wordings import meaning, read_wordings
from bus.errors import ConfigurationError

SHIPPED = Path(__file__).resolve().parents[3] / "adapters" / "national_portal" / "texts.csv"
HEAD = "service,code,contains,means,sentence\n"


def table(folder: Path, *lines: str) -> Path:
    """A table with these lines below the head."""
    path = folder / "texts.csv"
    path.write_text(HEAD + "\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("service", "code", "text", "means"),
    [
        ("DongBoHoSoMC", "0", "Đồng bộ hồ sơ thành công", "done"),
        ("DongBoHoSoMC", "0", "Hồ sơ G22.99-260415-000001 đã tồn tại", "exists"),
        ("DongBoHoSoMC", "-3", "HỒ SƠ ĐÃ TỒN TẠI", "exists"),
        ("DongBoHoSoMC", "0", "Đồng bộ không thành công", "no effect known"),
        ("DongBoHoSoMC", "-1", "Hồ sơ X không tồn tại", "missing"),
        ("DongBoHoSoMC", "-1", "Trường MaTTHC 1.2 không tồn tại trong CSDLQG về TTHC", "invalid"),
        ("DongBoHoSoMC", "0", "Trường NgayHenTra bắt buộc nhập", "invalid"),
        ("CapNhatTienDoHoSoMC", "-1", "Phiên làm việc không hợp lệ hoặc đã hết hạn", "session"),
        ("CapNhatTienDoHoSoMC", "-1", "client received SOAP Fault", "no effect known"),
        ("TraCuuHoSo", "-1", "madonvi không hợp lệ hoặc không thuộc đơn vị đã đăng nhập", "busy"),
    ],
)
def test_the_shipped_table_reads_what_portals_were_seen_to_say(
    service: str, code: str, text: str, means: str
) -> None:
    """Reference 1f and 7a, whatever case and Unicode form."""
    found = meaning(read_wordings(SHIPPED), service, code, text)
    assert found is not None
    assert found.means == means


def test_success_in_the_text_counts_only_under_code_0() -> None:
    """A failure that mentions success is none (reference 1f: code 0 and the text)."""
    assert meaning(read_wordings(SHIPPED), "DongBoHoSoMC", "99", "thành công") is None


def test_text_in_decomposed_unicode_is_the_same_text() -> None:
    """Some gateways decompose what the portal composed."""
    decomposed = "đa\u0303 to\u0302\u0300n ta\u0323i"
    found = meaning(read_wordings(SHIPPED), "DongBoHoSoMC", "0", decomposed)
    assert found is not None
    assert found.means == "exists"


def test_the_first_line_that_fits_counts(tmp_path: Path) -> None:
    """An installation puts its own lines above."""
    path = table(tmp_path, "*,0,tồn tại,done,a", "*,0,đã tồn tại,exists,b")
    found = meaning(read_wordings(path), "X", "0", "đã tồn tại")
    assert found is not None
    assert found.sentence == "a"


def test_a_broken_table_is_told_with_all_its_lines(tmp_path: Path) -> None:
    """Every problem at once, with file and line and a guess."""
    path = table(tmp_path, "*,0,a,doen,s", "*,*,,done,s", "*,0,b,exists,s")
    with pytest.raises(ConfigurationError) as caught:
        read_wordings(path)
    first, second = map(str, caught.value.problems)
    assert first.startswith(f"{path}:2:1:")
    assert 'Did you mean "done"?' in first
    assert second.startswith(f"{path}:3:1:")


def test_a_table_without_its_columns_or_file_is_told(tmp_path: Path) -> None:
    """A wrong head and a missing file are problems, not tracebacks."""
    (tmp_path / "a.csv").write_text("x,y\n1,2\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="no column service, code, contains, means, sentence"):
        read_wordings(tmp_path / "a.csv")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_wordings(tmp_path / "none.csv")
