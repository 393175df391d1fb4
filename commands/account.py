"""`account`: the proof of promise 4, at any moment."""

from typing import Any

from rich.table import Table

from bus.ledger import read
from bus.ledger.ledger import read_only
from bus.ledger.schema import STATES
from commands.tell import ledger_url, out, put_json

VIETNAMESE = {
    "waiting": "Chờ đến lượt",
    "ready": "Sẵn sàng gửi",
    "sending": "Đang gửi",
    "retrying": "Chờ gửi lại",
    "unknown": "Chưa rõ kết quả",
    "held": "Đang giữ lại",
    "delivered": "Đã giao",
    "refused": "Bị từ chối",
    "superseded": "Không cần gửi",
    "dead": "Cần người xử lý",
    "discarded": "Đã bỏ",
}


def show_account(given: str | None, *, as_json: bool) -> int:
    """Print the account; 1 where something is not accounted for."""
    account = read_only(ledger_url(given), read.account)
    if as_json:
        put_json(as_object(account))
    else:
        out().print(_table(account))
    return 1 if account.unaccounted else 0


def as_object(account: read.Account) -> dict[str, Any]:
    """The account as a program reads it."""
    return {
        "kept": sum(account.messages.values()),
        "messages": account.messages,
        "dossiers": account.dossiers,
        "planned": account.planned,
        "states": {state: account.states.get(state, 0) for state in STATES},
        "legs": account.legs,
        "unaccounted": account.unaccounted,
    }


def _table(account: read.Account) -> Table:
    kept = sum(account.messages.values())
    table = Table(
        title=f"{kept} messages kept, {account.dossiers} dossiers, {account.planned} deliveries planned"
    )
    table.add_column("state")
    table.add_column("trạng thái")
    table.add_column("deliveries", justify="right")
    for state in STATES:
        table.add_row(state, VIETNAMESE[state], str(account.states.get(state, 0)))
    table.add_section()
    table.add_row("unaccounted", "Không rõ ở đâu", str(account.unaccounted))
    return table
