"""The attempt of a run that this process makes: its number, its files."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from datetime import UTC, datetime

from capforge_contracts import layout
from capforge_contracts.run import AttemptClaim, RunSpec
from capforge_contracts.store import AlreadyExists, ObjectStore


@dataclass(frozen=True)
class Attempt:
    """Where this process writes."""

    store: ObjectStore
    namespace: str
    run_digest: str
    number: int

    def key(self, name: str) -> str:
        """Return the key of one of the attempt's files."""
        return layout.attempt_file(self.namespace, self.run_digest, self.number, name)

    def put(self, name: str, data: bytes) -> None:
        """Write one of the attempt's files; raises StoreError."""
        self.store.put(self.key(name), data)


def claim(store: ObjectStore, spec: RunSpec) -> Attempt:
    """Take the next free number: exactly one process gets each; raises StoreError."""
    number = 1
    while True:
        attempt = Attempt(store, spec.namespace, spec.digest, number)
        started = datetime.now(UTC).isoformat(timespec="seconds")
        document = AttemptClaim(attempt=number, host=socket.gethostname(), start_time=started)
        try:
            store.put_new(attempt.key(layout.ATTEMPT), document.to_json())
        except AlreadyExists:
            number += 1
        else:
            return attempt


def succeeded(store: ObjectStore, spec: RunSpec) -> int | None:
    """Return the number of an attempt that has finished already; None if none has."""
    prefix = layout.attempts_prefix(spec.namespace, spec.digest)
    cards = [one.key for one in store.list(prefix) if one.key.endswith(f"/{layout.CARD}")]
    return min((int(key.removeprefix(prefix).partition("/")[0]) for key in cards), default=None)
