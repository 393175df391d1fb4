"""Running every test there is against real servers, started once for all of them."""

import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from deploy.local.chromium import provide_chromium
from deploy.local.errors import ServerUnavailableError
from deploy.local.guard import guarded_popen
from deploy.local.java import provide_jaxws
from deploy.local.node import OIDC, SOAP, provide_node
from deploy.local.php import provide_php
from deploy.local.postgres import find_postgres
from deploy.local.promtool import provide_promtool
from deploy.local.rabbitmq import find_broker
from deploy.local.softhsm import provide_softhsm

AMQP_VARIABLE = "LIENTHONG_TEST_AMQP_URL"
POSTGRES_VARIABLE = "LIENTHONG_TEST_POSTGRES_URL"
ROOT = Path(__file__).resolve().parents[2]


def run_tests(args: list[str]) -> int:
    """Run pytest with `args` behind a private broker and a private PostgreSQL; return its exit code.

    What the environment variables `LIENTHONG_TEST_AMQP_URL` and `LIENTHONG_TEST_POSTGRES_URL` already name is
    used as it is. A server that cannot be had is announced; the tests that need it then skip with the reason,
    or fail where `CI=true`. May be repeated, also several at once.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lienthong-test-")))
        environment = dict(os.environ)
        # the tests start the bus some hundred times: without compiled modules that takes twice as long
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for variable, server in (
            (AMQP_VARIABLE, find_broker(folder / "rabbitmq", say=_say)),
            (POSTGRES_VARIABLE, find_postgres(folder / "postgres", say=_say)),
        ):
            environment |= stack.enter_context(_given(variable, server))
        _provide(lambda: provide_php(say=_say))
        _provide(lambda: provide_jaxws(say=_say))
        _provide(lambda: provide_node(SOAP, say=_say))
        _provide(lambda: provide_node(OIDC, say=_say))
        _provide(lambda: provide_chromium(say=_say))
        _provide(lambda: provide_softhsm(say=_say))
        _provide(lambda: provide_promtool(say=_say))
        return _run_pytest(args, environment)


def _provide(what: Callable[[], None]) -> None:
    try:
        what()
    except ServerUnavailableError as error:
        _say(f"{error}\nthe tests that need it are skipped, or fail where CI=true")


@contextmanager
def _given(variable: str, server: AbstractContextManager[str]) -> Iterator[dict[str, str]]:
    """Yield the variable that names the server for the tests; nothing where there is none or it is set."""
    with ExitStack() as stack:
        named: dict[str, str] = {}
        if not os.environ.get(variable):
            try:
                named = {variable: stack.enter_context(server)}
            except ServerUnavailableError as error:
                _say(f"{error}\nthe tests that need it are skipped, or fail where CI=true")
        yield named


def _run_pytest(args: list[str], environment: dict[str, str]) -> int:
    # in the order of collection: the long acceptance tests begin at once, nobody waits for them at the end
    order = ["--dist", "loadfile", "--no-loadscope-reorder"]
    # three on two cores: the long tests wait most of their time, for leases, outages and starts
    command = [sys.executable, "-m", "pytest", "-n", "3", *order, *args]
    with guarded_popen(command, env=environment, cwd=ROOT, stop_signal=signal.SIGINT, grace=20) as pytest:
        try:
            return pytest.wait()
        except KeyboardInterrupt:
            return pytest.stop()


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
