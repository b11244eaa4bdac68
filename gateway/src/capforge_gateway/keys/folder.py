"""Keys in files, for a gateway without a cluster: `<folder>/<namespace>/<key name>` holds one ApiKeyRecord."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import structlog

from capforge_gateway.keys.keyring import Keyring
from capforge_gateway.keys.records import records_from
from capforge_gateway.tasks import cancelled

_POLL_SECONDS = 0.5
_log = structlog.get_logger()


class FolderKeys:
    """Reads the folder again twice a second: files are few and small, and removing one must close its key soon."""

    def __init__(self, folder: Path, keyring: Keyring) -> None:
        self._folder = folder
        self._keyring = keyring
        self._namespaces: frozenset[str] = frozenset()
        self._task = asyncio.get_running_loop().create_task(self._poll())

    def follow(self, namespaces: Iterable[str]) -> None:  # noqa: ARG002 - the folder says which there are
        self.look()

    @property
    def settled(self) -> bool:
        return True

    async def aclose(self) -> None:
        await cancelled(self._task)

    def look(self) -> None:
        """Read all keys; a namespace without a folder is closed."""
        try:
            found = frozenset(path.name for path in self._folder.iterdir() if path.is_dir())
        except FileNotFoundError:
            found = frozenset()
        except OSError as error:  # what was known stays known
            _log.warning("keys cannot be read", error=str(error))
            return
        for gone in self._namespaces - found:
            self._keyring.forget(gone)
        self._namespaces = found
        for namespace in found:
            self._look_into(namespace)

    def _look_into(self, namespace: str) -> None:
        try:
            stored = {
                path.name: path.read_bytes()
                for path in (self._folder / namespace).iterdir()
                if path.is_file() and not path.name.startswith(".")
            }
        except FileNotFoundError:  # a key or its folder went meanwhile: the next look knows
            return
        except OSError as error:  # what was known stays known
            _log.warning("keys cannot be read", namespace=namespace, error=str(error))
            return
        self._keyring.replace(namespace, records_from(namespace, stored))

    async def _poll(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(_POLL_SECONDS)
