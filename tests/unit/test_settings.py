"""Settings are declared once; every mistake in a file is told at once, and no secret is shown."""

import copy
import pickle
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.calendar import WorkingCalendar
from bus.errors import ConfigurationError
from bus.installation import NOT_YET, Installation, read_installation
from bus.peer_settings import ConnectorSettings
from bus.settings import (
    Address,
    BrokerUrl,
    Fault,
    LedgerUrl,
    Network,
    Rate,
    Seconds,
    Secret,
    Section,
    Size,
    Url,
    read_section,
    says,
    shown,
    table,
    with_password,
)
from commands.parts import adapter_types
from mappings.source import Problem, read

ROOT = Path(__file__).resolve().parents[2]
HIDDEN = "not-for-anybody's-eyes, and longer than 32 letters"


class Times(Section, frozen=True, kw_only=True):
    """A nested table."""

    connect: Annotated[Seconds, says("to connect", least=0.5)] = Seconds("3 seconds")
    answer: Annotated[Seconds, says("to answer")] = Seconds("20 seconds")

    def faults(self) -> list[Fault]:
        """Connecting is part of answering."""
        return [Fault("connect", "is longer than answer")] if self.connect > self.answer else []


class Peer(ConnectorSettings, frozen=True, kw_only=True):
    """A connector type of these tests."""

    url: Annotated[Url, says("where it is")]
    key: Annotated[Secret, says("what it knows us by", vi="khóa")]
    page: Annotated[int, says("rows of a page", unit="rows", least=1, most=500)] = 100
    share: Annotated[float, says("a share", least=0, most=1)] = 0.5
    hook: Annotated[bool, says("whether it calls")] = True
    words: Annotated[tuple[Literal["header", "query"], ...], says("where")] = ("header",)
    paths: Annotated[dict[str, str], says("paths")] = msgspec.field(default_factory=dict)
    allow: Annotated[tuple[Network, ...], says("from where")] = ()
    since: Annotated[date | None, says("from when")] = None
    times: Annotated[Times, says("times")] = Times(answer=Seconds("15 seconds"))


TYPES = {"peer": Peer}
ENV = {"KEY": HIDDEN, "LIENTHONG_BROKER_PASSWORD": HIDDEN}
WHOLE = """
[installation]
name = "ca-mau"
agency = "H12"
[broker]
url = "amqp://lienthong@127.0.0.1/lienthong"
[connector.one]
type = "peer"
url = "https://one.example"
key = "${KEY}"
"""


def peer(text: str, **env: str) -> Peer:
    """Read a peer's table alone."""
    return read_section(Peer, read(text, "p.toml"), env={**ENV, **env})


def problems(text: str, env: dict[str, str] | None = None) -> list[str]:
    """Read an installation that is wrong; its problems as they are shown."""
    with pytest.raises(ConfigurationError) as caught:
        read_installation(read(text, "s.toml"), TYPES, ENV if env is None else env)
    assert all(isinstance(each, Problem) for each in caught.value.problems)
    return [str(each) for each in caught.value.problems]


def test_every_mistake_is_told_at_once_with_line_and_column() -> None:
    """Unknown key, wrong type, out of bounds, wrong word, missing key, literal secret: one answer."""
    text = f"""type = "peer"
key = "{HIDDEN}"
pgae = 5
share = 2
hook = "yes"
page = 501
words = ["heder", 3]
allow = ["10.8.1.5/24"]
since = "2026-02-30"
paths = {{ login = 7 }}
mode = "life"
rate = 20
[times]
connect = "0 seconds"
anwser = "1 second"
"""
    with pytest.raises(ConfigurationError) as caught:
        peer(text)
    said = [str(each) for each in caught.value.problems]
    assert said == [
        'p.toml:1:1: "url" is missing. Set url = "https://host.example/path": where it is',
        f'p.toml:2:7: "key" is a secret, which is never written here. Write {Secret.form}',
        'p.toml:3:1: there is no setting "pgae". Did you mean "page"?',
        'p.toml:4:9: "share" must be at most 1',
        'p.toml:5:8: "hook" must be true or false',
        'p.toml:6:8: "page" must be at most 500',
        'p.toml:7:10: each of "words" must be one of "header", "query". Did you mean "header"?',
        'p.toml:7:19: each of "words" must be one of "header", "query"',
        'p.toml:8:10: each of "allow" must be an address range without host bits, like "10.8.1.0/24"',
        'p.toml:9:9: "since" must be a day like "2026-09-02"',
        'p.toml:10:19: "login" must be a text "…"',
        'p.toml:11:8: "mode" must be one of "off", "observe", "live". Did you mean "live"?',
        'p.toml:12:8: "rate" must be a text like "20 per second"',
        'p.toml:14:11: "connect" must be at least 500 milliseconds',
        'p.toml:15:1: there is no setting "anwser" in [times]. Did you mean "answer"?',
    ]
    assert HIDDEN not in str(caught.value)


def test_values_are_ready_to_use() -> None:
    """Quantities are numbers in base units, texts are composed, a nested default fills what is absent."""
    one = peer(
        'type="peer"\nurl="https://one.example"\nkey="${KEY}"\nrate="30 per minute"\nshare=1\n'
        'paths={"tên"="Ca\u0300 Mau"}\nsince=2026-09-02\nallow=["10.8.1.0/24"]\n'
        "[times]\nconnect='2 seconds'\n"
    )
    assert (one.rate, one.share, one.paths["tên"], one.since) == (0.5, 1.0, "Cà Mau", date(2026, 9, 2))
    assert (one.times.connect, one.times.answer) == (2.0, 15.0)
    assert "10.8.1.7" in one.allow[0]
    assert "10.8.2.7" not in one.allow[0]
    assert one.key.reveal() == HIDDEN


def test_what_is_wrong_between_keys_points_at_one_of_them() -> None:
    """A section's own check runs when its keys are right by themselves."""
    with pytest.raises(ConfigurationError, match=r"p\.toml:4:16: is longer than answer"):
        peer('type="peer"\nurl="https://one.example"\nkey="${KEY}"\ntimes={connect="1 minute"}')


def test_no_way_of_showing_a_secret_shows_it() -> None:
    """repr, text, format, the whole section, JSON and pickle: none gives the value; equality still works."""
    one = peer('type="peer"\nurl="https://one.example"\nkey="${KEY}"')
    for text in (
        repr(one),
        str(one),
        f"{one.key}",
        f"{one.key!r}",
        ", ".join([str(one.key)]),
        str(shown(one)),
        str(vars(Secret)),
    ):
        assert HIDDEN not in text
    assert shown(one)["key"] == "${KEY}"
    with pytest.raises(TypeError):
        msgspec.json.encode(one.key)
    with pytest.raises(TypeError):
        msgspec.to_builtins(one.key)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(one.key)
    with pytest.raises(TypeError, match="not pickled"):
        copy.copy(one.key)
    assert one.key == Secret(HIDDEN)
    assert one.key != Secret("another")


def test_a_secret_comes_from_a_file_beside_the_settings(tmp_path: Path) -> None:
    """The last newline is no part of it; what is missing, empty or not text is a problem."""
    (tmp_path / "key").write_text(f"{HIDDEN}\n")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    head = 'type="peer"\nurl="https://one.example"\nkey='

    def one(name: str) -> Peer:
        source = read(f'{head}"file:{name}"', str(tmp_path / "p.toml"))
        return read_section(Peer, source, env={})

    assert one("key").key.reveal() == HIDDEN
    for name, said in (
        ("absent", "cannot be read: No such file or directory"),
        ("empty", "is empty"),
        ("binary", "is not UTF-8 text"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            one(name)
    with pytest.raises(ConfigurationError, match="environment variable KEY is not set"):
        read_section(Peer, read(f'{head}"${{KEY}}"', "p.toml"), env={"KEY": ""})


@given(st.integers(1, 10**6), st.sampled_from(["second", "minute", "hour", "day", "week"]))
def test_times_are_written_as_they_are_read(amount: int, unit: str) -> None:
    """Reading what is written gives the same time."""
    value = Seconds(f"{amount} {unit}{'' if amount == 1 else 's'}")
    assert Seconds(value.written) == value


@given(st.integers(1, 10**15))
def test_sizes_are_written_as_they_are_read(amount: int) -> None:
    """Reading what is written gives the same number of bytes."""
    assert Size(Size(amount).written) == amount


@given(st.integers(1, 10**4), st.sampled_from(["second", "minute", "hour"]))
def test_rates_are_written_as_they_are_read(amount: int, unit: str) -> None:
    """Reading what is written gives the same rate."""
    value = Rate(f"{amount} per {unit}")
    assert Rate(value.written) == pytest.approx(value)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (Seconds, ["20", "20s", "20 parsecs", "-1 seconds", "", "1 second 2", "s seconds"]),
        (Size, ["200", "200 mb", "1 Mbit", "MB"]),
        (Rate, ["20", "20 per fortnight", "per second"]),
        (Url, ["one.example", "ftp://one.example", "https://", "https://u:p@one.example", "https://a b",
               "https://one.example/#x", "https://one.example:port/", "https://one.example:99999/"]),
        (Address, ["8443", "host:", "host:65536", ":80", "host:80:90", "http://host:80"]),
        (Network, ["10.8.1.5/24", "10.8.1", "x"]),
        (BrokerUrl, ["amqp://u:p@host/", "http://host", "amqp://", "amqp://h:99999/", "amqp://h/a/b"]),
        (LedgerUrl, ["postgresql+psycopg://u:p@h/d", "mysql://h/d", "sqlite:", "postgresql://h/d"]),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_meant_is_refused(kind: Any, wrong: list[str]) -> None:
    """Each text fails with a sentence that says how it is written."""
    for text in wrong:
        with pytest.raises(ValueError, match=r".{10}"):
            kind(text)
    assert kind(kind.form.split(" or ")[0].strip('"'))


def test_a_broker_of_several_nodes_is_one_address() -> None:
    """Hosts with their ports, the usual port by scheme, user and virtual host unquoted."""
    url = BrokerUrl("amqps://li%40en@mq1.noibo,mq2.noibo:5673/t%2Fh")
    assert url.hosts == (("mq1.noibo", 5671), ("mq2.noibo", 5673))
    assert (url.user, url.vhost, url.tls) == ("li@en", "t/h", True)
    assert BrokerUrl("amqp://mq").hosts == (("mq", 5672),)
    whole = with_password(url, Secret("p@/:w"))
    assert whole == "amqps://li%40en:p%40%2F%3Aw@mq1.noibo,mq2.noibo:5673/t%2Fh"


def test_the_table_lists_every_setting_with_what_it_needs() -> None:
    """Nested keys are dotted, a key without default says SET, a secret says so."""
    rows = {row.key: row for row in table(Peer)}
    assert rows["url"].default == "SET"
    assert rows["key"].secret
    assert rows["key"].meaning_vi == "khóa"
    assert (rows["times.answer"].default, rows["times.answer"].unit) == ('"15 seconds"', "time")
    assert (rows["page"].type, rows["page"].unit) == ("whole number", "rows")
    assert rows["words"].type == "list of header | query"
    assert rows["paths"].default == "{}"
    assert rows["rate"].default == "none"
    assert rows["breaker.failures"].default == "5"
    leaves = [row for row in table(Installation) if not row.key.startswith("connector")]
    assert {"installation.agency", "broker.prefix", "retry.first"} <= {row.key for row in leaves}
    assert all(row.meaning for row in leaves)


def test_an_installation_has_a_default_for_all_that_is_not_set() -> None:
    """The shortest installation is whole: paths start at the file's folder."""
    found = read_installation(read(WHOLE + '[retry]\nfirst="9 seconds"', "conf/s.toml"), TYPES, ENV)
    assert found.installation.data == Path("conf/.lienthong")
    assert found.ledger.address(found.installation.data) == "sqlite:///conf/.lienthong/ledger.db"
    one = found.connectors["one"]
    assert isinstance(one, Peer)
    assert (one.mode, one.retry.first, one.retry.factor) == ("observe", 9.0, 2.0)
    assert found.listen.intake.address is None


def test_a_peers_own_schedule_goes_before_the_common_one() -> None:
    """What its `retry` says wins; what it leaves out is as in [retry]."""
    text = WHOLE + 'retry={ceiling="1 hour"}\n[retry]\nfirst="9 seconds"'
    one = read_installation(read(text, "s.toml"), TYPES, ENV).connectors["one"]
    assert (one.retry.first, one.retry.ceiling) == (9.0, 3600.0)


def test_the_calendar_of_an_installation_corrects_the_built_in_one() -> None:
    """Hours, weekend, days off and days worked, as the clocks of legs run by them."""
    text = WHOLE + (
        '[calendar]\nhours=["08:00-12:00"]\nweekend=["sunday"]\n'
        'days_off=["2026-10-19"]\nworking_days=[2026-10-18]\n'
    )
    calendar = read_installation(read(text, "s.toml"), TYPES, ENV).calendar.working
    assert calendar.day == timedelta(hours=4)
    days = [calendar.is_working_day(date(2026, 10, day)) for day in (17, 18, 19, 20, 25)]
    assert days == [True, True, False, True, False]
    plain = read_installation(read(WHOLE, "s.toml"), TYPES, ENV)
    assert plain.calendar.working == WorkingCalendar()


@pytest.mark.parametrize("path", NOT_YET, ids=".".join)
def test_what_is_not_acted_upon_is_refused(path: tuple[str, ...]) -> None:
    """A setting of a later release is said to be one; it is not silently ignored, nor called unknown."""
    *tables, key = (step.replace("*", "one") for step in path)
    text = WHOLE if tables else f"{key} = {{ x = 1 }}\n{WHOLE}"
    if tables and f"[{'.'.join(tables)}]\n" in WHOLE:
        head = f"[{'.'.join(tables)}]\n"
        text = WHOLE.replace(head, f"{head}{key} = 1\n")
    elif tables:
        text = f"{WHOLE}[{'.'.join(tables)}]\n{key} = 1\n"
    (said,) = problems(text)
    assert said.endswith(f'"{".".join([*tables, key])}" is not supported yet. Take it out')
    line = int(said.split(":")[1])
    assert text.splitlines()[line - 1].startswith(key)


def test_wrong_connectors_are_told_beside_each_other() -> None:
    """Unknown type, no type, a bad name, one home for an agency: all in one answer."""
    text = WHOLE.replace('type = "peer"', 'type = "pear"') + (
        '[connector.Two]\ntype="peer"\nurl="https://two.example"\nkey="${KEY}"\n[connector.three]\nurl="x"\n'
    )
    said = problems(text)
    assert [each.split(":", 3)[3].strip() for each in said] == [
        'there is no adapter type "pear". Did you mean "peer"?',
        '"Two" is no name of a connector. Small letters, digits and _, a letter first',
        '"three" lacks its type. Write type = "…". Known: peer',
    ]
    twice = WHOLE + '[connector.two]\ntype="peer"\nurl="https://two.example"\nkey="${KEY}"\n'
    assert problems(twice) == ['s.toml:11:2: "one" of the same type serves every agency too']
    assert problems(WHOLE[: WHOLE.index("[connector")]) == [
        's.toml:1:1: there is no peer. Add [connector.NAME] with type = "…"'
    ]


@pytest.mark.parametrize(
    ("addition", "said"),
    [
        ('[retry]\nfirst="1 hour"', "1 hour is longer than the ceiling 15 minutes"),
        ('[retry]\ngive_up_after="1 second"', "is shorter than the ceiling"),
        ('unknown={look_up_after="1 hour"}', "is earlier than look_up_after 1 hour"),
        ('[listen.intake]\ncertificate="settings.toml"', '"certificate" needs "key" beside it'),
        ('[tables]\nfolder="nowhere"', "nowhere does not exist"),
        ('[files]\npublic_url="https://t.vn"', '12:12: "public_url" needs a key'),
        ('[files]\nlink_keys={k1="${KEY}"}', '12:11: "link_keys" need "public_url" beside'),
        ('[files]\npublic_url="https://t.vn/"\nlink_keys={k1="${KEY}"}', '12:12: "public_url" has a /'),
        ('[files]\npublic_url="https://t.vn"\nlink_keys={"K 1"="${KEY}"}', '"K 1" is no name'),
        ('[files]\npublic_url="https://t.vn"\nlink_keys={k1="${SHORT}"}', '13:15: "k1" is shorter'),
        ('[files]\npublic_url="https://t.vn"\nlink_keys={k1="${KEY}"}', "leads to the intake door"),
        ('[files]\nlink_lives="3 months"', "link_lives.* like"),
        ('[files]\nlink_lives="30 days"', '"link_lives" must be at least 1 year'),
        ('[files]\nlink_lives="9000 years"', '"link_lives" must be at most 100 years'),
        ('[files]\nlimt="1 GB"', 'Did you mean "limit"'),
        ('[calendar]\nhours=["13:00-17:00","07:00-11:00"]', r":12:7: working hours overlap"),
        ("[calendar]\nhours=[]", "no working time is left"),
        ('[calendar]\nhours=["17:00-07:00"]', "must be two times of a day, the later behind"),
        ('[calendar]\nweekend=["sunday","sonday"]', 'Did you mean "sunday"'),
        ('[calendar]\ndays_off=["2026-12-24"]\nworking_days=["2026-12-24"]', "24 is among days_off too"),
    ],
)  # fmt: skip
def test_settings_that_contradict_one_another_are_told(addition: str, said: str) -> None:
    """Each pair that makes no sense is a problem of its own."""
    with pytest.raises(ConfigurationError, match=said):
        read_installation(read(WHOLE + addition, str(ROOT / "s.toml")), TYPES, {**ENV, "SHORT": "short"})


def test_the_first_key_of_links_stays_the_first() -> None:
    """The order of the file is the order in which keys are tried: the first signs."""
    text = (
        WHOLE + '[listen.intake]\naddress="127.0.0.1:0"\n[files]\npublic_url="https://t.vn/files"\n'
        'link_keys={ new="${KEY}", alt="${KEY}", "2025"="${KEY}" }\n'
    )
    found = read_installation(read(text, "s.toml"), TYPES, ENV).files
    assert list(found.link_keys) == ["new", "alt", "2025"]
    assert HIDDEN not in str(shown(found))
    assert found.place(Path("data")) == Path("data/files")


def test_a_file_that_is_no_settings_file_is_a_sentence(tmp_path: Path) -> None:
    """No such file and no TOML: the place and the reason, no traceback."""
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        read_installation(tmp_path / "none.toml", TYPES, {})
    (tmp_path / "s.toml").write_text("x = \n")
    with pytest.raises(ConfigurationError, match=r"s\.toml:1:\d+"):
        read_installation(tmp_path / "s.toml", TYPES, {})


def test_the_settings_of_a_type_extend_what_every_connector_has() -> None:
    """A type that forgets it is a mistake of its author, said at once."""
    with pytest.raises(TypeError, match="must extend ConnectorSettings"):
        read_installation(read(WHOLE, "s.toml"), {"peer": Times}, ENV)


def test_the_shipped_installation_is_valid_with_its_secrets_named() -> None:
    """Every secret it names is taken from the environment, and nothing else is missing."""
    types = adapter_types()
    text = (ROOT / "settings.toml").read_text()
    names = {part.partition("}")[0] for part in text.split('"${')[1:]} - {"NAME"}
    kinds = {name: kind.settings for name, kind in types.items()}
    found = read_installation(ROOT / "settings.toml", kinds, dict.fromkeys(names, HIDDEN))
    assert {"onestop", "national_portal"} == set(found.connectors)
    assert HIDDEN not in repr(found)
