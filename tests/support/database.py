"""The embedded PostgreSQL, asked by its own client in its pod."""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.workloads import Workloads


@dataclass(frozen=True)
class Database:
    """Raises CommandFailedError while the server does not answer."""

    workloads: Workloads

    def ask(self, statement: str) -> str:
        """Run one statement and return the rows, a line each."""
        psql = ("psql", "--host=/tmp", "--username=capforge", "--tuples-only", "--no-align", "--quiet")
        where = ("exec", "statefulset/capforge-postgresql", "--")
        return self.workloads.kubectl(*where, *psql, f"--command={statement}").strip()

    def keep(self, word: str) -> None:
        """Write a row."""
        self.ask("CREATE TABLE IF NOT EXISTS e2e_kept (word text PRIMARY KEY)")
        self.ask(f"INSERT INTO e2e_kept VALUES ('{word}') ON CONFLICT DO NOTHING")  # noqa: S608 - the test's own word

    def kept(self) -> list[str]:
        """Return the rows."""
        return self.ask("SELECT word FROM e2e_kept ORDER BY word").splitlines()
