"""`capforge dataset list | stats | diff | export`: the content of locked datasets."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from capforge.commands.options import Context, Gateway, Key, Namespace
from capforge.commands.status import Output
from capforge.console import err, harmless, out, remark
from capforge.dataset.opening import pages, shelf_of
from capforge.dataset.shelf import Locked, Shelf
from capforge.dataset.showing import AnyDifference, compared, difference_lines, figures_document, figures_table
from capforge.dataset.writing import write_files
from capforge.errors import CliError, Exit
from capforge.gateway_api import DATASETS, opened
from capforge_contracts.dataset import Split
from capforge_contracts.exports import Content, ExportFormat, WrongFormat, export, of_split
from capforge_contracts.exports.documents import TABLE_NAME, LockedDocuments
from capforge_contracts.exports.files import FetchedFile, TextFile

Which = Annotated[str, typer.Argument(help="Name of a locked Dataset, or the digest of one.")]
Form = Annotated[Output, typer.Option("--output", "-o", help="For people or for programs.")]
Asked = Annotated[
    str | None,
    typer.Option(
        "--gateway",
        envvar="CAPFORGE_GATEWAY_URL",
        help="Ask this gateway, with an API key; without it the cluster and the object store are asked.",
    ),
]


def show_all(
    output: Form = Output.TABLE,
    namespace: Namespace = None,
    gateway: Gateway = None,
    key: Key = None,
    context: Context = None,
) -> None:
    """List the datasets of a namespace through the gateway: locked ones, those under way, those with faults."""
    with opened(namespace, gateway, key, context, DATASETS) as api:
        found = [one for page in pages(api, "", "datasets") for one in page]
    if output is Output.JSON:
        print(json.dumps(found, indent=2))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("DATASET", "STATE", "ITEMS", "LABELS", "DIGEST", "TAKEN AT"):
        table.add_column(column, justify="right" if column in {"ITEMS", "LABELS"} else "left")
    for one in found:
        figures = (str(one["items"]), str(one["objects"]))
        table.add_row(one["name"], one["state"], *figures, (one["digest"] or "")[:12], one["as_of"] or "")
    out.print(table)


def stats(
    dataset: Which,
    namespace: Namespace = None,
    output: Form = Output.TABLE,
    gateway: Asked = None,
    key: Key = None,
    context: Context = None,
) -> None:
    """Show what is in a dataset: objects by split and class, or what was said about each field of documents."""
    with shelf_of(namespace, gateway, key, context) as shelf:
        locked = shelf.locked(dataset)
    if output is Output.JSON:
        print(json.dumps({"digest": locked.digest, **figures_document(locked.content)}, indent=2))
    else:
        out.print(figures_table(locked.content, f"dataset {locked.digest[:12]}"))


def diff(
    before: Which,
    after: Which,
    namespace: Namespace = None,
    limit: Annotated[int, typer.Option(min=0, help="Images or documents that are listed.")] = 20,
    output: Form = Output.TABLE,
    gateway: Asked = None,
    key: Key = None,
    context: Context = None,
) -> None:
    """Show what differs between two datasets: items added, removed, moved to another split, labelled otherwise."""
    with shelf_of(namespace, gateway, key, context) as shelf:
        old, new = (shelf.locked(one).content for one in (before, after))
    found = compared(old, new, sys.maxsize if output is Output.JSON else limit)
    if found is None:
        raise CliError("one of the two is a dataset of images, the other one of documents", code=Exit.WRONG_USAGE)
    if output is Output.JSON:
        print(json.dumps(found.as_document(), indent=2))
    else:
        _show(found)


def write(
    dataset: Which,
    folder: Annotated[Path, typer.Argument(help="Where to write; made if it is missing.")],
    form: Annotated[
        ExportFormat | None,
        typer.Option(
            "--format",
            "-f",
            help="Of images coco (where it is left out), yolo, manifest; of documents manifest (left out), csv.",
        ),
    ] = None,
    split: Annotated[Split | None, typer.Option(help="Only this split.", case_sensitive=False)] = None,
    namespace: Namespace = None,
    gateway: Asked = None,
    key: Key = None,
    context: Context = None,
) -> None:
    """Write a dataset's files: COCO, YOLO, a table of documents' values (csv), or our own lossless format.

    Run again after a stop, it goes on: what is there is compared by its digest.
    """
    with shelf_of(namespace, gateway, key, context) as shelf:
        locked = shelf.locked(dataset)
        content = of_split(locked.content, split)
        if next(iter(content.items()), None) is None:
            part = f" of split {split}" if split else ""
            raise CliError(f"dataset {locked.digest[:12]} has no item{part}", code=Exit.WRONG_USAGE)
        remark(_written(shelf, locked, content, form, folder))


def _written(shelf: Shelf, locked: Locked, content: Content, form: ExportFormat | None, folder: Path) -> str:
    """Write while a bar shows how far it is; return in words what came of it."""
    kinds = Counter(type(file) for file in _files(content, form))
    with _progress() as progress:
        task = progress.add_task("writing", total=kinds.total())
        files = _files(content, form)
        fetched = write_files(shelf, locked, files, folder, lambda n: progress.update(task, advance=n))
    came = kinds[FetchedFile]
    if not came:
        return f"{TABLE_NAME} in {folder}."
    what = "files" if isinstance(content, LockedDocuments) else "images"
    return f"{came} {what} in {folder} ({fetched} fetched, {came - fetched} were there)."


def _files(content: Content, form: ExportFormat | None) -> Iterator[TextFile | FetchedFile]:
    try:
        return export(content, form)
    except WrongFormat as error:
        raise CliError(str(error), code=Exit.WRONG_USAGE) from error


def _show(found: AnyDifference) -> None:
    line, table = difference_lines(found)
    out.print(line)
    out.print(table)
    for one in found.changes:
        out.print(harmless(f"{one.what:<10} {one.name} {one.detail}".rstrip()), markup=False, highlight=False)
    more = sum(found.counts.values()) - len(found.changes)
    if more:
        remark(f"… and {more} more (--limit)")


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=err)
