"""What the outside sees of a running attempt: progress.json, metrics.jsonl, TensorBoard events."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
from torch.utils.tensorboard import SummaryWriter

from capforge_contracts import layout
from capforge_contracts.model import canonical_json
from capforge_contracts.run import Phase, Progress
from capforge_contracts.store import ObjectStore
from capforge_trainer.fit.news import News

_LOG = structlog.get_logger(__name__)
_INTERVAL_SECONDS = 2.0
_DRAIN_SECONDS = 20.0
_SHARES = {
    Phase.PREPARING: (0, 3),
    Phase.TRAINING: (3, 90),
    Phase.EXPORTING: (90, 94),
    Phase.EVALUATING: (94, 99),
    Phase.DONE: (100, 100),
}
"""Percent of the whole run at which a phase starts and ends."""

Listener = Callable[[Progress], None]


class Watch:
    """Writes the attempt's progress at most every two seconds, at once when the phase changes; percent never falls."""

    def __init__(
        self,
        store: ObjectStore,
        key: Callable[[str], str],
        attempt: int,
        events: Path,
        listener: Listener = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        *,
        writes: bool = True,
    ) -> None:
        """`key` spells the attempt's files, `events` is a local folder, `listener` hears every change.

        Of several processes only one writes.
        """
        self._writes = writes
        self._news, self._key, self._clock, self._listener = News(store), key, clock, listener
        self._events = events
        self._summary = SummaryWriter(str(events))
        self._written_at = float("-inf")
        self.progress = Progress(phase=Phase.PREPARING, attempt=attempt)
        self.rows: list[dict[str, Any]] = []
        """Lines of metrics.jsonl, those of earlier attempts included."""

    def update(self, phase: Phase, share: float, **changes: Any) -> None:
        """Tell the share (0-1) of a phase that is done, with other fields of Progress."""
        entered = phase is not self.progress.phase
        low, high = _SHARES[phase]
        percent = max(self.progress.percent, int(low + (high - low) * min(1.0, max(0.0, share))))
        self.progress = self.progress.model_copy(update={"phase": phase, "percent": percent, **changes})
        self._listener(self.progress)
        if entered or self._clock() - self._written_at >= _INTERVAL_SECONDS:
            self._write(layout.PROGRESS, self.progress.to_json())
            self._written_at = self._clock()

    def record(self, step: int, **values: Any) -> None:
        """Add a line of metrics; numbers become TensorBoard scalars too."""
        self.rows.append({"step": step, **values})
        self._draw(self.rows[-1])

    def restore(self, rows: list[dict[str, Any]]) -> None:
        """Begin with the lines of earlier attempts: each attempt's metrics and events are whole by themselves."""
        self.rows[:] = rows
        for row in rows:
            self._draw(row)

    def flush(self) -> None:
        """Have metrics and events written to the store."""
        self._write(layout.METRICS, b"".join(canonical_json(row) + b"\n" for row in self.rows))
        self._summary.flush()
        for path in sorted(self._events.iterdir()):
            self._write(layout.EVENTS + path.name, path.read_bytes())

    def drain(self) -> None:
        """Wait for what is being written, not longer than a store in trouble is worth."""
        if not self._news.drain(_DRAIN_SECONDS):
            _LOG.warning("the object store takes no progress, metrics and events")

    def close(self) -> None:
        """Write what is left."""
        self.flush()
        self._summary.close()
        self.drain()

    def _draw(self, row: dict[str, Any]) -> None:
        for name, value in row.items():
            if name != "step" and isinstance(value, (int, float)):
                self._summary.add_scalar(name, value, row["step"])

    def _write(self, name: str, data: bytes) -> None:
        if self._writes:
            self._news.tell(self._key(name), data)
