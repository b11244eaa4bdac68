"""Starts the embedded PostgreSQL: makes the database at the first start, then becomes the server.

Standard library only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_CLIENTS = "# Local tools by socket, everyone else by password.\nlocal all all trust\nhost all all all scram-sha-256\n"


class InvalidSettingError(Exception):
    """An environment variable is missing; the message names it."""


@dataclass(frozen=True)
class Settings:
    """What the first start makes, and where."""

    folder: Path
    user: str
    database: str
    password: str = field(repr=False)

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Settings:
        """Read the variables of the official image; raises InvalidSettingError."""
        user = env.get("POSTGRES_USER") or "capforge"
        file = env.get("POSTGRES_PASSWORD_FILE")
        password = Path(file).read_text().strip() if file else env.get("POSTGRES_PASSWORD", "")
        if not password:
            raise InvalidSettingError("POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE must hold the database's password")
        folder = Path(env.get("PGDATA") or "/data/pgdata")
        return cls(folder, user, env.get("POSTGRES_DB") or user, password)


def ensure_cluster(settings: Settings) -> None:
    """Make the database cluster if there is none; a start that was cut off leaves nothing that counts."""
    if (settings.folder / "PG_VERSION").is_file():
        return
    partial = settings.folder.with_name(f"{settings.folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    with tempfile.NamedTemporaryFile("w") as password:
        password.write(settings.password)
        password.flush()
        options = ("--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", f"--username={settings.user}")
        _run("initdb", f"--pgdata={partial}", f"--pwfile={password.name}", *options)
    (partial / "pg_hba.conf").write_text(_CLIENTS)
    # `postgres` exists already; its quotes are doubled as SQL wants it.
    if settings.database != "postgres":
        name = settings.database.replace('"', '""')
        _run("postgres", "--single", "-j", "-D", str(partial), "postgres", stdin=f'CREATE DATABASE "{name}";\n')
    partial.rename(settings.folder)


def _run(*argv: str, stdin: str = "") -> None:
    """Run one of the server's programs to its end, with its messages in the container's log."""
    subprocess.run(argv, input=stdin.encode(), stdout=sys.stderr, check=True)  # noqa: S603 - fixed words of our own


def command(settings: Settings) -> list[str]:
    """Return the server's command line."""
    fixed = {"listen_addresses": "*", "unix_socket_directories": "/tmp", "log_destination": "stderr"}  # noqa: S108
    flags = [word for key, value in fixed.items() for word in ("-c", f"{key}={value}")]
    return ["postgres", "-D", str(settings.folder), *flags]


def main() -> None:
    """Prepare the volume and replace this process by the server; further arguments are the server's own."""
    try:
        settings = Settings.from_environment(os.environ)
    except InvalidSettingError as error:
        sys.exit(str(error))
    # PostgreSQL refuses a folder that others may read.
    os.umask(0o077)
    ensure_cluster(settings)
    # A volume with an fsGroup may have opened it to the group meanwhile.
    settings.folder.chmod(0o700)
    argv = [*command(settings), *sys.argv[1:]]
    os.execvp(argv[0], argv)  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main()
