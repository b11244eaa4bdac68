"""Where keys come from: the port that the rest of the gateway sees."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class KeySource(Protocol):
    """Keeps a Keyring equal to a source, for all namespaces that the source knows, and those that have capabilities."""

    def follow(self, namespaces: Iterable[str]) -> None:
        """Follow these namespaces too from now on; those that nobody names any more are closed. Returns at once."""

    @property
    def settled(self) -> bool:
        """Tell whether the source has answered once for every namespace that is followed."""

    async def aclose(self) -> None:
        """Stop following; what is known stays known."""
