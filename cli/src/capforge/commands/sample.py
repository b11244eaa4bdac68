"""`capforge sample`: data to try things with."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from capforge.console import err, remark
from capforge.errors import CliError, Exit
from capforge.sample import cells as drawn_cells
from capforge.sample import receipts as drawn_receipts

app = typer.Typer(no_args_is_help=True, help="Sample data.")
_LEAST_IMAGES = 4


@app.callback()
def _group() -> None:
    """Sample data."""


@app.command()
def cells(
    folder: Annotated[Path, typer.Argument(help="Where images/, train.json and dev.json are written.")],
    images: Annotated[int, typer.Option(min=_LEAST_IMAGES, help="How many pictures; a quarter is for dev.")] = 240,
    seed: Annotated[int, typer.Option(min=0, help="Another seed draws other pictures.")] = 0,
) -> None:
    """Draw a COCO data set of blood cells: red cells, white cells, platelets."""
    _refuse_others(folder, {"images", "train.json", "dev.json"})
    for _ in track(drawn_cells.write(folder, images, seed), "drawing", images, console=err):
        pass
    remark(f"{images} pictures in {folder}; next: capforge data push {folder} s3://…")


@app.command()
def receipts(
    folder: Annotated[Path, typer.Argument(help="Where images/, train.jsonl and dev.jsonl are written.")],
    documents: Annotated[int, typer.Option(min=_LEAST_IMAGES, help="How many documents; a quarter is for dev.")] = 80,
    seed: Annotated[int, typer.Option(min=0, help="Another seed draws other documents.")] = 0,
) -> None:
    """Draw receipts and invoices in several layouts, with the values of their fields."""
    _refuse_others(folder, {"images", "train.jsonl", "dev.jsonl"})
    for _ in track(drawn_receipts.write(folder, documents, seed), "drawing", documents, console=err):
        pass
    remark(f"{documents} documents in {folder}; next: make demo-documents DATA={folder}")


def _refuse_others(folder: Path, ours: Collection[str]) -> None:
    """Raise CliError where the folder holds something else."""
    others = sorted(path.name for path in folder.iterdir() if path.name not in ours) if folder.exists() else []
    if others:
        message = f"{folder} holds other files ({others[0]}); allowed: a new or empty folder"
        raise CliError(message, code=Exit.WRONG_USAGE)
