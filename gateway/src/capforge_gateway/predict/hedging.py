"""When a silent model server is not waited for any longer, and how often another one may be asked as well. Pure.

- A server is given _TIMES the longest time that this model took lately, never less than SHORTEST_SECONDS: a slow model
  must not be asked for twice.
- Second requests are a small share of all (_SHARE and a burst), so that overload is never answered by doubling it.
"""

from __future__ import annotations

SHORTEST_SECONDS = 0.25
UNKNOWN_SECONDS = 1.0
"""For a model that has not answered yet: its first answer may take longer than all others."""
_TIMES = 4.0
_FORGETTING = 0.99
"""By each answer, so that one slow answer counts for about a hundred."""
_SHARE = 0.1
_BURST = 10.0
_MAX_MODELS = 1000


class Hedging:
    """Latencies by model and the budget of second requests. One event loop only."""

    def __init__(self) -> None:
        self._longest: dict[str, float] = {}
        self._budget = _BURST

    def delay(self, model: str) -> float:
        """Return after how many seconds of silence another server may be asked."""
        longest = self._longest.get(model)
        return UNKNOWN_SECONDS if longest is None else max(SHORTEST_SECONDS, _TIMES * longest)

    def answered(self, model: str, seconds: float) -> None:
        """Note an answer and how long its server took."""
        longest = self._longest.get(model, 0.0) * _FORGETTING
        if model not in self._longest and len(self._longest) >= _MAX_MODELS:
            self._longest.clear()
        self._longest[model] = max(longest, seconds)
        self._budget = min(self._budget + _SHARE, _BURST)

    def spend(self) -> bool:
        """Take one second request from the budget; False where it is used up."""
        if self._budget < 1:
            return False
        self._budget -= 1
        return True
