"""The values that settings are made of: each is written as a text, checked when made, and plain to use.

A class with a `form` (an example of how it is written) is made from its text: `Seconds("20 seconds")`. It
raises ValueError with half a sentence that goes on from 'must be': what is expected of the text.
"""

import hmac
import ipaddress
import re
import unicodedata
from collections.abc import Mapping
from datetime import time
from typing import ClassVar, NoReturn, Self
from urllib.parse import quote, unquote, urlsplit

_TIMES = {
    "millisecond": 0.001,
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86_400,
    "week": 604_800,
    "year": 31_536_000,
}
_SIZES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZES |= {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_RATES = {"per second": 1.0, "per minute": 1 / 60, "per hour": 1 / 3600}


def _quantity(text: str, units: Mapping[str, float], expected: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?) +(\S.*)", text.strip())
    unit = found[2] if found else ""
    factor = units.get(unit) or units.get(unit.removesuffix("s"))
    if not found or factor is None:
        raise ValueError(expected)
    return float(found[1]) * factor


def _number(value: float) -> str:
    return f"{value:.10g}"


class Seconds(float):
    """A length of time (khoảng thời gian) in seconds, always written with its unit; a year has 365 days."""

    form: ClassVar[str] = '"20 seconds"'
    unit: ClassVar[str] = "time"

    def __new__(cls, value: str | float) -> Self:
        """Read the text form, or take a number as it is."""
        if not isinstance(value, str):
            return super().__new__(cls, value)
        expected = f"a number and one of {', '.join(f'{unit}s' for unit in _TIMES)}, like {cls.form}"
        return super().__new__(cls, _quantity(value, _TIMES, expected))

    @property
    def written(self) -> str:
        """The text form, in the largest unit that divides it."""
        for unit, factor in reversed(_TIMES.items()):
            amount = round(self / factor, 9)
            if amount >= 1 and amount == int(amount):
                return f"{int(amount)} {unit}{'' if amount == 1 else 's'}"
        return f"{_number(self)} seconds"


class Size(int):
    """A number of bytes (dung lượng). KB, MB and GB count in thousands; KiB, MiB and GiB in 1024s."""

    form: ClassVar[str] = '"200 MB"'
    unit: ClassVar[str] = "bytes"

    def __new__(cls, value: str | int) -> Self:
        """Read the text form, or take bytes as it is."""
        if not isinstance(value, str):
            return super().__new__(cls, value)
        expected = f"a number and one of {', '.join(_SIZES)}, like {cls.form}"
        return super().__new__(cls, int(_quantity(value, _SIZES, expected)))

    @property
    def written(self) -> str:
        """The text form, in the largest unit that divides it."""
        largest = sorted(_SIZES.items(), key=lambda pair: -pair[1])
        unit, factor = next(
            (unit, factor) for unit, factor in largest if self % factor == 0 and self >= factor
        )
        return f"{self // factor} {unit}"


class Rate(float):
    """A number of calls per second (số lần gọi mỗi giây)."""

    form: ClassVar[str] = '"20 per second"'
    unit: ClassVar[str] = "calls per time"

    def __new__(cls, value: str | float) -> Self:
        """Read the text form, or take a number as it is."""
        if not isinstance(value, str):
            return super().__new__(cls, value)
        expected = f"a number and one of {', '.join(_RATES)}, like {cls.form}"
        return super().__new__(cls, _quantity(value, _RATES, expected))

    @property
    def written(self) -> str:
        """The text form, in the smallest time that makes it a whole number."""
        for unit, factor in _RATES.items():
            amount = round(self / factor, 6)
            if amount == int(amount):
                return f"{int(amount)} {unit}"
        return f"{_number(self)} per second"


class Url(str):
    """An http or https address; no user or password in it, no fragment."""

    __slots__ = ()
    form: ClassVar[str] = '"https://host.example/path"'

    def __new__(cls, text: str) -> Self:
        """Check the text and keep it."""
        try:
            parts = urlsplit(text)
            whole = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
        except ValueError:
            whole = False
        if not whole or any(char.isspace() for char in text) or "#" in text:
            raise ValueError(f"an address like {cls.form}")
        if parts.username is not None or parts.password is not None:
            raise ValueError("an address without user and password; those are settings of their own")
        return super().__new__(cls, text)


class Address(str):
    """Where to listen: "host:port" (an IPv6 host in brackets); port 0 takes a free one."""

    __slots__ = ()
    form: ClassVar[str] = '"127.0.0.1:8443"'

    def __new__(cls, text: str) -> Self:
        """Check the text and keep it."""
        found = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^\s:\[\]/]+):(\d{1,5})", text)
        if not found or int(found[2]) > 65_535:
            raise ValueError(f"host:port, like {cls.form}")
        return super().__new__(cls, text)

    @property
    def host(self) -> str:
        """The host, without brackets."""
        return self.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port."""
        return int(self.rpartition(":")[2])


class ScannerUrl(str):
    """Where a clamd listens: over the network, or at a socket of this machine."""

    __slots__ = ()
    form: ClassVar[str] = '"tcp://127.0.0.1:3310" or "unix:/run/clamav/clamd.ctl"'

    def __new__(cls, text: str) -> Self:
        """Check the text and keep it."""
        try:
            parts = urlsplit(text)
            remote = parts.hostname and parts.port and text == f"tcp://{parts.netloc}"
        except ValueError:
            remote = False
        if not remote and not re.fullmatch(r"unix:/\S+", text):
            raise ValueError(f"an address like {cls.form}")
        return super().__new__(cls, text)

    @property
    def path(self) -> str:
        """The socket of this machine; "" where it is over the network."""
        return self.removeprefix("unix:") if self.startswith("unix:") else ""

    @property
    def host(self) -> str:
        """The host."""
        return urlsplit(self).hostname or ""

    @property
    def port(self) -> int:
        """The port."""
        return urlsplit(self).port or 0


class Hours(str):
    """Working hours of a day (giờ làm việc): from one time of day to another."""

    __slots__ = ()
    form: ClassVar[str] = '"07:00-11:00"'
    unit: ClassVar[str] = "times of day"

    def __new__(cls, text: str) -> Self:
        """Check the text and keep it."""
        found = super().__new__(cls, text.replace(" ", ""))
        try:
            ends_later = found.begin < found.end
        except ValueError:
            ends_later = False
        if not ends_later:
            raise ValueError(f"two times of a day, the later behind, like {cls.form}")
        return found

    @property
    def begin(self) -> time:
        """When work begins."""
        return time.fromisoformat(self.partition("-")[0])

    @property
    def end(self) -> time:
        """When it ends."""
        return time.fromisoformat(self.partition("-")[2])


class Network(str):
    """A range of addresses in CIDR form."""

    __slots__ = ()
    form: ClassVar[str] = '"10.8.1.0/24"'

    def __new__(cls, text: str) -> Self:
        """Check the text and keep it."""
        try:
            ipaddress.ip_network(text)
        except ValueError:
            raise ValueError(f"an address range without host bits, like {cls.form}") from None
        return super().__new__(cls, text)

    def __contains__(self, address: object) -> bool:
        """Tell whether an address (text) lies in the range; what is no address lies nowhere."""
        try:
            return ipaddress.ip_address(str(address)) in ipaddress.ip_network(str(self))
        except ValueError:
            return False


class BrokerUrl(str):
    """Where RabbitMQ is: several nodes of one cluster stand with commas. The password is its own setting."""

    __slots__ = ()
    form: ClassVar[str] = '"amqps://user@mq1.example:5671,mq2.example:5671/vhost"'
    _shape = re.compile(
        r"(?P<scheme>amqps?)://(?:(?P<user>[^@:/\s]+)@)?"
        r"(?P<hosts>[^@,/:\s]+(?::\d{1,5})?(?:,[^@,/:\s]+(?::\d{1,5})?)*)(?:/(?P<vhost>[^/?#\s]*))?"
    )

    def __new__(cls, text: str) -> Self:
        """Check the text and keep it."""
        if re.match(r"amqps?://[^@/]*:[^@/]*@", text):
            raise ValueError('an address without its password; write the password as "password"')
        found = cls._shape.fullmatch(text)
        if not found or any(port > 65_535 for _host, port in _hosts(found)):
            raise ValueError(f"an address like {cls.form}")
        return super().__new__(cls, text)

    def _part(self, name: str) -> str | None:
        found = self._shape.fullmatch(self)
        return found[name] if found else None

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.startswith("amqps")

    @property
    def user(self) -> str:
        """The user, "guest" where none is written."""
        return unquote(self._part("user") or "guest")

    @property
    def vhost(self) -> str:
        """The virtual host; "/" where none is written."""
        return unquote(self._part("vhost") or "/")

    @property
    def hosts(self) -> tuple[tuple[str, int], ...]:
        """The nodes as (host, port), in their order."""
        found = self._shape.fullmatch(self)
        return _hosts(found) if found else ()


def _hosts(found: re.Match[str]) -> tuple[tuple[str, int], ...]:
    usual = 5671 if found["scheme"] == "amqps" else 5672
    parts = (host.partition(":") for host in found["hosts"].split(","))
    return tuple((host, int(port or usual)) for host, _colon, port in parts)


class LedgerUrl(str):
    """Where the ledger is: PostgreSQL, or SQLite for one process. The password is its own setting."""

    __slots__ = ()
    form: ClassVar[str] = '"sqlite:///ledger.db" or "postgresql+psycopg://user@host/database"'
    _shape = re.compile(r"sqlite:///\S+|postgresql\+psycopg://(?:[^@:/\s]+@)?[^@/\s]*/[^/\s]+")

    def __new__(cls, text: str) -> Self:
        """Check the text and keep it."""
        if re.match(r"postgresql[^/]*://[^@/]*:[^@/]*@", text):
            raise ValueError('an address without its password; write the password as "password"')
        if not cls._shape.fullmatch(text):
            raise ValueError(f"an address like {cls.form}")
        return super().__new__(cls, text)

    @property
    def embedded(self) -> bool:
        """Whether it is SQLite, which serves one process."""
        return self.startswith("sqlite")


class Secret:
    """A value that no repr, text, JSON or pickle shows; `reveal()` gives it, `origin` is where it is from."""

    __slots__ = ("_value", "origin")
    form: ClassVar[str] = '"${NAME}" (environment) or "file:PATH"'

    def __init__(self, value: str, origin: str = "a secret") -> None:
        self._value = value
        self.origin = origin

    def reveal(self) -> str:
        """Give the value; whoever asks neither logs nor stores it."""
        return self._value

    @property
    def written(self) -> str:
        """Where the value is from, as the settings say it."""
        return self.origin

    def __repr__(self) -> str:
        return f"Secret({self.origin})"

    def __str__(self) -> str:
        return self.origin

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self.origin)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


def with_password(url: str, password: Secret | None) -> str:
    """Put the password behind the user of a `BrokerUrl` or `LedgerUrl`; the result is a secret too."""
    scheme, mark, rest = url.partition("://")
    user, at, place = rest.partition("@")
    if password is None or not at:
        return url
    return f"{scheme}{mark}{user}:{quote(password.reveal(), safe='')}@{place}"


def composed(text: str) -> str:
    """Return a text in Unicode's composed form (NFC), in which Vietnamese letters compare equal."""
    return unicodedata.normalize("NFC", text)
