"""What went wrong, named for what is to be done about it.

LienThongError
├── ConfigurationError        refuse to start; every fault with file, line and column
│   └── NotLetInError           or the server is not ready yet: a start tries again for a while, then refuses
├── StayedAwayError           a server that we cannot begin without stays away: start again later
├── LedgerUnavailableError    the ledger's database does not take a write now: repeat it
│   └── UnsettledError          a stop came first: the outcome is unknown, the next start asks for it
├── NotPossibleError          a person asked for what cannot be done: say why; nothing was written
├── IntakeError               a source handed in what cannot be kept as a message now
│   ├── RejectedMessageError    it is wrong: tell the sender every problem
│   └── UnavailableError        we cannot keep now (disk, shutdown): the sender tries again later
└── DeliveryError             a call to a peer did not end in an effect that we know of
    ├── TransientError          nothing was done: try again by the schedule
    ├── OutcomeUnknownError     it may have been done: ask before sending again
    ├── PermanentError          our message is wrong or the contract broken: a person
    └── RefusedByPeerError      the peer's business "no": a step of the dossier
"""

from collections.abc import Sequence


class LienThongError(Exception):
    """Everything that this project raises on purpose."""


class ConfigurationError(LienThongError):
    """The installation cannot run as configured; `problems` are lines `file:line:column: what. hint`."""

    def __init__(self, problems: Sequence[object]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class NotLetInError(ConfigurationError):
    """A server refuses login, virtual host, database or right: wrong settings, or it has just been made.

    A broker that was wiped listens before it has its users. So whoever starts may try again for a while.
    """


class StayedAwayError(LienThongError):
    """A server that we cannot begin without stayed away; nothing is wrong with us. Start again later."""


class LedgerUnavailableError(LienThongError):
    """The database did not take a write; it may be repeated, nothing of it was done or it is recognised."""


class UnsettledError(LedgerUnavailableError):
    """An outcome could not be written before the stop's end; nothing is lost, the peer is asked."""


class NotPossibleError(LienThongError):
    """A person asked for what cannot be done; the text says why and what to do. Nothing was written."""


class IntakeError(LienThongError):
    """A source handed in something that is not kept as it stands."""


class RejectedMessageError(IntakeError):
    """The message is wrong. `problems` name the sender's own paths; values are masked."""

    def __init__(self, problems: Sequence[object]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class UnavailableError(IntakeError):
    """Nothing was kept; the source shall hand it in again after `retry_after` seconds."""

    def __init__(self, text: str, *, retry_after: float = 30.0) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class DeliveryError(LienThongError):
    """A call without a known effect. `text` is a sentence for an operator, without personal data.

    `answer` is the peer's raw answer where there was one; it goes to the ledger, never to a log.
    `code` is the peer's own code. `retry_after` is its wish, in seconds, to be left alone for so long.
    """

    retry_after: float | None = None

    def __init__(self, text: str, *, code: str = "", answer: bytes = b"") -> None:
        super().__init__(text)
        self.text = text
        self.code = code
        self.answer = answer


class TransientError(DeliveryError):
    """Promises that nothing was done: no connection, or an answer that says so.

    `peer_down` says that the fault is the peer's or the network's as a whole, not this message's: it counts
    towards the breaker. `connected`: a connection stood, so somebody is there.
    """

    def __init__(
        self,
        text: str,
        *,
        code: str = "",
        answer: bytes = b"",
        retry_after: float | None = None,
        peer_down: bool = True,
        connected: bool = False,
    ) -> None:
        super().__init__(text, code=code, answer=answer)
        self.retry_after = retry_after
        self.peer_down = peer_down
        self.connected = connected or bool(code)


class OutcomeUnknownError(DeliveryError):
    """After the first byte was sent there was no usable answer: the effect may have happened."""

    def __init__(
        self, text: str, *, code: str = "", answer: bytes = b"", retry_after: float | None = None
    ) -> None:
        super().__init__(text, code=code, answer=answer)
        self.retry_after = retry_after


class PermanentError(DeliveryError):
    """Our message is wrong, the contract is broken or the mapping failed; `problems` are all of them."""

    def __init__(
        self, text: str, *, code: str = "", answer: bytes = b"", problems: Sequence[object] = ()
    ) -> None:
        super().__init__(text, code=code, answer=answer)
        self.problems = tuple(problems)


class RefusedByPeerError(DeliveryError):
    """The peer understood and said no; `reason` is for the dossier, in the peer's own words."""

    def __init__(self, text: str, *, reason: str, code: str = "", answer: bytes = b"") -> None:
        super().__init__(text, code=code, answer=answer)
        self.reason = reason
