"""SIGTERM and SIGINT as a question that the work asks itself between two steps."""

from __future__ import annotations

import signal
from types import FrameType

from capforge_trainer.errors import StoppedError


class Stopping:
    """Remembers that somebody asked the process to stop."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self._asked = False

    def listen(self) -> None:
        """Hear SIGTERM and SIGINT (main thread only)."""
        signal.signal(signal.SIGTERM, self._hear)
        signal.signal(signal.SIGINT, self._hear)

    def asked(self) -> bool:
        """Tell whether somebody asked."""
        return self._asked

    def check(self, doing: str) -> None:
        """Raise StoppedError if somebody asked; `doing` says what is broken off."""
        if self._asked:
            raise StoppedError(
                f"stopped while {doing}; another attempt goes on from the last checkpoint, or begins again"
            )

    def _hear(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._asked = True
