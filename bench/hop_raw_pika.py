"""The limit: raw pika callbacks, pipelined, nothing kept, nothing tried again, no reconnection.

A message's callback decodes, maps in and out, encodes and publishes (persistent, mandatory, confirms); when
the broker confirms, the source message is acknowledged. Confirms and acknowledgements go in ranges where the
broker sends ranges. One connection, one channel each way, prefetch 200, uvloop. A failure ends the process.
"""

import asyncio
import sys
from datetime import datetime
from typing import Any

import pika
from pika.adapters.asyncio_connection import AsyncioConnection

from bench.hop_child import PREFETCH, SINK, SOURCE, Report, Spec, peak_rss_mb, run
from bench.hop_message import compiled_sheet, work


class _Hop:
    """Everything happens in pika's callbacks. Confirms come in the order of publishing or in ranges."""

    def __init__(self, spec: Spec, ended: asyncio.Event) -> None:
        self._topology = spec.topology
        self._sheet = compiled_sheet()
        self._ended = ended
        self._at = datetime.now().astimezone()
        self._day = self._at.date()
        self._published = 0
        self._unconfirmed: dict[int, int] = {}
        self._in: Any = None
        self._out: Any = None
        self.done = 0
        self.error: BaseException | None = None
        self.connection = AsyncioConnection(
            pika.URLParameters(spec.url),
            on_open_callback=self._opened,
            on_open_error_callback=self._failed,
            on_close_callback=self._failed,
            custom_ioloop=asyncio.get_running_loop(),
        )

    def _failed(self, _connection: object, reason: BaseException) -> None:
        self.error = self.error or reason
        self._ended.set()

    def _opened(self, connection: Any) -> None:
        connection.channel(on_open_callback=self._publishing)

    def _publishing(self, channel: Any) -> None:
        self._out = channel
        channel.confirm_delivery(ack_nack_callback=self._confirmed, callback=self._confirming)

    def _confirming(self, _frame: object) -> None:
        self.connection.channel(on_open_callback=self._consuming)

    def _consuming(self, channel: Any) -> None:
        self._in = channel
        channel.basic_qos(prefetch_count=PREFETCH, callback=self._limited)

    def _limited(self, _frame: object) -> None:
        self._in.basic_consume(self._topology.work_queue(SOURCE), self._take)

    def _take(self, _channel: object, method: Any, properties: Any, body: bytes) -> None:
        made = work(self._sheet, body, self._at, self._day)
        sent = pika.BasicProperties(
            content_type="application/json",
            headers=properties.headers,
            delivery_mode=2,
            message_id=properties.message_id,
        )
        self._out.basic_publish(self._topology.work_exchange, SINK, made, sent, mandatory=True)
        self._published += 1
        self._unconfirmed[self._published] = method.delivery_tag

    def _confirmed(self, frame: Any) -> None:
        method = frame.method
        if not isinstance(method, pika.spec.Basic.Ack):
            self._failed(self.connection, RuntimeError("the broker refused a message"))
            return
        tags = [method.delivery_tag]
        if method.multiple:
            tags = [tag for tag in self._unconfirmed if tag <= method.delivery_tag]
        for tag in tags:
            self._in.basic_ack(self._unconfirmed.pop(tag))
        self.done += len(tags)


async def carry(spec: Spec, ended: asyncio.Event) -> Report:
    """Carry until told to end."""
    hop = _Hop(spec, ended)
    await ended.wait()
    if hop.error is not None:
        raise hop.error
    report = Report(hop.done, peak_rss_mb())
    hop.connection.close()
    return report


if __name__ == "__main__":
    sys.exit(run(carry))
