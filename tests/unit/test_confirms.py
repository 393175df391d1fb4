"""Confirms and acknowledgements in ranges mean exactly the messages they name."""

from hypothesis import given
from hypothesis import strategies as st

from bus.acks import Acks
from bus.broker_errors import BrokerError, BrokerUnavailableError, NackedError, UnroutableError
from bus.confirms import Confirms, Key

KEY: Key = ("work", "onestop", "1")


def published(count: int) -> tuple[Confirms, dict[int, list[BrokerError | None]]]:
    """Publish so many messages; what each is told is written down."""
    confirms = Confirms()
    told: dict[int, list[BrokerError | None]] = {}
    for tag in range(1, count + 1):
        told[tag] = []
        confirms.published(("work", "onestop", str(tag)), told[tag].append)
    return confirms, told


@given(st.data())
def test_each_message_is_told_once_whatever_the_ranges(data: st.DataObject) -> None:
    """A broker confirms in ranges and singly, in any order; every message hears its own outcome once."""
    count = data.draw(st.integers(1, 30))
    confirms, told = published(count)
    expected: dict[int, bool] = {}
    while len(expected) < count:
        tag = data.draw(st.sampled_from(sorted(set(told) - set(expected))))
        multiple, fine = data.draw(st.booleans()), data.draw(st.booleans())
        meant = [each for each in told if (each <= tag if multiple else each == tag) and each not in expected]
        (confirms.acked if fine else confirms.nacked)(tag, multiple=multiple)
        expected |= dict.fromkeys(meant, fine)
        assert len(confirms) == count - len(expected)
    for tag, fine in expected.items():
        (error,) = told[tag]
        assert error is None if fine else isinstance(error, NackedError)


def test_a_returned_message_is_unroutable_and_its_neighbours_are_not() -> None:
    """The return names the message; the acknowledgement that follows covers all three."""
    confirms, told = published(3)
    confirms.returned(("work", "onestop", "2"))
    confirms.acked(3, multiple=True)
    assert told[1] == [None]
    assert isinstance(told[2][0], UnroutableError)
    assert told[3] == [None]


def test_two_returns_of_one_message_id_are_two_messages() -> None:
    """A delivery published twice comes back twice."""
    confirms = Confirms()
    told: list[BrokerError | None] = []
    for _ in range(2):
        confirms.published(KEY, told.append)
    confirms.returned(KEY)
    confirms.returned(KEY)
    confirms.acked(0, multiple=True)
    assert [type(error) for error in told] == [UnroutableError, UnroutableError]


def test_a_lost_channel_tells_everybody_who_waits_and_nobody_twice() -> None:
    """What was confirmed before stays confirmed."""
    confirms, told = published(3)
    confirms.acked(2, multiple=False)
    lost = BrokerUnavailableError("lost")
    confirms.fail(lost)
    confirms.fail(lost)
    assert told == {1: [lost], 2: [None], 3: [lost]}


def test_a_publisher_that_fails_on_its_outcome_costs_nobody_theirs() -> None:
    """Those before and after it are told as ever, by a confirm and by a loss."""
    confirms = Confirms()
    told: list[BrokerError | None] = []

    def broken(_error: BrokerError | None) -> None:
        raise LookupError("a mistake of ours")

    for done in (told.append, broken, told.append) * 2:
        confirms.published(KEY, done)
    confirms.acked(3, multiple=True)
    lost = BrokerUnavailableError("lost")
    confirms.fail(lost)
    assert told == [None, None, lost, lost]


@given(st.permutations(range(1, 13)), st.lists(st.booleans(), min_size=12, max_size=12))
def test_acknowledgements_cover_what_is_done_and_nothing_else(order: list[int], turns: list[bool]) -> None:
    """However deliveries end and turns fall, the broker is told of each once, of none before it is done."""
    at_broker: list[int] = []
    finished: set[int] = set()
    soon: list[object] = []

    def send(tag: int, multiple: bool) -> None:  # noqa: FBT001 - the protocol's shape
        meant = [each for each in range(1, tag + 1) if each not in at_broker] if multiple else [tag]
        assert set(meant) <= finished
        assert not set(meant) & set(at_broker)
        at_broker.extend(meant)

    acks = Acks(send, soon.append)
    for tag, turn in zip(order, turns, strict=True):
        finished.add(tag)
        acks.done(tag)
        acks.done(tag)
        if turn:
            acks.flush()
            assert set(at_broker) == finished
    acks.flush()
    assert sorted(at_broker) == list(range(1, 13))
    assert acks.settled == 12


def test_deliveries_done_in_one_turn_are_acknowledged_in_one_frame() -> None:
    """Without a gap there is one frame, whatever their order; a slow one holds nobody back."""
    frames: list[tuple[int, bool]] = []
    acks = Acks(lambda tag, multiple: frames.append((tag, multiple)), lambda _flush: None)
    for tag in (2, 3, 1, 5):
        acks.done(tag)
    acks.flush()
    assert frames == [(3, True), (5, False)]
    acks.done(4)
    acks.flush()
    assert frames[2:] == [(4, True)]  # 5 is acknowledged already: to the broker it is unknown


def test_acknowledgements_of_a_lost_channel_go_nowhere() -> None:
    """Its tags mean other messages on the next channel."""
    frames: list[int] = []
    acks = Acks(lambda tag, _multiple: frames.append(tag), lambda _flush: None)
    acks.done(1)
    acks.close()
    acks.flush()
    acks.done(2)
    acks.flush()
    assert frames == []
