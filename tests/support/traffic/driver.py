"""Starts the sending process, collects its records, cuts windows out of them."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from capforge_tools.places import REPOSITORY
from tests.support.eventually import PATIENCE, eventually
from tests.support.servers import die_with_parent, stop
from tests.support.traffic.picture import photograph
from tests.support.traffic.process import Plan
from tests.support.traffic.record import Record
from tests.support.traffic.report import LEAST_REQUESTS, Report, Window

CLIENTS = 4
PAUSE_SECONDS = 0.04
TIMEOUT_SECONDS = 10.0 * PATIENCE
_AFTER_SECONDS = 0.3


class Traffic:
    """Requests that go on whatever the test does; every record is kept."""

    def __init__(self, plan: Plan, process: subprocess.Popen[bytes], log: Path) -> None:
        self._plan, self._process, self._log = plan, process, log
        self._lock = threading.Lock()
        self._records: list[Record] = []
        threading.Thread(target=self._collect, daemon=True).start()

    @property
    def records(self) -> list[Record]:
        """Return what has ended so far."""
        with self._lock:
            return list(self._records)

    def use(self, addresses: Sequence[str]) -> None:
        """Send new connections to these gateways from now on, as a Service does; kept-alive ones stay."""
        self._order(list(addresses))

    def around(self, name: str) -> Report:
        """Open a window now; what is under way when it closes is waited for."""
        begin = time.monotonic()

        def close() -> Window:
            end = time.monotonic()
            self.settle(end + _AFTER_SECONDS)
            return Window(begin, end, self.records)

        return Report(name, close)

    def wait_for_requests(self, count: int = LEAST_REQUESTS) -> None:
        """Wait until so many more requests have started and ended."""
        begin = time.monotonic()

        self._until(lambda: sum(one.started >= begin for one in self.records) >= count, self._plan.timeout_seconds * 2)

    def until_only(self, version: str, timeout_seconds: float = 60.0) -> None:
        """Wait until the newest answer of every client is of this version (`v1.2`)."""

        def reached() -> bool:
            newest = {one.client: one.version for one in self.records if one.answered}
            return set(newest.values()) == {version}

        self._until(reached, timeout_seconds)

    def settle(self, mark: float) -> None:
        """Wait until every client has started and ended a request after the mark: none from before is under way."""

        def heard_of_all() -> bool:
            return len({one.client for one in self.records if one.started > mark}) == self._plan.clients

        self._until(heard_of_all, self._plan.timeout_seconds * 2 + 10)

    def _until(self, check: Callable[[], bool], timeout_seconds: float) -> None:
        """Wait, but not for a sending process that has ended."""
        eventually(lambda: self._process.poll() is not None or check(), timeout_seconds)
        self._assert_running()

    def _assert_running(self) -> None:
        ended = self._process.poll()
        assert ended is None, f"the sending process ended with {ended}: {self._log.read_text()[-2000:]}"

    def _order(self, order: object) -> None:
        self._assert_running()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()

    def _collect(self) -> None:
        for line in self._process.stdout or ():
            record = Record.from_line(line.decode())
            with self._lock:
                self._records.append(record)


@contextmanager
def traffic(
    addresses: Sequence[str],
    namespace: str,
    capability: str,
    key: str,
    *,
    version: str = "v1",
    image: bytes | None = None,
    clients: int = CLIENTS,
    pause_seconds: float = PAUSE_SECONDS,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Iterator[Traffic]:
    """Send predictions for the block; it starts when every client has had its first answer, and refuses to start with errors."""
    plan = Plan(
        addresses=list(addresses),
        path=f"/v1/products/{namespace}/{capability}/{version}/predict",
        image_base64=base64.b64encode(photograph() if image is None else image).decode(),
        headers={"Authorization": f"Token {key}", "Content-Type": "image/jpeg"},
        clients=clients,
        pause_seconds=pause_seconds,
        timeout_seconds=timeout_seconds,
    )
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "traffic.log"
        process = _started(log)
        try:
            driver = Traffic(plan, process, log)
            driver._order(asdict(plan))
            begun = time.monotonic()
            driver.settle(begun)
            first = Window(begun, time.monotonic(), driver.records)
            Report("first requests", lambda: first).assert_no_errors(at_least=clients)
            yield driver
        finally:
            if process.stdin:
                process.stdin.close()
            stop(process)


def _started(log: Path) -> subprocess.Popen[bytes]:
    with log.open("w") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.support.traffic.process"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one prctl call, which takes no lock
        )
