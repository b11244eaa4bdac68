"""A watch's events on their way: dropped, doubled, swapped, cut off."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field

from tests.support.faults.kinds import Answer, Disturbed
from tests.support.faults.rules import Rule
from tests.support.faults.words import kubernetes_status

_CHANGES = {"ADDED", "MODIFIED", "DELETED"}


class Cut(Exception):  # noqa: N818 - reads as the fact it states
    """The connection breaks here; `last` is still sent."""

    def __init__(self, last: bytes = b"") -> None:
        self.last = last


class Ended(Exception):  # noqa: N818 - reads as the fact it states
    """The stream ends in good order; `last` is still sent."""

    def __init__(self, last: bytes = b"") -> None:
        self.last = last


@dataclass
class Disturbance:
    """Takes the lines of one watch, gives the lines that the client sees. Counts in the rule what it did."""

    rule: Rule
    fault: Disturbed
    _held: tuple[str, bytes] | None = None
    _seen: int = 0
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(f"{self.fault.seed}/{self.rule.matched}")  # noqa: S311 - chance, no secret

    def take(self, line: bytes) -> list[bytes]:
        """Return what is sent now; raises Cut, Ended."""
        event = json.loads(line)
        if self.rule.removed or event["type"] not in _CHANGES:
            return [*self.flush(), line]
        self._seen += 1
        self._end_if_due(line)
        if self._chance(self.fault.dropped):
            return []
        uid = str(event["object"]["metadata"].get("uid"))
        if self._held is None and self._chance(self.fault.swapped):
            self._held = (uid, line)
            return []
        again = [line] if self._chance(self.fault.doubled) else []
        if self._held is not None and self._held[0] == uid and not self.fault.swaps_own:
            return [*self.flush(), line, *again]
        return [line, *again, *self.flush()]

    def flush(self) -> list[bytes]:
        """Return what was held back."""
        held, self._held = self._held, None
        return [held[1]] if held else []

    def _chance(self, probability: float) -> bool:
        hit = self._random.random() < probability
        self.rule.done += hit
        return hit

    def _end_if_due(self, line: bytes) -> None:
        if self.fault.gone_after is not None and self._seen > self.fault.gone_after:
            self.rule.done += 1
            status = kubernetes_status(Answer(410))
            raise Ended(json.dumps({"type": "ERROR", "object": status}).encode() + b"\n")
        if self.fault.cut_after is not None and self._seen > self.fault.cut_after:
            self.rule.done += 1
            raise Cut(line[: len(line) // 2] if self.fault.cut_within else b"")
