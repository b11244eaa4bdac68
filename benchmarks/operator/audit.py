"""What a program asked of the API server, by the API server's own audit log."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.eventually import eventually

_READS = frozenset({"get", "list", "watch"})
_POLICY = """apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
  - level: None
    verbs: [watch]
  - level: Metadata
"""
_FLUSH_SECONDS = 1


@dataclass(frozen=True)
class Calls:
    """How often each verb was asked of each resource (`capabilities/status`)."""

    of: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def all(self) -> int:
        """Every call, watches not counted: they last."""
        return sum(self.of.values())

    @property
    def writes(self) -> int:
        """Calls that create, change or delete."""
        return sum(count for (verb, _), count in self.of.items() if verb not in _READS)

    def __str__(self) -> str:
        return ", ".join(f"{verb} {resource} {count}" for (verb, resource), count in sorted(self.of.items())) or "none"


class AuditLog:
    """The log of one API server: `flags` go to it, `since` reads what was written after a mark."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "audit.log"
        self._policy = folder / "audit-policy.yaml"
        self._policy.write_text(_POLICY)

    @property
    def flags(self) -> tuple[str, ...]:
        """What kube-apiserver is started with."""
        return (
            f"--audit-policy-file={self._policy}",
            f"--audit-log-path={self._file}",
            "--audit-log-mode=batch",
            f"--audit-log-batch-max-wait={_FLUSH_SECONDS}s",
        )

    def mark(self) -> int:
        """Return the place of now, once what happened before is written."""
        self._flushed()
        return self._file.stat().st_size

    def since(self, mark: int, user: str = "", agent: str = "") -> Calls:
        """Count the calls after the mark of whoever has this in their user name and this in their user agent."""
        self._flushed()
        found: Counter[tuple[str, str]] = Counter()
        with self._file.open("rb") as file:
            file.seek(mark)
            for line in file:
                event = json.loads(line)
                if user in event["user"]["username"] and agent in event.get("userAgent", ""):
                    found[event["verb"], _resource(event.get("objectRef") or {})] += 1
        return Calls(found)

    def _flushed(self) -> None:
        """Wait until the log has not grown for longer than the server holds a batch back."""
        sizes = [-1] * 15

        def still() -> bool:
            sizes.append(self._file.stat().st_size if self._file.exists() else 0)
            return len(set(sizes[-15:])) == 1

        eventually(still, timeout_seconds=30, pause_seconds=0.1)


def _resource(reference: dict[str, str]) -> str:
    parts = (reference.get("resource", "?"), reference.get("subresource", ""))
    return "/".join(part for part in parts if part)
