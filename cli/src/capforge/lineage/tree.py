"""A lineage for people. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text
from rich.tree import Tree

from capforge.console import harmless
from capforge.lineage.records import Annotated, DatasetLineage, Lineage

_DIGEST_CHARS = 12


def tree(lineage: Lineage, shown: int) -> Tree:
    """Return the tree, with at most `shown` documents of each dataset."""
    root = Tree(_line((f"{lineage.namespace}/{lineage.capability} version {lineage.version}", "bold")))
    if lineage.asked.document:
        root.add(_line("answered for document ", (lineage.asked.document, "bold")))
    root.add(_line(f"published {lineage.published_time}, ledger entry {lineage.ledger_entry}"))
    if lineage.gate:
        root.add(_line(f"gate: {lineage.gate}"))
    run = root.add(_line("run ", (lineage.run.name, "bold"), f", attempt {lineage.run.attempt}"))
    for text in _about_run(lineage):
        run.add(_line(text))
    for dataset in lineage.datasets:
        _add_dataset(root, dataset, shown)
    return root


def _about_run(lineage: Lineage) -> Iterable[str]:
    run = lineage.run
    if run.fired:
        yield f"made by itself {run.fired}"
    if run.template:
        yield f"template {run.template}, seed {run.seed}, image {run.image}"
    yield f"digest {run.digest}"
    yield f"model sha256 {run.model_sha256}"
    if run.figures:
        yield run.figures


def _add_dataset(root: Tree, dataset: DatasetLineage, shown: int) -> None:
    part = f", split {dataset.split}" if dataset.split else ""
    head = (f"{dataset.role} dataset " if dataset.role else "dataset ", (dataset.name, "bold"))
    branch = root.add(_line(*head, f"{part}: {dataset.items} items, digest {dataset.digest[:_DIGEST_CHARS]}"))
    if dataset.annotators:
        said = ", ".join(f"{name} ({count})" for name, count in dataset.annotators.items())
        branch.add(_line(f"annotated by {said}"))
    for one in dataset.submissions[:shown]:
        branch.add(_submission(one))
    if len(dataset.submissions) > shown:
        branch.add(_line((f"… and {len(dataset.submissions) - shown} more (--limit, or -o json)", "dim")))


def _submission(one: Annotated) -> Text:
    return _line(
        (one.name or one.document, "bold"),
        f": submission {one.submission} (number {one.sequence}) by ",
        (one.annotator, "cyan"),
        f" at {one.time}",
    )


def _line(*parts: str | tuple[str, str]) -> Text:
    """Return text without markup; names come from strangers."""
    pairs = [(part, "") if isinstance(part, str) else part for part in parts]
    return Text.assemble(*((harmless(text), style) for text, style in pairs))
