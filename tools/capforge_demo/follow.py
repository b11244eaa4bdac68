"""What the cluster says about datasets, run and capability, shown live until a version answers."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from capforge.cluster.connection import Cluster
from capforge_demo.manifests import Example
from capforge_tools.errors import ToolError

_PAUSE_SECONDS = 2.0
_KINDS = {"Dataset": "datasets", "TrainingRun": "trainingruns", "Capability": "capabilities"}
_SUMMARY = {"Dataset": "Ready", "TrainingRun": "Succeeded", "Capability": "Ready"}
_BAR_WIDTH = 24

Json = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One line of the table: an object's kind and name, what it says, how far it is."""

    kind: str
    name: str
    status: str
    reason: str
    detail: str
    percent: int | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.reason or self.status} {self.detail}".rstrip()


def follow(cluster: Cluster, namespace: str, example: Example) -> str:
    """Show the progress until the run's version answers; return the version. Raises ToolError saying what is wrong."""
    console = Console(stderr=True)
    shown: dict[str, str] = {}
    with Live(console=console, refresh_per_second=2, transient=False, auto_refresh=sys.stderr.isatty()) as live:
        while True:
            objects = [_read(cluster, namespace, manifest) for manifest in example.all]
            rows = [row_of(one) for one in objects]
            if sys.stderr.isatty():
                live.update(table(rows))
            else:
                print_changes(console, rows, shown)
            refuse_failure(objects, namespace)
            version = serving_version(objects)
            if version:
                return version
            time.sleep(_PAUSE_SECONDS)


def row_of(document: Json) -> Row:
    """Reduce an object to its line."""
    kind, status = document["kind"], document.get("status", {})
    summary = condition(document, _SUMMARY[kind])
    shown = {"Dataset": _of_dataset, "TrainingRun": _of_run, "Capability": _of_capability}[kind](status)
    message = "" if shown or summary.get("status") == "True" else summary.get("message", "")
    if summary.get("reason") == "DatasetNotLocked":
        message = "waits for its datasets"
    return Row(
        kind,
        document["metadata"]["name"],
        summary.get("status", "Unknown"),
        summary.get("reason", "Pending"),
        shown or message[:100],
        status.get("progressPercent"),
    )


def serving_version(objects: list[Json]) -> str | None:
    """Return the version that answers once it is the run's own or a newer one."""
    run = next(one for one in objects if one["kind"] == "TrainingRun")
    capability = next(one for one in objects if one["kind"] == "Capability")
    made = run.get("status", {}).get("version")
    answers = capability.get("status", {}).get("version")
    is_serving = condition(capability, "ModelServing").get("status") == "True"
    return str(answers) if made and is_serving and _minor(answers) >= _minor(made) else None


def condition(document: Json, kind: str) -> Json:
    """Return one condition of an object, empty if it is not set."""
    conditions: list[Json] = document.get("status", {}).get("conditions", [])
    return next((one for one in conditions if one["type"] == kind), {})


def _minor(version: str) -> int:
    return int(version.partition(".")[2])


def refuse_failure(objects: Sequence[Json], namespace: str) -> None:
    """Raise ToolError for an object that has stopped, with what to do."""
    for one in objects:
        stalled = condition(one, "Stalled")
        if stalled.get("status") == "True":
            kind, name = one["kind"], one["metadata"]["name"]
            plural = _KINDS[kind]
            raise ToolError(
                f"{kind} {name} stopped: {stalled['reason']}: {stalled['message']}\n"
                f"Look at: kubectl --namespace {namespace} describe {plural} {name}; docs/runbook.md has each reason. "
                f"A TrainingRun is tried again by deleting it: kubectl --namespace {namespace} delete {plural} {name}"
            )


def _read(cluster: Cluster, namespace: str, manifest: Json) -> Json:
    found = cluster.object(_KINDS[manifest["kind"]], namespace, manifest["metadata"]["name"])
    return {**found, "kind": manifest["kind"]}


def _of_dataset(status: Json) -> str:
    if not status.get("digest"):
        return ""
    return f"{status.get('items', 0)} images, {status.get('entities', 0)} objects, digest {status['digest'][:12]}"


def _of_run(status: Json) -> str:
    metrics = [f"{one['name']} {float(one['value']):.3g}" for one in status.get("metrics", [])[:4]]
    remaining = f"about {status['remaining']} left" if status.get("remaining") else ""
    version = f"version {status['version']}" if status.get("version") else ""
    return ", ".join(word for word in (status.get("progress", ""), remaining, *metrics, version) if word)


def _of_capability(status: Json) -> str:
    return f"version {status['version']}" if status.get("version") else ""


def table(rows: Sequence[Row]) -> Table:
    """Return the rows with bars and colours, for a terminal."""
    shown = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("kind", "name", "", "", "progress"):
        shown.add_column(title)
    for row in rows:
        bar = ProgressBar(total=100, completed=row.percent, width=_BAR_WIDTH) if row.percent is not None else Text("")
        colour = {"True": "green", "False": "red"}.get(row.status, "yellow")
        shown.add_row(row.kind, row.name, Text(row.reason, style=colour), bar, row.detail)
    return shown


def print_changes(console: Console, rows: Sequence[Row], shown: dict[str, str]) -> None:
    """Print the rows that have changed since they were last `shown`, for logs."""
    for line in _changes(rows, shown):
        console.print(f"  {line}", highlight=False, soft_wrap=True)


def _changes(rows: Sequence[Row], shown: dict[str, str]) -> Iterator[str]:
    """Yield the lines that are new, for logs."""
    for row in rows:
        key = f"{row.kind}/{row.name}"
        if shown.get(key) != str(row):
            shown[key] = str(row)
            yield str(row)
