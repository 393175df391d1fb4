"""docs/metrics.md, made from the catalogue: `python -m monitoring.metrics.page > docs/metrics.md`."""

import sys
from collections.abc import Iterable, Iterator

from monitoring.metrics.catalogue import HEARD, LEDGER, PROCESS, Metric

_HEAD = """\
# Metrics (chỉ số)

Made from `monitoring/metrics/catalogue.py`; a test holds this page against it. Base units, prefix
`lienthong_`. Labels are configured names and closed lists, never anything out of a message. Each process has
its own port (`[listen.metrics]`; a `worker` takes the next free one).
"""

_PARTS = (
    ("As it happens, in every process", HEARD),
    ("What a process knows of itself", PROCESS),
    ("Counted from the ledger, by one elected process", LEDGER),
)


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *(part for title, metrics in _PARTS for part in _part(title, metrics))])


def _part(title: str, metrics: Iterable[Metric]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "".join(_rows(metrics))


def _rows(metrics: Iterable[Metric]) -> Iterator[str]:
    yield "| metric | kind | labels | meaning | nghĩa |\n| --- | --- | --- | --- | --- |\n"
    for metric in metrics:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        yield f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help} | {metric.vi} |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
