"""The operator as a forked process: restarted in a moment, killed by SIGKILL like any other."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from tests.integration.operator.process import Installation, OperatorProcess
from tests.support.eventually import eventually
from tests.support.faults.nursery import Child, Nursery


@dataclass
class ForkedOperator:
    """Starts, kills and starts again. `lives` counts the starts."""

    nursery: Nursery
    plan: OperatorProcess
    """What it is started with."""
    child: Child | None = None
    lives: int = 0

    @classmethod
    def of(cls, nursery: Nursery, installation: Installation, **environment: str) -> ForkedOperator:
        quick = {
            "CAPFORGE_POLL_SECONDS": "0.2",
            "CAPFORGE_LIVENESS_PATIENCE_SECONDS": "30",
            "CAPFORGE_LOG_LEVEL": "info",
            **environment,
        }
        return cls(nursery, OperatorProcess(installation, quick))

    @property
    def is_running(self) -> bool:
        return self.child is not None and self.child.poll() is None

    @property
    def log(self) -> str:
        return self.plan.log_file.read_text()

    def start(self) -> None:
        """Start, and do not wait. A life counts once it is this one that `kill` hits."""
        self.child = self.nursery.start("capforge_operator", [], self.plan.variables(), self.plan.log_file)
        self.lives += 1

    def start_healthy(self) -> None:
        self.start()
        eventually(lambda: self.plan.health()[0] == 200, 60)

    def keep_running(self) -> None:
        """Do what a kubelet does: start it again if it has ended."""
        if not self.is_running:
            self.start()

    def kill(self) -> None:
        """SIGKILL; from any thread."""
        if self.child is not None:
            self.child.send_signal(signal.SIGKILL)

    def end(self) -> None:
        self.kill()
        if self.child is not None:
            self.child.wait(30)
