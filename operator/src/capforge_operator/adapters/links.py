"""The port Links: signed by the internal token, which the gateway verifies with."""

from __future__ import annotations

import asyncio
from pathlib import Path

from capforge_contracts.links import sign, signing_key
from capforge_operator.ports import Clock, PortError

_DAY_SECONDS = 86400


class SignedLinks:
    """Links to files of runs."""

    def __init__(self, base: str, days: int, token_file: Path, clock: Clock) -> None:
        """Take where people reach the gateway, for how long a link works, and the file of the internal token."""
        self.base = base.rstrip("/")
        self.days = days
        self._token_file = token_file
        self._clock = clock

    async def signed(self, path: str) -> str:
        """Return the path with its signature; raises PortError while there is no token."""
        try:
            key = await asyncio.to_thread(signing_key, self._token_file)
        except OSError as error:
            raise PortError(f"links cannot be signed: {self._token_file.name}: {type(error).__name__}") from error
        return sign(path, int(self._clock.now().timestamp()) + self.days * _DAY_SECONDS, key)
