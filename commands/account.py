"""`account`: the proof of promise 4, at any moment."""

from typing import Any

from rich.table import Table
from sqlalchemy import Connection

from bus.ledger import notices, read
from bus.ledger.gate_records import GateRow
from bus.ledger.gates import read_gates
from bus.ledger.ledger import read_only
from bus.ledger.schema import ENDS, OPEN, STATES, WAITS
from commands.gates import closings, line, settings_of
from commands.place import Place
from commands.tell import FINE, NEEDS_YOU, local_time, out, put_json
from monitoring.words import DELIVERIES, in_vietnamese

_MARKS = {
    "delivered": "green",
    "dead": "bold red",
    "unknown": "yellow",
    "held": "yellow",
    "retrying": "yellow",
}


def show_account(place: Place, *, as_json: bool) -> int:
    """Print the account; `NEEDS_YOU` where something is not accounted for. Reads only; may be repeated."""
    account, gates, late, called = read_only(place.ledger, _questions)
    shut = closings(gates, settings_of(place))
    if as_json:
        put_json(as_object(account, shut, late) | {"notices": called})
    else:
        _print(account, shut, late)
        _print_calls(called)
    return NEEDS_YOU if account.unaccounted else FINE


def _print_calls(called: dict[str, Any]) -> None:
    """Calls to agencies that were given up, or wait."""
    for agency, count in called.items():
        style = "bold red" if count["given_up"] else "dim"
        text = (
            f"Calls to {agency} (gọi lại cơ quan): {count['open']} to be made, {count['given_up']} given up"
        )
        out().print(text, style=style, soft_wrap=True)


def _questions(
    tx: Connection,
) -> tuple[read.Account, tuple[GateRow, ...], list[dict[str, Any]], dict[str, Any]]:
    return read.account(tx), read_gates(tx), read.late_done(tx), notices.counted(tx)


def as_object(
    account: read.Account, shut: list[dict[str, Any]], late: list[dict[str, Any]]
) -> dict[str, Any]:
    """The account as a program reads it."""
    return {
        "kept": sum(account.messages.values()),
        "messages": account.messages,
        "general": account.general,
        "dossiers": account.dossiers,
        "planned": account.planned,
        "states": {state: account.states.get(state, 0) for state in STATES},
        "legs": account.legs,
        "late": account.late,
        "given_up": account.given_up,
        "unaccounted": account.unaccounted,
        "gates": shut,
        "late_done": late,
    }


def _print(account: read.Account, shut: list[dict[str, Any]], late: list[dict[str, Any]]) -> None:
    console = out()
    console.print(_deliveries(account))
    aside = {state: count for state, count in account.messages.items() if state != "kept"}
    if aside:
        console.print(_set_aside(aside))
    for kind, count in account.general.items():
        text = f"{count} of the messages kept are {kind}: they belong to no dossier (không thuộc hồ sơ nào)"
        console.print(text, style="dim", soft_wrap=True)
    if account.legs:
        console.print(_legs(account))
    if account.given_up:
        what = f"The broker gave up on the work messages of {account.given_up} open deliveries: failed list"
        console.print(what, style="yellow")
    for closing in shut:
        console.print(line(closing), style="yellow", soft_wrap=True)
    for one in late:
        console.print(_late_line(one), style="bold red", soft_wrap=True)
    good = account.unaccounted == 0
    proof = f"{account.planned} planned = {sum(account.states.values())} in the states above"
    if good:
        console.print(f"Everything is accounted for (mọi thứ đều có chỗ): {proof}.", style="green")
    else:
        console.print(f"{account.unaccounted} NOT accounted for: {proof}.", style="bold red")


def _late_line(one: dict[str, Any]) -> str:
    """An answer that came too late to be written, and says otherwise than the row."""
    number, where = one["delivery"], f"{one['connector']}.{one['operation']}"
    return (
        f"delivery {number} ({where}): attempt {one['attempt']} was done after all, told at "
        f"{local_time(one['ended_at'])}, and the delivery is {one['state']}. Compare with the peer "
        f"(đối chiếu với nơi nhận); `failed show {number}` has its history"
    )


def _deliveries(account: read.Account) -> Table:
    kept = sum(account.messages.values())
    table = Table(title=f"{kept} messages kept, {account.dossiers} dossiers", title_justify="left")
    table.add_column("state")
    table.add_column("trạng thái")
    table.add_column("deliveries", justify="right")
    for states in (OPEN, ENDS):
        for state in states:
            count = account.states.get(state, 0)
            table.add_row(
                state, DELIVERIES[state], str(count), style=_MARKS.get(state, "") if count else "dim"
            )
        table.add_section()
    for state in account.states.keys() - set(STATES):
        table.add_row(state, "Trạng thái lạ", str(account.states[state]), style="bold red")
    table.add_row("all", "Tổng cộng", str(sum(account.states.values())))
    return table


def _legs(account: read.Account) -> Table:
    table = Table(title="legs (chặng)", title_justify="left")
    for name in ("state", "trạng thái"):
        table.add_column(name)
    for name in ("legs", "late (trễ hạn)"):
        table.add_column(name, justify="right")
    for state, count in sorted(account.legs.items()):
        late = account.late.get(state, 0)
        style = "yellow" if (late and state in WAITS) or state == "undoing" else ""
        table.add_row(state, in_vietnamese(state), str(count), str(late), style=style)
    return table


def _set_aside(aside: dict[str, int]) -> Table:
    table = Table(title="messages that wait for a person", title_justify="left")
    table.add_column("state")
    table.add_column("trạng thái")
    table.add_column("messages", justify="right")
    for state, count in aside.items():
        table.add_row(state, in_vietnamese(state), str(count), style="yellow")
    return table
