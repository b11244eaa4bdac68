"""Document storage that is not configured: whatever is asked of it, it says so."""

from __future__ import annotations

from typing import NoReturn

from capforge_gateway.documents.ports import StorageAway

REASON = "document storage is off: set CAPFORGE_DATABASE_URL and CAPFORGE_STORE for the gateway"


class Off:
    """Stands for Documents, Blobs and the index of readings alike."""

    def __getattr__(self, name: str) -> object:
        def refuse(*_: object, **__: object) -> NoReturn:
            raise StorageAway(REASON)

        return refuse
