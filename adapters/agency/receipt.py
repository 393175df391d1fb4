"""The receipt (mã tiếp nhận): a kept message's number with two check digits, `TN-000000042-33`.

It is made of what is on disk and of nothing else, so it is the same after a restart and for every repeat.
"""

import re

from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_97_10

PATTERN = r"^TN-[0-9]{9,15}-[0-9]{2}$"

_FORM = re.compile(r"TN-([0-9]{9,15})-([0-9]{2})")


def receipt_of(message: int) -> str:
    """The receipt of a message by its number in the ledger."""
    digits = f"{message:09d}"
    return f"TN-{digits}-{mod_97_10.calc_check_digits(digits)}"


def message_of(receipt: str) -> int | None:
    """The message that a receipt is for; None where it is none, or mistyped (ISO 7064 MOD 97-10)."""
    found = _FORM.fullmatch(receipt)
    if found is None:
        return None
    try:
        mod_97_10.validate(found[1] + found[2])
    except ValidationError:
        return None
    return int(found[1])
