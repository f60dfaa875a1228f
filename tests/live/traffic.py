"""Messages that arrive in queues of a real RabbitMQ, and consumers that keep up, fall silent or hang."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.live.rabbitmq import RabbitMq

PER_SECOND = 60
"""How many arrive and are read in each queue, by the clock: one a second of the model."""
READ = 5000
"""How many wait at the beginning where somebody reads and nobody writes."""
UNREAD, HUNG, SHRINKING, FOREIGN = "orders.paid", "orders.shipped", "orders.refunded", "invoices"
_TURN = 0.1


class Traffic(threading.Thread):
    """
    Nobody reads :data:`UNREAD` and :data:`FOREIGN`; who reads :data:`HUNG` takes every message and acknowledges none;
    :data:`SHRINKING` gets no more messages and is read. From :meth:`drain` on, all that arrives is read.
    """

    def __init__(self, broker: RabbitMq) -> None:
        super().__init__(name="traffic")
        self._connection = broker.connection()
        self._channel = self._connection.channel()
        self._channel.queue_declare(UNREAD, durable=True, arguments={"x-queue-type": "quorum"})
        for queue in (HUNG, SHRINKING, FOREIGN):
            self._channel.queue_declare(queue, durable=True)
        self._channel.basic_consume(HUNG, lambda *_: None)
        for _ in range(READ):
            self._channel.basic_publish("", SHRINKING, b"an order")
        self._drain, self._end = threading.Event(), threading.Event()

    def drain(self) -> None:
        """The consumers are mended."""
        self._drain.set()

    def end(self) -> None:
        """Returns when it is over; what it failed of fails the test."""
        self._end.set()
        self.join()

    def run(self) -> None:
        began, moved, mended = time.monotonic(), 0, False
        while not self._end.is_set():
            due = int(PER_SECOND * (time.monotonic() - began)) - moved
            for _ in range(due):
                for queue in (UNREAD, HUNG, FOREIGN):
                    self._channel.basic_publish("", queue, b"an order")
                self._channel.basic_get(SHRINKING, auto_ack=True)
            moved += due
            if self._drain.is_set() and not mended:
                mended = True
                self._channel.basic_consume(UNREAD, lambda *_: None, auto_ack=True)
            if mended:
                self._channel.basic_ack(0, multiple=True)
            self._connection.process_data_events(_TURN)
        self._connection.close()


@contextmanager
def traffic(broker: RabbitMq) -> Iterator[Traffic]:
    """Begun; the broker tells of every queue."""
    found = Traffic(broker)
    _wait_until_told(broker)
    found.start()
    try:
        yield found
    finally:
        found.end()


def _wait_until_told(broker: RabbitMq, seconds: float = 60) -> None:
    wanted = {UNREAD: 0, HUNG: 0, SHRINKING: READ, FOREIGN: 0}
    deadline = time.monotonic() + seconds
    while (told := {queue: broker.depth(queue) for queue in wanted}) != wanted:
        assert time.monotonic() < deadline, f"after {seconds:g} s the broker tells {told}, not {wanted}"
        time.sleep(0.1)
