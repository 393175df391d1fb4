"""Texts of others in a form that every database stores.

Why: PostgreSQL takes no zero byte in a text, and neither database half a pair of UTF-16, which a peer's JSON
may have. A reason or key with one would fail its write each time it is repeated: a settlement for ever, a
page with every poll. What came stays whole in the raw bytes.
"""

import re

from msgspec.structs import replace

from bus.ledger.records import Keep, Page, Settle

_UNKEPT = re.compile("[\x00\ud800-\udfff]")
_SHOWN = "\ufffd"


def plain(text: str) -> str:
    """The text, a replacement character in the place of each character that cannot be stored."""
    return _UNKEPT.sub(_SHOWN, text)


def plain_keep(keep: Keep) -> Keep:
    """A message that can be stored; the same value where it can already."""
    named = "".join(tie for _, tie in keep.ties)
    if not _UNKEPT.search(keep.key + keep.reason + "".join(keep.codes.values()) + named):
        return keep
    codes = {source: plain(code) for source, code in keep.codes.items()}
    ties = tuple((route, plain(tie)) for route, tie in keep.ties)
    return replace(keep, key=plain(keep.key), reason=plain(keep.reason), codes=codes, ties=ties)


def plain_page(page: Page) -> Page:
    """A page that can be stored."""
    keeps = tuple(plain_keep(keep) for keep in page.keeps)
    remember = {plain(subject): body for subject, body in page.remember.items()}
    return replace(page, cursor=plain(page.cursor), keeps=keeps, remember=remember)


def plain_settle(settle: Settle) -> Settle:
    """An outcome that can be stored; the same value where it can already."""
    named = settle.view[0] if settle.view else ""
    if not settle.says and not _UNKEPT.search(settle.reason + settle.code + named):
        return settle
    return replace(
        settle,
        reason=plain(settle.reason),
        code=plain(settle.code),
        view=settle.view and (plain(named), settle.view[1]),
        says=tuple(plain_keep(keep) for keep in settle.says),
    )
