"""`python -m capforge_gateway.storage.migrate`: bring the database's tables to what this release needs.

- Waits for the database and says so.
- Run twice at once, one does it and the other finds it done.
- Everything or nothing: PostgreSQL changes tables in a transaction.
- Tables of a newer release are left as they are: a release works with the tables of the next one.

Exit status 2: the environment is wrong; 1: the database did not come, or refused.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from capforge_gateway.logs import BufferedLines, configure
from capforge_gateway.settings import SettingsError, settings_from
from capforge_gateway.storage.addresses import needed_database_url

LOCK = 7_021_967_251_840_552_193
"""The advisory lock of whoever changes the tables: a number that nobody else takes."""
_CONNECT_SECONDS = 5
_PAUSE_SECONDS = 1.0
_WAIT_SECONDS = 600.0
_EXIT_FAILED = 1
_EXIT_CONFIGURATION = 2
_log = structlog.get_logger()


def migrate(url: URL, revision: str = "head") -> bool:
    """Bring the tables to a revision; tell whether anything changed. Raises DBAPIError."""
    engine = create_engine(
        url, connect_args={"connect_timeout": _CONNECT_SECONDS, "application_name": "capforge-migrate"}
    )
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            return _upgraded(connection, revision)
    finally:
        engine.dispose()


def _upgraded(connection: Connection, revision: str) -> bool:
    config = configuration()
    before = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if before is not None and before not in known:
        _log.warning("tables are of a newer release and stay as they are", revision=before)
        return False
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    after = MigrationContext.configure(connection).get_current_revision()
    _log.info("tables are ready", before=before or "", revision=after)
    return before != after


def configuration() -> Config:
    """Return Alembic's configuration: its scripts are in this package."""
    config = Config()
    config.set_main_option("script_location", "capforge_gateway.storage:migrations")
    return config


def migrate_when_there(url: URL, wait_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
    """Migrate as soon as the database answers; raises DBAPIError when it has not for so long."""
    started = clock()
    while True:
        try:
            migrate(url)
        except OperationalError as error:
            waited = clock() - started
            if waited > wait_seconds:
                raise
            _log.info(
                "waiting for the database", host=url.host or "", waited_seconds=round(waited), error=_short(error)
            )
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _short(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]


def main() -> None:
    """Migrate the database that the environment names."""
    lines = BufferedLines(sys.stdout.fileno())
    try:
        settings = settings_from(os.environ)
        configure(settings.log_level, lines)
        migrate_when_there(needed_database_url(settings), _WAIT_SECONDS)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(_EXIT_CONFIGURATION)
    except DBAPIError as error:
        _log.error("tables could not be prepared", error=_short(error))
        sys.exit(_EXIT_FAILED)
    finally:
        lines.close()


if __name__ == "__main__":
    main()
