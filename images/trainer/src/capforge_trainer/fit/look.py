"""What a look at dev told while training."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Look:
    """One look; the best of them decides which weights are kept."""

    score: float | None
    """Higher is better; None where dev tells nothing."""
    metrics: dict[str, float] = field(default_factory=dict)
    """What people are shown."""
