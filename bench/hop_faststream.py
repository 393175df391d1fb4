"""The peer: FastStream over aio-pika, its own way of doing the same, nothing kept.

A subscriber (a task a message, prefetch 200, publisher confirms) decodes, maps in and out, encodes and awaits
the publication (persistent, mandatory); FastStream acknowledges the source message when the handler returns.
What only costs is off in its favour: logging, argument validation, its own decoding. uvloop as for all.
"""

import asyncio
import sys
from datetime import datetime

from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitExchange, RabbitMessage, RabbitQueue

from bench.hop_child import PREFETCH, SINK, SOURCE, Report, Spec, peak_rss_mb, run
from bench.hop_message import compiled_sheet, work


async def _whole(message: RabbitMessage) -> RabbitMessage:
    """In place of FastStream's own decoding: the handler gets the message with its bytes."""
    return message


async def carry(spec: Spec, ended: asyncio.Event) -> Report:
    """Carry until told to end, then let the handlers finish."""
    topology, sheet = spec.topology, compiled_sheet()
    channel = Channel(prefetch_count=PREFETCH, publisher_confirms=True)
    broker = RabbitBroker(
        spec.url, logger=None, apply_types=False, default_channel=channel, graceful_timeout=20.0
    )
    at = datetime.now().astimezone()
    exchange = RabbitExchange(topology.work_exchange, declare=False)
    done = 0

    async def take(message: RabbitMessage) -> None:
        nonlocal done
        await broker.publish(
            work(sheet, message.body, at, at.date()),
            exchange=exchange,
            routing_key=SINK,
            persist=True,
            headers=message.headers,
            message_id=message.message_id,
            content_type="application/json",
        )
        done += 1

    queue = RabbitQueue(topology.work_queue(SOURCE), declare=False)
    subscribe = broker.subscriber(queue, ack_policy=AckPolicy.NACK_ON_ERROR, decoder=_whole)
    subscribe(take)
    await broker.start()
    await ended.wait()
    await broker.stop()
    return Report(done, peak_rss_mb())


if __name__ == "__main__":
    sys.exit(run(carry))
