"""What the person and the cluster have done so far, shown live."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.live import Live

from capforge.cluster.connection import Cluster
from capforge_demo.follow import Row, print_changes, refuse_failure, row_of, table

Json = dict[str, Any]


@dataclass
class Board:
    """The rows: the person's work, the capability, its newest automatic run."""

    cluster: Cluster
    namespace: str
    capability: str
    _live: Live | None = None
    _shown: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Show it while the block runs."""
        console = Console(stderr=True)
        with Live(console=console, refresh_per_second=2, auto_refresh=sys.stderr.isatty()) as self._live:
            yield
        self._live = None

    def update(self, doing: str, done: int, of: int) -> Json:
        """Read the cluster, show all; return the Capability's status. Raises ToolError for a run that has failed."""
        person = Row("You", doing, "True" if done >= of else "Unknown", "Annotated" if done >= of else "Annotating", "")
        found = self.cluster.object("capabilities", self.namespace, self.capability)
        runs = [one for one in self.cluster.objects("trainingruns", self.namespace) if self._is_ours(one)]
        newest = sorted(runs, key=lambda one: str(one["metadata"]["creationTimestamp"]))[-1:]
        objects = [{**found, "kind": "Capability"}, *({**one, "kind": "TrainingRun"} for one in newest)]
        first = Row(person.kind, person.name, person.status, person.reason, f"{done} of {of}", 100 * done // of)
        rows = [first, *map(row_of, objects)]
        if self._live is not None and sys.stderr.isatty():
            self._live.update(table(rows))
        elif self._live is not None:
            print_changes(self._live.console, rows, self._shown)
        refuse_failure(objects[1:], self.namespace)
        return dict(found.get("status", {}))

    def _is_ours(self, run: Json) -> bool:
        return bool(run["spec"]["capabilityRef"]["name"] == self.capability)
