"""Where the database is: CAPFORGE_DATABASE_URL, or a file that holds it."""

from __future__ import annotations

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from capforge_gateway.settings import Settings, SettingsError

_SCHEMES = frozenset({"postgresql", "postgres", "postgresql+psycopg"})
_DRIVER = "postgresql+psycopg"


def database_url(settings: Settings) -> URL | None:
    """Return the address, or None where document storage is off; raises SettingsError without telling the password.

    What the address leaves out (`postgresql+psycopg://`) comes from libpq's variables: PGHOST, PGUSER, PGPASSWORD …
    """
    text, variable = settings.database_url, "CAPFORGE_DATABASE_URL"
    if settings.database_url_file is not None:
        variable = "CAPFORGE_DATABASE_URL_FILE"
        try:
            text = settings.database_url_file.read_text().strip()
        except OSError as error:
            raise SettingsError(f"{variable}: {settings.database_url_file}: {error.strerror}") from error
    if not text:
        return None
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in _SCHEMES:
        raise SettingsError(f"{variable}: not a database's address; allowed: postgresql://user:password@host:5432/name")
    return url.set(drivername=_DRIVER)


def needed_database_url(settings: Settings) -> URL:
    """Return the address for a program that is nothing without it; raises SettingsError."""
    url = database_url(settings)
    if url is None:
        raise SettingsError("CAPFORGE_DATABASE_URL is not set: there is no database to work on")
    return url
