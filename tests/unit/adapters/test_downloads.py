"""The door of stored files, asked over real HTTP by a client that is not ours."""

import asyncio
import io
import subprocess
import sys
import threading
import time
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest
import structlog
import uvicorn

from adapters._kit.downloads import Downloads
from bus.file_names import safe_name
from bus.files import Decision, FileStore
from bus.links import LinkKey, Links
from mappings.dossier import File

ROOT = Path(__file__).resolve().parents[3]
CONTENT = b"%PDF-1.4\n" + bytes(range(256)) * 2000 + b"%%EOF"
NAME = "Đơn đăng ký – bản sao (1).pdf"
TODAY = date(2026, 11, 25)
UNTIL = date(2036, 12, 31)
OLD, NEW = LinkKey("k1", b"o" * 32), LinkKey("k2", b"n" * 32)


class Site:
    """A door at work, with one stored file. `today` is its clock."""

    def __init__(self, folder: Path) -> None:
        self.today = TODAY
        self.store = FileStore(folder, limit=10**9)
        self.store.prepare()
        stored = self.store.put(io.BytesIO(CONTENT))
        name = safe_name(unicodedata.normalize("NFD", NAME))
        self.file = File(hash=stored.hash, size=stored.size, media_type=stored.media_type, name=name)
        self.base = ""
        self.client = httpx.Client(trust_env=False, timeout=10)

    @property
    def links(self) -> Links:
        """The links of this door, two keys."""
        return Links(self.base, (NEW, OLD), 3e8)

    @property
    def url(self) -> str:
        """The link to the one file."""
        return self.links.url(self.file, UNTIL)

    def get(self, url: str, **headers: str) -> httpx.Response:
        """Fetch."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(url, headers=named)


@pytest.fixture
def site(door: Site) -> Site:
    """The door as it is when a test begins: its file sound, its clock at `TODAY`."""
    door.today = TODAY
    door.store.put(io.BytesIO(CONTENT))
    return door


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A door on a free port of the loopback address."""
    made = Site(tmp_path_factory.mktemp("files"))
    app = Downloads(made.store, Links("", (NEW, OLD), 3e8), lambda: made.today)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    made.base = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/files"
    with made.client:
        yield made
    server.should_exit = True
    thread.join(10)


def test_a_link_gives_the_same_bytes_under_the_vietnamese_name(site: Site) -> None:
    """Whole, as a download that is never a page of ours, and under the name that people wrote."""
    answer = site.get(site.url)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "private, no-cache"
    header = answer.headers["content-disposition"]
    assert header.startswith('attachment; filename="Don dang ky - ban sao (1).pdf"')
    assert unquote(header.partition("UTF-8''")[2]) == NAME


def test_head_tells_what_get_would_send(site: Site) -> None:
    """The same headers without a body."""
    head, get = site.client.head(site.url), site.get(site.url)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "etag", "accept-ranges", "content-disposition"):
        assert head.headers[name] == get.headers[name]
    assert head.headers["content-length"] == str(len(CONTENT))


@pytest.mark.parametrize(
    ("asked", "begin", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=1000-", 1000, None),
        ("bytes=-5", -5, None),
        ("bytes=10-99999999999", 10, None),
        ("bytes=-99999999999", 0, None),
        ("bytes=200000-300000", 200_000, 300_001),
    ],
)
def test_a_download_is_resumed(site: Site, asked: str, begin: int, end: int | None) -> None:
    """One range, of any of the forms there are: those bytes and where they stand."""
    answer = site.get(site.url, range=asked)
    expected = CONTENT[begin:end]
    first = len(CONTENT) + begin if begin < 0 else begin
    assert (answer.status_code, answer.content) == (206, expected)
    assert answer.headers["content-range"] == f"bytes {first}-{first + len(expected) - 1}/{len(CONTENT)}"


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,5-6", "bytes=5-4", "bytes=-", "bytes=x", "lines=0-1", "bytes=0-1x"]
)
def test_what_is_no_single_range_gets_the_whole(site: Site, asked: str) -> None:
    """Several ranges are a known way to exhaust a server; broken ones are passed over (RFC 9110, 14.2)."""
    answer = site.get(site.url, range=asked)
    assert (answer.status_code, answer.content) == (200, CONTENT)


@pytest.mark.parametrize("asked", [f"bytes={len(CONTENT)}-", "bytes=-0"])
def test_a_range_beyond_the_end_is_told_the_size(site: Site, asked: str) -> None:
    """416, with what a client needs to ask again."""
    answer = site.get(site.url, range=asked)
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(CONTENT)}")


def test_a_resume_of_other_content_begins_anew(site: Site) -> None:
    """If-Range with another mark gets all; If-None-Match with the same one nothing."""
    mark = site.client.head(site.url).headers["etag"]
    assert site.get(site.url, range="bytes=5-", if_range=mark).status_code == 206
    assert site.get(site.url, range="bytes=5-", if_range='"other"').content == CONTENT
    same = site.get(site.url, if_none_match=f'"other", {mark}')
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", mark)


def test_wrong_ended_and_withdrawn_links_are_told_apart(site: Site) -> None:
    """403 for what we did not sign, 410 for what held once, 404 for no link; a sentence, never cached."""
    url, store = site.url, site.store
    mark = site.links.open(url.removeprefix(f"{site.base}/"), TODAY).mark
    assert site.get(url.replace(".pdf", ".exe")).status_code == 403
    assert site.get(f"{site.base}/").status_code == 404
    assert site.get(f"{site.base}/{site.file.hash}").status_code == 404
    assert site.client.post(url).status_code == 405
    for link in (mark, ""):
        store.decide(Decision("withdrawn", site.file.hash, "an", "nhầm", datetime.now(UTC), link=link))
        gone = site.get(url)
        assert gone.status_code == 410
        assert "thu hồi" in gone.text
        assert (gone.headers["x-content-type-options"], gone.headers["cache-control"]) == (
            "nosniff",
            "private, no-cache",
        )
        store.decide(Decision("restored", site.file.hash, "an", "", datetime.now(UTC), link=link))
    assert site.get(url).status_code == 200
    site.today = date(2037, 1, 1)
    assert site.get(url).status_code == 410


def test_a_forged_link_tells_nothing_of_what_is_stored(site: Site) -> None:
    """The same answer to the letter, whether the file exists, is withdrawn, or never was."""
    forger = Links(site.base, (LinkKey("k2", b"x" * 32),), 3e8)
    unknown = File(hash="0" * 64, size=1, media_type="text/plain", name="a.txt")
    answers = [site.get(forger.url(file, UNTIL)) for file in (site.file, unknown)]
    answers.append(site.get(forger.url(site.file, date(2000, 1, 1))))
    assert {(each.status_code, each.content) for each in answers} == {(403, answers[0].content)}


def test_links_of_an_older_key_hold(site: Site) -> None:
    """After a rotation what the portal was told before still opens."""
    before = Links(site.base, (OLD,), 3e8).url(site.file, UNTIL)
    assert before != site.url
    assert site.get(before).content == CONTENT


def test_what_is_withdrawn_stays_so_under_another_key_and_day(site: Site) -> None:
    """A rotation or a new last day makes another link to the file; a withdrawal is of the file's name."""
    mark = site.links.open(site.url.removeprefix(f"{site.base}/"), TODAY).mark
    site.store.decide(Decision("withdrawn", site.file.hash, "an", "nhầm", datetime.now(UTC), link=mark))
    older = Links(site.base, (OLD,), 3e8).url(site.file, date(2041, 12, 31))
    renamed = File(hash=site.file.hash, size=site.file.size, media_type=site.file.media_type, name="b.pdf")
    assert site.get(older).status_code == 410
    assert site.get(site.links.url(renamed, UNTIL)).status_code == 200
    site.store.decide(Decision("restored", site.file.hash, "an", "", datetime.now(UTC), link=mark))


def test_a_link_to_a_file_that_is_gone_or_cut_is_404_and_in_the_log(site: Site) -> None:
    """A store that lost a file is an operator's matter: said with the hash, and half a file is never sent."""
    file = site.store.folder / site.file.hash[:2] / site.file.hash
    url = site.url
    with structlog.testing.capture_logs() as logged:
        file.chmod(0o600)
        file.write_bytes(CONTENT[:10])
        assert site.get(url).status_code == 404
        file.unlink()
        assert site.get(url).status_code == 404
    assert [each["hash"] for each in logged] == [site.file.hash] * 2


_SERVER = """
import io, resource, sys
from pathlib import Path
import uvicorn
from adapters._kit.downloads import Downloads
from bus.files import FileStore
from bus.links import LinkKey, Links
store = FileStore(Path(sys.argv[1]), limit=10**9)
server = uvicorn.Server(uvicorn.Config(
    Downloads(store, Links("", (LinkKey("k1", b"o" * 32),), 3e8)), port=0, log_config=None, lifespan="off"))
server.install_signal_handlers = lambda: None
import threading, time
thread = threading.Thread(target=server.run, daemon=True); thread.start()
while not server.started: time.sleep(0.01)
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = peak()
print(server.servers[0].sockets[0].getsockname()[1], flush=True)
sys.stdin.readline()
print(peak() - before, flush=True)
server.should_exit = True; thread.join(10)
"""


def test_twenty_large_downloads_at_once_take_little_memory(tmp_path: Path) -> None:
    """20 of 30 MB, begun and left waiting, then read: what nobody takes yet is not held in memory."""
    store = FileStore(tmp_path, limit=10**9)
    store.prepare()
    stored = store.put(bytes(1_000_000) for _ in range(30))
    file = File(hash=stored.hash, size=stored.size, media_type=stored.media_type, name="a.bin")
    child = subprocess.Popen(  # noqa: S603  our own code
        [sys.executable, "-c", _SERVER, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin
    assert child.stdout
    with child, child.stdin, child.stdout, ExitStack() as stack:
        base = f"http://127.0.0.1:{int(child.stdout.readline())}/files"
        url = Links(base, (OLD,), 3e8).url(file, UNTIL)
        client = stack.enter_context(httpx.Client(trust_env=False, timeout=30, limits=httpx.Limits()))
        waiting = [stack.enter_context(client.stream("GET", url)) for _ in range(20)]
        received = [sum(map(len, answer.iter_bytes(1_000_000))) for answer in waiting]
        child.stdin.write("\n")
        child.stdin.flush()
        grown = int(child.stdout.readline())
    assert received == [30_000_000] * 20
    assert grown < 60_000_000


async def test_nothing_is_read_for_who_has_left(tmp_path: Path) -> None:
    """The server drops what is sent after a disconnect without a word: the door looks for itself."""
    store = FileStore(tmp_path, limit=10**9)
    store.prepare()
    stored = store.put(bytes(1_000_000) for _ in range(20))
    links = Links("https://tep.example/files", (NEW,), 3e8)
    file = File(hash=stored.hash, size=stored.size, media_type=stored.media_type, name="a.bin")
    path = links.url(file, UNTIL).removeprefix("https://tep.example")
    left, sent = asyncio.Event(), 0

    async def receive() -> dict[str, str]:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        nonlocal sent
        sent += 1
        if sent == 3:
            left.set()
        await asyncio.sleep(0)

    scope = {"type": "http", "method": "GET", "path": path, "headers": []}
    await Downloads(store, links)(scope, receive, send)
    assert sent < 8
