"""What a person sees of training without a cluster: one line that moves, then files and figures."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from capforge_contracts import layout
from capforge_contracts.run import DetectionMetrics, ModelCard, Phase, Progress, RunSpec
from capforge_contracts.store import ObjectStore

_FILES = (layout.MODEL, layout.CARD, layout.GOLDEN, layout.METRICS)
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
        summary = f"{progress.phase} {progress.percent} {progress.metrics.get('map50')}"
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
        parts.append(f"epoch {progress.epoch}/{progress.epochs}, step {progress.step}/{progress.steps}")
    if progress.remaining_seconds:
        minutes, seconds = divmod(progress.remaining_seconds, 60)
        parts.append(f"{minutes}:{seconds:02d} min left")
    parts += [f"{name} {value:.3f}" for name, value in progress.metrics.items()]
    return "  ".join(parts)


def collect(store: ObjectStore, spec: RunSpec, attempt: int, out: Path) -> Collected:
    """Copy the attempt's results into the folder."""
    out.mkdir(parents=True, exist_ok=True)
    files = []
    for name in _FILES:
        path = out / name
        path.write_bytes(store.get(layout.attempt_file(spec.namespace, spec.digest, attempt, name)))
        files.append(path)
    return Collected(ModelCard.from_json((out / layout.CARD).read_bytes()), files)


def report(collected: Collected) -> None:
    """Print figures and files."""
    card = collected.card
    lines = [
        f"\n{card.epochs} epochs in {card.train_seconds:.0f} s, input {card.input_width} x {card.input_height} pixels"
    ]
    lines += [line for role, one in (("dev", card.dev), ("test", card.test)) if one for line in _table(role, one, card)]
    lines += [f"warning: {warning}" for warning in card.warnings]
    lines += [f"left out: {count} objects of class {name}, no output" for name, count in card.ignored_classes.items()]
    lines += ["", *(str(path) for path in collected.files)]
    print("\n".join(lines), flush=True)  # noqa: T201 - the command's answer


def _table(role: str, metrics: DetectionMetrics, card: ModelCard) -> list[str]:
    head = f"{role} ({metrics.images} images)"
    rows = [("all", metrics.objects, metrics.map50, metrics.map50_95, metrics.precision, metrics.recall)]
    rows += [(one.name, one.objects, one.ap50, one.ap50_95, one.precision, one.recall) for one in metrics.classes]
    title = f"\n{head:<28}{'objects':>8}{'mAP50':>8}{'mAP50-95':>10}{'precision':>11}{'recall':>8}"
    title += f"   (at score {card.confidence_threshold:.2f})"
    return [title, *(f"  {name:<26}{count:>8}{_cells(numbers)}" for name, count, *numbers in rows)]


def _cells(numbers: list[float | None]) -> str:
    widths = (8, 10, 11, 8)
    texts = ["no data" if number is None else f"{number:.3f}" for number in numbers]
    return "".join(f"{text:>{width}}" for text, width in zip(texts, widths, strict=True))
