"""Where keys come from: the port that the rest of the gateway sees."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class KeySource(Protocol):
    """Keeps a Keyring equal to a source, for the namespaces that have capabilities."""

    def follow(self, namespaces: Iterable[str]) -> None:
        """Follow exactly these namespaces from now on; those no longer named are closed. Returns at once."""

    @property
    def settled(self) -> bool:
        """Tell whether the source has answered once for every namespace that is followed."""

    async def aclose(self) -> None:
        """Stop following; what is known stays known."""
