"""The token: one for many calls, renewed once, never shown; what a probe tells."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bus.errors import (
    TransientError,
)
from bus.ports import Adapter
from tests.contract.onestop_adapter.onestops import CREATE, Connect, adapter, call
from tests.contract.strict_onestop import StrictOneStop

pytestmark = pytest.mark.contract


def test_many_calls_at_once_share_one_token(peer: StrictOneStop, connect: Connect) -> None:
    """Single flight, also when all tokens die at once."""
    one = connect()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: one.ping(), range(24)))
        assert peer.logins == 1
        peer.tokens.clear()
        list(pool.map(lambda _: one.ping(), range(24)))
    assert peer.logins == 2


def test_a_create_whose_token_died_is_made_once(peer: StrictOneStop, connect: Connect) -> None:
    """401 is refused at the door: another token, once more."""
    one = connect()
    one.ping()
    peer.tokens.clear()
    one.operations["create_dossier"].call(call(CREATE))
    assert len(peer.dossiers) == 1


def test_a_wrong_secret_kills_no_message_and_is_not_shown(peer: StrictOneStop, connect: Connect) -> None:
    """The message waits for an operator."""
    with pytest.raises(TransientError) as caught:
        connect(secret="sai-bi-mat").operations["create_dossier"].call(call(CREATE))
    assert caught.value.code == "login"
    assert "sai-bi-mat" not in repr(caught.value)
    assert peer.dossiers == {}


def test_a_probe_goes_through_all_layers_without_effect(peer: StrictOneStop, connect: Connect) -> None:
    """Every layer well, nothing written."""
    layers = [(probe.layer, probe.ok) for probe in connect().probe()]
    assert layers == [(name, True) for name in ("DNS", "TCP", "login", "schema", "echo")]
    assert set(peer.operations()) == {"token", "search", "online"}


def test_a_probe_names_the_layer_that_fails(peer: StrictOneStop, connect: Connect) -> None:
    """Nobody listens, wrong secret, a search that answers something else."""

    def failing(one: Adapter) -> str:
        probes = list(one.probe())
        one.close()
        assert [probe.ok for probe in probes] == [True] * (len(probes) - 1) + [False]
        return probes[-1].layer

    assert failing(adapter("http://127.0.0.1:9")) == "TCP"
    assert failing(connect(secret="sai")) == "login"
    peer.script["search"] = ["200 {}"]
    assert failing(connect()) == "schema"
