"""What a person sees of training without a cluster: one line that moves, then files and figures."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from capforge_contracts import layout
from capforge_contracts.run import (
    CapabilityType,
    ClassificationMetrics,
    DetectionMetrics,
    DocumentMetrics,
    EmbeddingMetrics,
    ModelCard,
    Phase,
    Progress,
    RunSpec,
)
from capforge_contracts.store import ObjectStore

_FILES = (layout.MODEL, layout.CARD, layout.GOLDEN, layout.METRICS)
_PERHAPS = (layout.WEIGHTS, layout.REPORT)
_BAR_CELLS = 24
_WIDTH = 118


@dataclass(frozen=True)
class Collected:
    """The result in the folder a person named."""

    card: ModelCard
    files: list[Path]


def show_progress(stream: TextIO = sys.stderr) -> Callable[[Progress], None]:
    """Return a listener that keeps one line up to date; where the stream is no terminal, a line for each change."""
    shown = ""

    def moving(progress: Progress) -> None:
        end = "\n" if progress.phase is Phase.DONE else ""
        print(f"\r{progress_line(progress)[:_WIDTH]:<{_WIDTH}}", end=end, file=stream, flush=True)

    def growing(progress: Progress) -> None:
        nonlocal shown
        seen = [value for name, value in progress.metrics.items() if name != "loss"]
        summary = f"{progress.phase} {progress.percent} {seen}"
        if summary != shown:
            print(progress_line(progress), file=stream, flush=True)
        shown = summary

    return moving if stream.isatty() else growing


def progress_line(progress: Progress) -> str:
    """Return the progress as one line."""
    done = round(_BAR_CELLS * progress.percent / 100)
    bar = "█" * done + "·" * (_BAR_CELLS - done)
    parts = [f"{bar} {progress.percent:3d} % {progress.phase.lower()}"]
    if progress.phase is Phase.TRAINING:
        steps = f"/{progress.steps}" if progress.steps else ""
        parts.append(f"epoch {progress.epoch}/{progress.epochs}, step {progress.step}{steps}")
    if progress.remaining_seconds:
        minutes, seconds = divmod(progress.remaining_seconds, 60)
        parts.append(f"{minutes}:{seconds:02d} min left")
    parts += [f"{name} {value:.3f}" for name, value in progress.metrics.items()]
    return "  ".join(parts)


def collect(store: ObjectStore, spec: RunSpec, attempt: int, out: Path) -> Collected:
    """Copy the attempt's results into the folder."""
    out.mkdir(parents=True, exist_ok=True)
    files = []
    for name in (*_FILES, *_PERHAPS):
        key, path = layout.attempt_file(spec.namespace, spec.digest, attempt, name), out / name
        if name in _PERHAPS and not store.exists(key):
            continue
        path.write_bytes(store.get(key))
        files.append(path)
    return Collected(ModelCard.from_json((out / layout.CARD).read_bytes()), files)


def report(collected: Collected) -> None:
    """Print figures and files."""
    card = collected.card
    documents = card.capability_type is CapabilityType.FIELD_EXTRACTOR
    lines = [f"\n{card.epochs} epochs in {card.train_seconds:.0f} s"]
    lines[0] += "" if documents else f", input {card.input_width} x {card.input_height} pixels"
    lines += [line for role, one in (("dev", card.dev), ("test", card.test)) if one for line in _table(role, one, card)]
    for role, shares in (("dev", card.classification_dev), ("test", card.classification_test)):
        lines += _classes(role, shares) if shares else []
    for role, near in (("dev", card.embedding_dev), ("test", card.embedding_test)):
        lines += _neighbours(role, near) if near else []
    for role, figures in (("dev", card.document_dev), ("test", card.document_test)):
        lines += _fields(role, figures) if figures else []
    lines += [f"warning: {warning}" for warning in card.warnings]
    ignored = "labels of field {}, not in the data model" if documents else "objects of class {}, no output"
    lines += [f"left out: {count} {ignored.format(name)}" for name, count in card.ignored_classes.items()]
    lines += ["", *(str(path) for path in collected.files)]
    print("\n".join(lines), flush=True)  # noqa: T201 - the command's answer


def _table(role: str, metrics: DetectionMetrics, card: ModelCard) -> list[str]:
    head = f"{role} ({metrics.images} images)"
    rows = [("all", metrics.objects, metrics.map50, metrics.map50_95, metrics.precision, metrics.recall)]
    rows += [(one.name, one.objects, one.ap50, one.ap50_95, one.precision, one.recall) for one in metrics.classes]
    title = f"\n{head:<28}{'objects':>8}{'mAP50':>8}{'mAP50-95':>10}{'precision':>11}{'recall':>8}"
    title += f"   (at score {card.confidence_threshold:.2f})"
    return [title, *(f"  {name:<26}{count:>8}{_cells(numbers)}" for name, count, *numbers in rows)]


def _classes(role: str, metrics: ClassificationMetrics) -> list[str]:
    head = f"{role} ({metrics.objects} regions)"
    title = f"\n{head:<28}{'objects':>8}{'precision':>11}{'recall':>8}{'f1':>8}   taken for"
    names = [one.name for one in metrics.classes]
    rows = [
        f"  {one.name:<26}{one.objects:>8}{_number(one.precision):>11}{_number(one.recall):>8}{_number(one.f1):>8}   "
        + ", ".join(f"{names[said]} {count}" for said, count in enumerate(taken) if count and said != true)
        for true, (one, taken) in enumerate(zip(metrics.classes, metrics.confusion, strict=True))
    ]
    top5 = "" if metrics.top5 is None else f", top-5 {_number(metrics.top5)}"
    return [title, *rows, f"  top-1 {_number(metrics.top1)}{top5}, macro F1 {_number(metrics.macro_f1)}"]


def _neighbours(role: str, metrics: EmbeddingMetrics) -> list[str]:
    recalls = ((1, metrics.recall_at_1), (5, metrics.recall_at_5), (10, metrics.recall_at_10))
    told = [f"recall@{k} {_number(value)}" for k, value in recalls] + [f"mAP@R {_number(metrics.map_at_r)}"]
    return [f"\n{role} ({metrics.objects} regions of {metrics.classes} classes)  {', '.join(told)}"]


def _fields(role: str, metrics: DocumentMetrics) -> list[str]:
    folds = "train, by folds" if metrics.cross_validated else role
    head = f"{folds} ({metrics.documents} documents)"
    title = f"\n{head:<28}{'judged':>8}{'right':>8}{'precision':>10}{'recall':>11}{'f1':>8}"
    rows = [
        f"  {one.name:<26}{one.documents:>8}{one.right:>8}"
        + "".join(
            f"{_number(value):>{width}}"
            for value, width in zip((one.precision, one.recall, one.f1), (10, 11, 8), strict=True)
        )
        for one in metrics.fields
    ]
    whole = f"whole documents right {_number(metrics.whole_documents)}"
    calibration = f"calibration error {_number(metrics.calibration_error)}"
    total = f"  right {_number(metrics.accuracy)} of {metrics.decisions} decisions, {whole}, {calibration}"
    return [title, *rows, total]


def _number(value: float | None) -> str:
    return "no data" if value is None else f"{value:.3f}"


def _cells(numbers: list[float | None]) -> str:
    widths = (8, 10, 11, 8)
    texts = [_number(number) for number in numbers]
    return "".join(f"{text:>{width}}" for text, width in zip(texts, widths, strict=True))
