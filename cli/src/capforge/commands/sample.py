"""`capforge sample`: data to try things with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from capforge.console import err, remark
from capforge.errors import CliError, Exit
from capforge.sample.cells import write

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
    if folder.exists() and any(folder.iterdir()):
        others = [path.name for path in folder.iterdir() if path.name not in {"images", "train.json", "dev.json"}]
        if others:
            message = f"{folder} holds other files ({others[0]}); allowed: a new or empty folder"
            raise CliError(message, code=Exit.WRONG_USAGE)
    for _ in track(write(folder, images, seed), "drawing", images, console=err):
        pass
    remark(f"{images} pictures in {folder}; next: capforge data push {folder} s3://…")
