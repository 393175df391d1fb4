"""One function turns what became of a call into what is written of it."""

import random
from collections.abc import Sequence
from datetime import datetime

from bus.connector import Connector
from bus.errors import (
    DeliveryError,
    OutcomeUnknownError,
    PermanentError,
    RefusedByPeerError,
    TransientError,
)
from bus.ledger.records import Claimed, Fault, Keep, Settle
from bus.planning import Addressee
from bus.ports import Answer, Operation, Sighting
from bus.redaction import redacted
from mappings.dossier import Step

MOST_LOOKUP_WAIT = 3600.0
FOR_A_PERSON = 10 * 365 * 86400.0
POISON = 3
"""Attempts that ended with their process, after which a delivery is dead (rule 14)."""

LONGEST_CODE = 64
"""Characters of a peer's code that are kept beside an attempt; its answer is kept whole."""

_random = random.SystemRandom()


def of_answer(
    claimed: Claimed,
    holder: int,
    answer: Answer,
    *,
    view: tuple[str, bytes],
    says: Sequence[Keep],
    shown: tuple[str, bytes] | None = None,
    tie: str = "",
) -> Settle:
    """The peer did it; `shown` is the status that it now shows, `tie` what its later answers will name."""
    return Settle(
        claimed.delivery,
        claimed.attempt,
        holder,
        "delivered",
        reason=answer.note,
        answer=answer.raw,
        view=view,
        shown=shown,
        says=tuple(says),
        lookup=claimed.state == "unknown",
        tie=tie,
    )


def of_error(
    claimed: Claimed, holder: int, error: Exception, connector: Connector, operation: Operation | None
) -> Settle:
    """What an error class means: the table of the design, section 4."""
    base = (claimed.delivery, claimed.attempt, holder)
    text = error.text if isinstance(error, DeliveryError) else f"{type(error).__name__}: {error}"
    code = _code_of(error) if isinstance(error, DeliveryError) else ""
    answer = error.answer if isinstance(error, DeliveryError) else b""
    match error:
        case RefusedByPeerError():
            return Settle(
                *base,
                "refused",
                reason=error.reason,
                cause="refused",
                code=code,
                answer=answer,
                fault="policy",
            )
        case TransientError():
            return _retry(claimed, holder, error, connector)
        case OutcomeUnknownError():
            wait = connector.rhythm.look_up_after
            if operation is None or operation.certainty == "person":
                wait, text = FOR_A_PERSON, f"{text}; this peer cannot be asked: a person must look"
            return Settle(
                *base,
                "unknown",
                reason=text,
                cause="unknown",
                code=code,
                answer=answer,
                wait=wait,
                fault=_whose(error),
            )
        case PermanentError():
            problems = "; ".join(str(problem) for problem in error.problems)
            reason = f"{text}: {problems}" if problems else text
            return Settle(
                *base, "dead", reason=reason, cause="permanent", code=code, answer=answer, fault=_whose(error)
            )
    return Settle(*base, "dead", reason=text, cause="bug", fault="ours")


def step_of_refusal(
    settle: Settle, claimed: Claimed, connector: Connector, operation: Operation, at: datetime
) -> Step:
    """A refusal is an answer: the step that it is for the dossier. Pure."""
    return Step(
        id=f"refusal-{settle.delivery}",
        code=claimed.codes.get(connector.name),
        status=operation.refusal_status,
        at=at,
        handler=connector.type.title,
        content=settle.reason,
    )


def _code_of(error: DeliveryError) -> str:
    """The peer's own code as it may stand in lists: some peers quote in it what they were sent."""
    return redacted(error.code)[:LONGEST_CODE]


def _whose(error: DeliveryError) -> Fault:
    """Whose doing an error was: without a word of the peer the network's, unless the message is wrong."""
    match error:
        case PermanentError():
            return "data" if error.code or error.problems else "ours"
        case TransientError() if error.connected:
            return "theirs"
    return "theirs" if error.code or error.answer else "network"


def _retry(claimed: Claimed, holder: int, error: TransientError, connector: Connector) -> Settle:
    schedule = connector.rhythm.schedule
    base = (claimed.delivery, claimed.attempt, holder)
    if _is_exhausted(claimed, connector):
        reason = f"{error.text}; given up after {claimed.tries} tries"
        return Settle(
            *base,
            "dead",
            reason=reason,
            cause="exhausted",
            code=_code_of(error),
            answer=error.answer,
            fault=_whose(error),
        )
    wait = schedule.next_wait(claimed.tries, _random.random(), retry_after=error.retry_after)
    return Settle(
        *base,
        "retrying",
        reason=error.text,
        cause="transient",
        code=_code_of(error),
        answer=error.answer,
        wait=wait,
        fault=_whose(error),
    )


def _is_exhausted(claimed: Claimed, connector: Connector) -> bool:
    """Whether to give up: only the time counts in which the peer was up, and never while it is not."""
    if connector.gate.is_shut(claimed.operation):
        return False
    since, schedule = claimed.first_try_at, connector.rhythm.schedule
    if not schedule.is_exhausted(claimed.now - since):
        return False
    return schedule.is_exhausted(connector.gate.up_seconds(claimed.operation, since, claimed.now))


def of_sighting(claimed: Claimed, holder: int, sighting: Sighting, connector: Connector) -> Settle:
    """What a look-up means when it is not "done".

    "Not there" counts only after `absent_after`, and where a lease merely ran out only once its process is
    proved gone or has told how the call ended (rule 6).
    """
    base = (claimed.delivery, claimed.attempt, holder)
    absent_at = claimed.ended_at + connector.rhythm.absent_after
    is_over = claimed.doubt != "lease"
    if sighting.outcome == "not there" and is_over and claimed.now >= absent_at:
        if claimed.crashes >= POISON:
            return Settle(
                *base,
                "dead",
                reason="its process ended in three attempts",
                cause="poison",
                lookup=True,
                fault="ours",
            )
        return Settle(*base, "ready", reason="the peer does not have it", cause="absent", lookup=True)
    wait = min(MOST_LOOKUP_WAIT, connector.rhythm.look_up_after * 2 ** min(claimed.lookups, 10))
    if sighting.outcome == "not there" and is_over:
        wait = min(wait, max(0.05, absent_at - claimed.now))
    reason = f"asked: {sighting.outcome}"
    if not is_over:
        reason += "; the process that called it still lives and may still act"
    return Settle(*base, "unknown", reason=reason, cause="unknown", wait=wait, lookup=True)


def of_silence(claimed: Claimed, holder: int, error: Exception, connector: Connector) -> Settle:
    """A look-up that failed changes nothing but the time of the next one."""
    wait = min(MOST_LOOKUP_WAIT, connector.rhythm.look_up_after * 2 ** min(claimed.lookups, 10))
    text = error.text if isinstance(error, DeliveryError) else f"{type(error).__name__}: {error}"
    return Settle(
        claimed.delivery,
        claimed.attempt,
        holder,
        "unknown",
        reason=f"asked, without an answer: {text}",
        cause="unknown",
        wait=wait,
        lookup=True,
    )


def needless(claimed: Claimed, holder: int, reason: str) -> Settle:
    """Nothing to be sent: the peer has it already, shows what came later, or we only observe."""
    cause = "late status" if reason.startswith("late") else "no change"
    return Settle(claimed.delivery, claimed.attempt, holder, "superseded", reason=reason, cause=cause)


def elsewhere(claimed: Claimed, holder: int, to: Addressee) -> Settle:
    """Not sent: another system serves its agency, or has what it is about, and it goes there.

    With none a person must look.
    """
    base = (claimed.delivery, claimed.attempt, holder)
    if to.connector:
        served = f"{to.agency} is served by {to.connector} today"
        reason = f"what this is about went out over {to.connector}" if to.is_about_sent else served
        return Settle(*base, "ready", reason=reason, burned=False, moves_to=to.connector)
    if to.agency:
        reason = f'no system serves "{to.agency}", whom {to.field} names: name it in [connector] serves'
    else:
        reason = (
            f"{to.field} names an agency that today's table lacks: add it or its successor to agencies.csv"
        )
    return Settle(*base, "dead", reason=reason, cause="permanent")
