"""The annotations of one snapshot in a SQLite file, so that memory does not grow with their number.

One thread uses it. Nothing of it outlives the process: a snapshot that was killed starts again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from capforge_contracts.dataset import Fault
from capforge_contracts.submissions import Submission
from capforge_snapshot.submissions.faults import LabelFault

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
DROP TABLE IF EXISTS annotations;
DROP TABLE IF EXISTS faults;
CREATE TABLE annotations (row INTEGER PRIMARY KEY, sha256 TEXT, document TEXT, sequence INTEGER, body BLOB,
    dropped INTEGER DEFAULT 0);
CREATE TABLE faults (row INTEGER PRIMARY KEY, code TEXT, record TEXT, message TEXT);
CREATE INDEX annotations_content ON annotations (sha256, sequence);
"""
_OLDER = """
UPDATE annotations SET dropped = 1 WHERE row NOT IN (
    SELECT row FROM annotations a WHERE sequence = (SELECT max(sequence) FROM annotations WHERE sha256 = a.sha256))
"""
_PAGE_ROWS = 200
_MAX_RECORD_CHARS = 256
_MAX_MESSAGE_CHARS = 1024
"""Names come from people and may be of any length; faults are shown in a status."""


class Inbox:
    """The annotations that came, and what is wrong with them."""

    def __init__(self, path: Path, source: str) -> None:
        """Start empty; `source` is what faults call the stream."""
        self._sql = sqlite3.connect(path, isolation_level=None)
        self._source = source
        self.clear()

    def close(self) -> None:
        self._sql.close()

    def clear(self) -> None:
        """Forget everything: the stream begins again."""
        if self._sql.in_transaction:
            self._sql.execute("COMMIT")
        self._sql.executescript(_SCHEMA)
        self._sql.execute("BEGIN")

    def add(self, submission: Submission) -> None:
        """Keep one annotation."""
        row = (submission.sha256, submission.document, submission.sequence, submission.to_json())
        self._sql.execute("INSERT INTO annotations (sha256, document, sequence, body) VALUES (?, ?, ?, ?)", row)

    def keep_newest_of_content(self) -> int:
        """Leave out all but the newest annotation of the same content; return how many were."""
        return self._sql.execute(_OLDER).rowcount

    def fault(self, record: str, fault: LabelFault) -> None:
        """Keep one fault."""
        values = (fault.code, _capped(record, _MAX_RECORD_CHARS), _capped(fault.message, _MAX_MESSAGE_CHARS))
        self._sql.execute("INSERT INTO faults (code, record, message) VALUES (?, ?, ?)", values)

    def drop(self, row: int) -> None:
        """Leave an annotation out where faults are skipped."""
        self._sql.execute("UPDATE annotations SET dropped = 1 WHERE row = ?", (row,))

    def count(self) -> int:
        """Return how many annotations stay."""
        (count,) = self._sql.execute("SELECT count(*) FROM annotations WHERE NOT dropped").fetchone()
        return int(count)

    def kept(self) -> Iterator[tuple[int, Submission]]:
        """Yield (row, annotation) of those that stay, by digest; rows may be dropped meanwhile."""
        last = ("", "", 0)
        query = (
            "SELECT sha256, document, row, body FROM annotations WHERE NOT dropped"
            " AND (sha256, document, row) > (?, ?, ?) ORDER BY sha256, document, row LIMIT ?"
        )
        while page := self._sql.execute(query, (*last, _PAGE_ROWS)).fetchall():
            for _, _, row, body in page:
                yield row, Submission.from_json(body)
            last = page[-1][:3]

    def faults(self) -> Iterator[Fault]:
        """Yield all faults in the order they were found, which depends on the source only."""
        for code, record, message in self._sql.execute("SELECT code, record, message FROM faults ORDER BY row"):
            yield Fault(code=code, file=self._source, record=record, message=message)


def _capped(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
