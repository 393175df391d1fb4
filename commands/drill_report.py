"""`docs/reliability.md`: the results of drills, one after the other, and all of them together. Generated."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

PROMISES = ("lost", "duplicate_effects", "out_of_order", "echoes", "unaccounted", "illegal_transitions")
_RESULT = re.compile(r"^<!-- result (.*) -->$", re.MULTILINE)
_HEAD = """\
# What drills have shown

Written by `python3 run.py drill --report docs/reliability.md`; do not edit. Every line is a run that ended by
itself: processes, broker, peers, disk and clock were broken on purpose while dossiers flowed. Then the
simulated peers' own journals and registers were compared with what was submitted, and every move of every
delivery, noted by triggers in the database, with the protocol's table. `for a person` are deliveries
whose process was killed three times in the call without effect: poison, set aside by rule. The first
delivery is the slowest one after a broker of one node answered again, while kills and other faults went on.
"""


def write_report(file: Path, result: Mapping[str, Any]) -> None:
    """Add a result to a page and write the page anew; a run with the same seed and size takes its place."""
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    known = [msgspec.json.decode(text) for text in _RESULT.findall(before)]
    kept = [one for one in known if _name(one) != _name(result)]
    file.write_text(page([*kept, dict(result)]), encoding="utf-8")


def page(results: Sequence[Mapping[str, Any]]) -> str:
    """The page of some results."""
    heads = ("seed", "ledger", "processes", "nodes", "dossiers", "kills", "faults", *map(_words, PROMISES))
    rows = [(*_size(one), *(str(one[promise]) for promise in PROMISES), *_rest(one)) for one in results]
    last = ("at rest", "for a person", "moves", "first delivery after a broker's return, s", "seconds")
    parts = [_HEAD, _table((*heads, *last), rows)]
    for title, name in (("Kills by point", "kill_points"), ("Faults by kind", "faults")):
        total: Counter[str] = Counter()
        for one in results:
            total.update(one[name])
        parts += [
            f"## {title}\n",
            _table(("what", "how often"), [(k, str(v)) for k, v in sorted(total.items())]),
        ]
    left_out = {what: why for one in results for what, why in one["left_out"].items()}
    if left_out:
        parts += ["## Left out somewhere\n", _table(("what", "why"), sorted(left_out.items()))]
    parts.append("".join(f"<!-- result {msgspec.json.encode(one).decode()} -->\n" for one in results))
    return "\n".join(parts)


def _size(one: Mapping[str, Any]) -> tuple[str, ...]:
    count = sum(one["faults"].values())
    names = ("seed", "ledger", "processes", "nodes", "dossiers", "kills")
    return (*(str(one[name]) for name in names), str(count))


def _rest(one: Mapping[str, Any]) -> tuple[str, ...]:
    waits = ", ".join(f"{count} {cause}" for cause, count in one["for_a_person"].items()) or "0"
    first = one.get("first_delivery_after_broker_restart_s")
    moves, seconds = str(one["moves_audited"]), f"{one['seconds']:.0f}"
    return "yes" if one["quiet"] else "NO", waits, moves, "" if first is None else f"{first:.1f}", seconds


def _name(one: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(one[name] for name in ("seed", "ledger", "nodes", "processes", "dossiers"))


def _words(name: str) -> str:
    return name.replace("_", " ")


def _table(heads: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    heads = tuple(heads)
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
