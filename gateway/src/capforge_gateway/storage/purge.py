"""`python -m capforge_gateway.storage.purge`: remove the bytes of documents that were deleted long enough ago.

May be run at any time, by several at once, and again after it was killed. Exit status 2: the environment is wrong; 1:
the database or the store went away, what is left is done by the next run.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from itertools import groupby

import structlog
from prometheus_client import CollectorRegistry

from capforge_contracts.store import StoreError
from capforge_gateway.documents.ports import StorageAway
from capforge_gateway.logs import BufferedLines, configure
from capforge_gateway.settings import Settings, SettingsError, settings_from
from capforge_gateway.storage.addresses import needed_database_url
from capforge_gateway.storage.database import Database, Patience
from capforge_gateway.storage.dataset_uses import uses_of
from capforge_gateway.storage.figures import StorageFigures
from capforge_gateway.storage.purging import Purge
from capforge_gateway.storage.wiring import opened_store

_EXIT_FAILED = 1
_EXIT_CONFIGURATION = 2
_UNHURRIED = Patience(connections=1, statement_seconds=60.0, transaction_seconds=120.0)
_log = structlog.get_logger()


async def purge(settings: Settings, environment: Mapping[str, str]) -> None:
    """Purge everything that is due; raises SettingsError, StorageAway, StoreError."""
    store = opened_store(settings, environment)
    database = Database(needed_database_url(settings), _UNHURRIED, StorageFigures(CollectorRegistry()))
    try:
        work = Purge(database, store, settings.purge_after_days)
        for namespace, group in groupby(await work.due(), key=lambda content: content.namespace):
            contents = list(group)
            uses = await asyncio.to_thread(uses_of, store, namespace, {one.sha256 for one in contents})
            _log.info("purge begins", namespace=namespace, contents=len(contents), datasets=len(uses.annotated))
            blobs = sum([await work.purge(content, uses) for content in contents])
            _log.info("purge done", namespace=namespace, contents=len(contents), blobs_removed=blobs)
    finally:
        await database.aclose()


def main() -> None:
    """Purge what the environment names."""
    lines = BufferedLines(sys.stdout.fileno())
    try:
        settings = settings_from(os.environ)
        configure(settings.log_level, lines)
        asyncio.run(purge(settings, os.environ))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(_EXIT_CONFIGURATION)
    except (StorageAway, StoreError) as error:
        _log.error("purge stopped; the next one goes on", error=str(error))
        sys.exit(_EXIT_FAILED)
    finally:
        lines.close()


if __name__ == "__main__":
    main()
