"""Links to stored files: what we signed is believed, whatever else is not, and one file has one link."""

import hashlib
import string
from datetime import UTC, date, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bus.file_names import LONGEST, safe_name
from bus.links import ExpiredLinkError, ForgedLinkError, LinkKey, Links, parts_of
from mappings.dossier import File

NEW, OLD = LinkKey("k2", b"n" * 32), LinkKey("k1", b"o" * 32)
BASE = "https://tep.example/files"
LINKS = Links(BASE, (NEW, OLD), 10 * 31_536_000.0)
UNTIL = date(2036, 12, 31)
YEAR = 31_536_000.0

names = st.text(max_size=200).map(safe_name)
files = st.builds(
    File,
    hash=st.binary(max_size=8).map(lambda content: hashlib.sha256(content).hexdigest()),
    size=st.integers(0, 10**12),
    media_type=st.sampled_from(("application/pdf", "text/plain", "application/octet-stream")),
    name=names,
)
days = st.dates(date(2000, 1, 1), date(9999, 12, 31))
FILE = File(hash="ab" * 32, size=3, media_type="application/pdf", name="Đơn đăng ký – bản sao (1).pdf")


def path_of(url: str) -> str:
    """What the door sees of a link."""
    return url.removeprefix(f"{BASE}/")


@given(files, days)
def test_a_link_opens_the_file_it_was_made_for(file: File, until: date) -> None:
    """Sign, then verify: the identity, for every file, name and day."""
    url = LINKS.url(file, until)
    opened = LINKS.open(path_of(url), until)
    assert (opened.file, opened.until) == (file, until)
    assert LINKS.file_of(url) == file
    assert parts_of(url) == parts_of(path_of(url)) == (file.hash, opened.mark)


@given(files, st.data())
def test_a_link_with_any_character_changed_is_refused(file: File, data: st.DataObject) -> None:
    """Each character of version, key, day, hash, label, MAC and readable name is signed."""
    path = path_of(LINKS.url(file, UNTIL))
    place = data.draw(st.integers(0, len(path) - 1))
    other = data.draw(st.sampled_from(string.printable + "ệ–\u0301\ud800").filter(lambda c: c != path[place]))
    with pytest.raises(ForgedLinkError):
        LINKS.open(path[:place] + other + path[place + 1 :], UNTIL)


@given(files, st.data())
def test_a_link_with_anything_put_in_or_left_out_is_refused(file: File, data: st.DataObject) -> None:
    """A piece longer or shorter is another link."""
    path = path_of(LINKS.url(file, UNTIL))
    place = data.draw(st.integers(0, len(path)))
    longer = path[:place] + data.draw(st.text(min_size=1, max_size=5)) + path[place:]
    for wrong in (longer, path[:place] if place < len(path) else path[1:]):
        with pytest.raises(ForgedLinkError):
            LINKS.open(wrong, UNTIL)


@given(st.text())
@example("1.k2.20361231.x.y.z/a")
@example("1.k2..../")
@example("")
def test_what_nobody_signed_is_refused_and_never_an_accident(path: str) -> None:
    """Any text at all is answered by the one error that says what to do."""
    with pytest.raises(ForgedLinkError):
        LINKS.open(path, UNTIL)
    assert LINKS.file_of(path) is None


@given(files)
def test_a_link_is_plain_text_that_every_peer_can_carry(file: File) -> None:
    """Nothing in it is ever spelled anew on the way, and the one-stop takes no address over 2000 letters."""
    url = LINKS.url(file, UNTIL)
    assert set(path_of(url)) <= set(string.ascii_letters + string.digits + ".-_~/")
    assert len(url) < 1000


def test_a_name_with_the_most_letters_still_fits() -> None:
    """Four bytes a letter, and the longest name there is."""
    name = safe_name("𠮷" * 4000 + ".pdf")
    assert len(name) == LONGEST
    assert len(LINKS.url(File(hash="0" * 64, size=1, media_type="text/plain", name=name), UNTIL)) < 1500


def test_a_link_ends_after_its_last_day() -> None:
    """The last day itself still counts; then it is told apart from a forged one."""
    path = path_of(LINKS.url(FILE, UNTIL))
    assert LINKS.open(path, date(2036, 12, 31)).file == FILE
    with pytest.raises(ExpiredLinkError, match="2036-12-31"):
        LINKS.open(path, date(2037, 1, 1))
    assert LINKS.file_of(f"{BASE}/{path}") == FILE, "a peer may still hand it back"


def test_keys_rotate_without_breaking_a_link() -> None:
    """The first key signs; links of the others hold until their key is taken out."""
    before, after = Links(BASE, (OLD,), YEAR), Links(BASE, (NEW,), YEAR)
    old = before.url(FILE, UNTIL)
    assert LINKS.open(path_of(old), UNTIL).file == FILE
    assert ".k2." in LINKS.url(FILE, UNTIL)
    with pytest.raises(ForgedLinkError):
        after.open(path_of(old), UNTIL)


def test_a_key_by_the_name_of_another_signs_nothing() -> None:
    """The name of a key stands in the link; what counts is the key."""
    forged = Links(BASE, (LinkKey("k2", b"x" * 32),), YEAR).url(FILE, UNTIL)
    with pytest.raises(ForgedLinkError):
        LINKS.open(path_of(forged), UNTIL)
    assert "nnnn" not in repr(NEW)


@given(st.floats(0, 4e9), st.floats(0, 4e9))
def test_a_link_always_has_half_its_life_before_it(begun: float, now: float) -> None:
    """However old the dossier: whoever is told a link today can open it for years."""
    left = LINKS.until(begun, now) - datetime.fromtimestamp(now, UTC).date()
    assert LINKS.lives / 2 - 86_400 <= left.total_seconds() <= LINKS.lives + 2 * YEAR


def test_the_last_day_of_a_dossier_stays_for_years() -> None:
    """A record written again is the same record: the day moves once in half a life."""
    begun = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
    days = {LINKS.until(begun, begun + week * 604_800) for week in range(52 * 10)}
    assert len(days) == 2
    assert min(days) == date(2036, 12, 29)
