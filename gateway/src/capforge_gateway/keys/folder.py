"""Keys in files, for a gateway without a cluster: `<folder>/<namespace>/<key name>` holds one ApiKeyRecord."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import structlog

from capforge_gateway.keys.keyring import Keyring
from capforge_gateway.keys.records import records_from

_POLL_SECONDS = 0.5
_log = structlog.get_logger()


class FolderKeys:
    """Reads the folder again twice a second: files are few and small, and removing one must close its key soon."""

    def __init__(self, folder: Path, keyring: Keyring) -> None:
        self._folder = folder
        self._keyring = keyring
        self._namespaces: frozenset[str] = frozenset()
        self._task = asyncio.get_running_loop().create_task(self._poll())

    def follow(self, namespaces: Iterable[str]) -> None:
        wanted = frozenset(namespaces)
        for gone in self._namespaces - wanted:
            self._keyring.forget(gone)
        self._namespaces = wanted
        self.look()

    @property
    def settled(self) -> bool:
        return True

    async def aclose(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def look(self) -> None:
        """Read all keys of the followed namespaces."""
        for namespace in self._namespaces:
            try:
                stored = {
                    path.name: path.read_bytes()
                    for path in (self._folder / namespace).iterdir()
                    if path.is_file() and not path.name.startswith(".")
                }
            except FileNotFoundError:
                stored = {}
            except OSError as error:  # what was known stays known
                _log.warning("keys cannot be read", namespace=namespace, error=str(error))
                continue
            self._keyring.replace(namespace, records_from(namespace, stored))

    async def _poll(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(_POLL_SECONDS)
