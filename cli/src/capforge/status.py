"""Everything of Capforge in one table: capabilities, datasets, runs. Pure: objects in, rows out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

KINDS = {"capabilities": "Capability", "datasets": "Dataset", "trainingruns": "TrainingRun"}
_SUMMARY = {"capabilities": "Ready", "datasets": "Ready", "trainingruns": "Succeeded"}
_COLOURS = {"True": "green", "False": "red", "Unknown": "yellow"}
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
_BAR_WIDTH = 24
_UNDER_WAY = frozenset({"Training", "Exporting", "Evaluating", "Suspended"})
"""What nobody needs to be told about: the bar shows it, or a person wants it so. What starts may also hang."""
_TOLD = {
    "RolloutBlocked": frozenset({"LoadFailed", "ArtifactsMissing", "WorseThanChampion", "Pinned"}),
    "AutomaticTraining": frozenset({"LastRunFailed", "NameTaken", "BudgetExhausted", "GatewayUnavailable"}),
    "Intact": frozenset({"ContentsPurged"}),
}
"""Conditions besides the summary that a person should know of, by their reasons."""
_WHOLE_PERCENT = 100


@dataclass(frozen=True)
class Row:
    """One object."""

    kind: str
    namespace: str
    name: str
    status: str
    """Of its summary condition: True, False, Unknown."""
    reason: str
    message: str
    detail: str
    percent: int | None
    age_seconds: int
    notes: tuple[str, ...] = ()
    """What a person should know besides: `reason: message` of other conditions."""

    @property
    def told(self) -> tuple[str, ...]:
        """What stands below the table: why it is wrong or waits, and the notes."""
        waits = self.status == "Unknown" and self.reason not in _UNDER_WAY
        why = (self.message,) if self.message and (waits or self.status == "False") else ()
        return (*why, *self.notes)


def rows(plural: str, objects: Iterable[Mapping[str, Any]], now: datetime) -> list[Row]:
    """Return the rows of one kind, by namespace and name."""
    ordered = sorted(objects, key=lambda one: (one["metadata"]["namespace"], one["metadata"]["name"]))
    return [_row(plural, one, now) for one in ordered]


def as_documents(everything: Iterable[Row]) -> list[dict[str, Any]]:
    """Return the rows for programs."""
    return [asdict(row) for row in everything]


def table(everything: list[Row], *, namespaces: bool) -> RenderableType:
    """Return the table for people; messages of what is wrong stand below it."""
    shown = Table(box=None, pad_edge=False, header_style="bold", expand=False)
    columns = ["KIND", *(["NAMESPACE"] if namespaces else []), "NAME", "STATUS", "REASON", "PROGRESS", "DETAIL", "AGE"]
    for column in columns:
        shown.add_column(column, no_wrap=column in {"KIND", "STATUS", "REASON", "AGE"})
    for row in everything:
        place = [row.namespace] if namespaces else []
        status = Text(row.status, style=_COLOURS.get(row.status, ""))
        shown.add_row(
            row.kind, *place, row.name, status, row.reason, _bar(row.percent), row.detail, age(row.age_seconds)
        )
    notes = [Text.assemble((f"{row.kind} {row.name}: ", "bold"), text) for row in everything for text in row.told]
    return Group(shown, *([Text()] if notes else []), *notes)


def age(seconds: int) -> str:
    """Return a span as `3d4h`, `5m10s`, `7s`: its two largest units."""
    parts: list[str] = []
    for size, unit in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
        elif parts:
            break
    return "".join(parts[:2]) or "0s"


def _row(plural: str, one: Mapping[str, Any], now: datetime) -> Row:
    status: Mapping[str, Any] = one.get("status") or {}
    condition = _condition(status, _SUMMARY[plural])
    percent = status.get("progressPercent")
    active = condition.get("status", "Unknown") == "Unknown" or plural == "datasets"
    created = datetime.fromisoformat(one["metadata"]["creationTimestamp"])
    return Row(
        kind=KINDS[plural],
        namespace=one["metadata"]["namespace"],
        name=one["metadata"]["name"],
        status=condition.get("status", "Unknown"),
        reason=condition.get("reason", "Pending"),
        message=condition.get("message", ""),
        detail=_DETAILS[plural](one.get("spec") or {}, status),
        percent=percent if active and percent != _WHOLE_PERCENT else None,
        age_seconds=max(0, int((now - created.astimezone(UTC)).total_seconds())),
        notes=tuple(_notes(status)),
    )


def _notes(status: Mapping[str, Any]) -> Iterator[str]:
    for one in status.get("conditions") or []:
        if one["reason"] in _TOLD.get(one["type"], ()) and one.get("message"):
            yield f"{one['reason']}: {one['message']}"


def _condition(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    return next((one for one in status.get("conditions") or [] if one["type"] == kind), {})


def _capability(_spec: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    version = status.get("version")
    if version is None:
        return ""
    target = status.get("targetVersion")
    waiting = f" → {target}" if target and target != version else ""
    annotated = (status.get("annotations") or {}).get("progress")
    return f"version {version}{waiting}{f', {annotated} documents annotated' if annotated else ''}"


def _dataset(spec: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    submissions = (spec.get("source") or {}).get("submissions") or {}
    if status.get("digest") and "capabilityRef" in submissions:
        return f"{status.get('items', 0)} documents, {status['digest'][:12]}"
    if status.get("digest"):
        return f"{status.get('items', 0)} images, {status.get('entities', 0)} objects, {status['digest'][:12]}"
    faults = status.get("faultCount")
    return f"{faults} faults" if faults else ""


def _run(spec: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    parts = [str((spec.get("capabilityRef") or {}).get("name", ""))]
    if status.get("version"):
        parts.append(f"version {status['version']}")
    elif status.get("progress"):
        parts.append(str(status["progress"]))
    if status.get("remaining") and not status.get("completionTime"):
        parts.append(f"{status['remaining']} left")
    parts += [f"{one['name']} {one['value']}" for one in status.get("metrics") or [] if one["name"] == "map50"]
    return ", ".join(part for part in parts if part)


_DETAILS = {"capabilities": _capability, "datasets": _dataset, "trainingruns": _run}


def _bar(percent: int | None) -> RenderableType:
    if percent is None:
        return ""
    bar = Table.grid(padding=(0, 1))
    bar.add_row(ProgressBar(total=_WHOLE_PERCENT, completed=percent, width=_BAR_WIDTH), f"{percent} %")
    return bar
