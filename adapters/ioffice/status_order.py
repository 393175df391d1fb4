"""Statuses of a document in their order (reference 3; only their append is documented, the order is [I]).

A receiver says 01 arrived, 02 refused or 03 registered, 04 assigned, 05 in progress (may repeat), 06 done.
Taking back is a talk of its own: 13 asked for, 15 agreed to, 16 declined.
"""

from adapters.ioffice.edxml.names import q
from bus.ports import Tree
from bus.status_order import StatusOrder, reachable

STEPS = {
    "01": ("02", "03"),
    "03": ("04", "05", "06"),
    "04": ("05", "06"),
    "05": ("04", "06"),
    "02": (),
    "06": (),
    "16": ("15",),
    "15": (),
}
_TAKING_BACK = frozenset({"13", "15", "16"})


def _of(tree: Tree) -> tuple[str, str]:
    """Which document it is about, and its status."""
    document = _text(tree, "MessageHeader/ResponseFor/DocumentId")
    status = _text(tree, "MessageHeader/StatusCode")
    return (f"{document} back" if status in _TAKING_BACK else document), status


def _text(tree: Tree, path: str) -> str:
    found = tree.find("/".join(map(q, path.split("/"))))
    return (found.text or "").strip() if found is not None else ""


ORDER = StatusOrder(_of, reachable(STEPS))
