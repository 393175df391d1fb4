"""What publishing and consuming can fail with, whatever library speaks to the broker.

BrokerError
├── BrokerUnavailableError   no connection, or it was lost before the confirm: published or not, nobody knows
├── UnroutableError          no queue is bound there: the broker gave the message back
├── NackedError              the queue is full and refused it, or the broker could not write it
└── MisuseError              a mistake of ours against the protocol; trying again does not help
"""

from bus.errors import LienThongError


class BrokerError(LienThongError):
    """The broker did not do what it was asked for; the ledger still knows everything."""


class BrokerUnavailableError(BrokerError):
    """There is no connection now, or it broke before the confirm came; may be published again."""


class UnroutableError(BrokerError):
    """The message was given back: nothing is bound to that exchange with that routing key."""


class NackedError(BrokerError):
    """The broker refused the message: its queue is full (reject-publish) or could not be written."""


class MisuseError(BrokerError):
    """What we asked cannot be said in AMQP, or not in this state."""
