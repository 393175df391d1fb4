"""Invented identifiers that are valid by their structure and checksum, and the checks for them."""

from datetime import date
from random import Random

HOME_PROVINCES = ("096",) * 6 + ("095",) * 3 + ("092", "091", "079", "001")
"""Where people of the province were registered at birth: mostly Cà Mau and Bạc Liêu."""

MOBILE_PREFIXES = (
    *("086", "096", "097", "098", "032", "033", "034", "035", "036", "037", "038", "039"),
    *("088", "091", "094", "081", "082", "083", "084", "085"),
    *("089", "090", "093", "070", "076", "077", "078", "079"),
    *("092", "056", "058", "099", "059", "087"),
)

_TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)


def citizen_id(rng: Random, sex: str, born: date) -> str:
    """Invent a citizen's number (CCCD): province 3, sex and century 1, year of birth 2, serial 6."""
    century = (born.year // 100 - 19) * 2 + (1 if sex == "female" else 0)
    return f"{rng.choice(HOME_PROVINCES)}{century}{born.year % 100:02d}{rng.randrange(1_000_000):06d}"


def is_citizen_id(number: str, sex: str, born: date) -> bool:
    """Say whether `number` is 12 digits that agree with the person's sex and year of birth."""
    if len(number) != 12 or not (number.isascii() and number.isdigit()):
        return False
    digit = int(number[3])
    agrees = digit % 2 == (sex == "female") and 19 + digit // 2 == born.year // 100
    return agrees and int(number[4:6]) == born.year % 100


def old_identity(rng: Random) -> str:
    """Invent an identity card of the old kind (CMND): 9 digits, 38 for what was Minh Hải."""
    return f"38{rng.randrange(10_000_000):07d}"


def tax_check_digit(nine: str) -> int | None:
    """Compute the check digit of a tax code's first nine digits; None where no single digit exists."""
    digit = 10 - sum(weight * int(n) for weight, n in zip(_TAX_WEIGHTS, nine, strict=True)) % 11
    return None if digit == 10 else digit


def tax_code(rng: Random) -> str:
    """Invent a tax code of ten digits (MST), issued in Cà Mau (20) or Bạc Liêu (19)."""
    while True:
        nine = f"{rng.choice(('20', '20', '19'))}{rng.randrange(1, 10_000_000):07d}"
        digit = tax_check_digit(nine)
        if digit is not None:
            return f"{nine}{digit}"


def branch_tax_code(rng: Random) -> str:
    """Invent a branch's tax code: ten digits, a hyphen, three digits from 001 (MST 13 số)."""
    return f"{tax_code(rng)}-{rng.randrange(1, 1000):03d}"


def insurance_number(rng: Random) -> str:
    """Invent a social insurance number of ten digits (mã số BHXH)."""
    return f"{rng.choice(('96', '95'))}{rng.randrange(100_000_000):08d}"


def mobile(rng: Random) -> str:
    """Invent a mobile number of ten digits, with a prefix in use."""
    return f"{rng.choice(MOBILE_PREFIXES)}{rng.randrange(10_000_000):07d}"


def tech_id(rng: Random) -> str:
    """Invent the portal account's technical number (TechID), the shape of a UUID [I]."""
    text = f"{rng.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"
