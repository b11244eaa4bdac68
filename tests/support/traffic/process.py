"""The sending process: `python -m tests.support.traffic.process`, apart from the test so that neither disturbs the other.

Standard input, lines of JSON: first a Plan, then lists of addresses as they change; its end is the end. Standard output:
one record a line.
"""

from __future__ import annotations

import base64
import itertools
import json
import sys
import threading
import time
from dataclasses import asdict, dataclass
from typing import TextIO

from tests.support.traffic.connection import Question, UserConnection


@dataclass(frozen=True)
class Plan:
    """What is sent how often."""

    addresses: list[str]
    """`http://host:port` of the gateways; a new connection goes to the next one."""
    path: str
    image_base64: str
    headers: dict[str, str]
    clients: int
    pause_seconds: float
    """Of each client between an answer and its next request."""
    timeout_seconds: float

    def to_line(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(asdict(self))


class Addresses:
    """Where new connections go, in turn; what a Service's endpoints are in a cluster. Any thread."""

    def __init__(self, addresses: list[str]) -> None:
        self._lock = threading.Lock()
        self.replace(addresses)

    def replace(self, addresses: list[str]) -> None:
        """Send new connections elsewhere; those that exist stay."""
        with self._lock:
            self._turns = itertools.cycle(list(addresses))

    def next(self) -> str:
        """Return the next address."""
        with self._lock:
            return next(self._turns)


def main(orders: TextIO, report: TextIO) -> None:
    """Send until the orders end."""
    plan = Plan(**json.loads(orders.readline()))
    question = Question(plan.path, base64.b64decode(plan.image_base64), plan.headers, plan.timeout_seconds)
    addresses, stopping, lock = Addresses(plan.addresses), threading.Event(), threading.Lock()

    def send(number: int) -> None:
        client = UserConnection(number, question, addresses.next)
        time.sleep(plan.pause_seconds * number / plan.clients)  # not all at once
        while not stopping.is_set():
            line = client.ask().to_line()
            with lock:
                report.write(line + "\n")
                report.flush()
            stopping.wait(plan.pause_seconds)
        client.close()

    senders = [threading.Thread(target=send, args=[number]) for number in range(plan.clients)]
    for sender in senders:
        sender.start()
    for line in orders:
        addresses.replace(json.loads(line))
    stopping.set()
    for sender in senders:
        sender.join()


if __name__ == "__main__":
    main(sys.stdin, sys.stdout)
