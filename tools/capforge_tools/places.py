"""Where the tools keep things: caches that can be thrown away, state of what runs. Never inside the repository."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
"""Root of the repository that these tools belong to."""


@dataclass(frozen=True)
class Places:
    """The two folders of the tools (XDG base directories)."""

    cache: Path
    state: Path

    @classmethod
    def from_environment(cls, env: Mapping[str, str] = os.environ) -> Places:
        """Honour XDG_CACHE_HOME and XDG_STATE_HOME."""
        home = Path(env.get("HOME") or Path.home())
        cache = Path(env.get("XDG_CACHE_HOME") or home / ".cache")
        state = Path(env.get("XDG_STATE_HOME") or home / ".local" / "state")
        return cls(cache / "capforge", state / "capforge")

    @property
    def images_lock(self) -> Path:
        """Held by whoever builds or removes images."""
        return self.state / "images.lock"

    @property
    def binaries(self) -> Path:
        """Built upstream programs."""
        return self.cache / "bin"

    @property
    def cluster(self) -> Path:
        """Everything the local cluster writes."""
        return self.state / "cluster"
