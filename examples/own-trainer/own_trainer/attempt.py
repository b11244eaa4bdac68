"""One attempt at a run: its number, its files, and how far it has come."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from capforge_contracts import layout
from capforge_contracts.run import AttemptClaim, Phase, Progress, RunSpec
from capforge_contracts.store import AlreadyExists, ObjectStore

_BETWEEN_SECONDS = 2.0
"""Progress within a phase is told no more often."""


@dataclass
class Attempt:
    """Where this process writes."""

    store: ObjectStore
    spec: RunSpec
    number: int
    rows: list[dict[str, Any]] = field(default_factory=list)
    """What metrics.jsonl will hold."""
    _told: tuple[Phase | None, float] = (None, 0.0)

    def put(self, name: str, data: bytes) -> None:
        """Write one of the attempt's files."""
        self.store.put(layout.attempt_file(self.spec.namespace, self.spec.digest, self.number, name), data)

    def tell(self, phase: Phase, percent: int, **known: Any) -> None:
        """Write progress.json, at once where the phase changes: what `kubectl get trainingruns` shows."""
        before, when = self._told
        if phase is before and time.monotonic() - when < _BETWEEN_SECONDS:
            return
        self.put(layout.PROGRESS, Progress(phase=phase, percent=percent, attempt=self.number, **known).to_json())
        self._told = (phase, time.monotonic())

    def note(self, **row: Any) -> None:
        """Add a row to the curves."""
        self.rows.append(row)

    def put_curves(self) -> None:
        """Write metrics.jsonl."""
        self.put(layout.METRICS, "".join(f"{json.dumps(row)}\n" for row in self.rows).encode())


def claim(store: ObjectStore, spec: RunSpec) -> Attempt:
    """Take the next free number; of several processes exactly one gets each."""
    number = 1
    while True:
        started = datetime.now(UTC).isoformat(timespec="seconds")
        document = AttemptClaim(attempt=number, host=socket.gethostname(), start_time=started)
        try:
            store.put_new(layout.attempt_file(spec.namespace, spec.digest, number, layout.ATTEMPT), document.to_json())
        except AlreadyExists:
            number += 1
        else:
            return Attempt(store, spec, number)


def has_succeeded(store: ObjectStore, spec: RunSpec) -> bool:
    """Tell whether an attempt has left its card: then there is nothing to do."""
    prefix = layout.attempts_prefix(spec.namespace, spec.digest)
    return any(one.key.endswith(f"/{layout.CARD}") for one in store.list(prefix))
