"""`capforge data`: labelled data into the object store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from capforge.commands.options import Context, Namespace
from capforge.console import err, out, remark
from capforge.data import credentials
from capforge.data.finding import looked_through
from capforge.data.labelled import Format, Labelled
from capforge.data.plan import Upload, uploads
from capforge.data.push import Sent, prefix_of, send
from capforge.errors import CliError, Exit
from capforge_contracts.store import StoreUri

app = typer.Typer(no_args_is_help=True, help="Labelled data.")
_SHOWN_FAULTS = 20


@app.callback()
def _group() -> None:
    """Labelled data."""


@app.command()
def push(
    folder: Annotated[Path, typer.Argument(help="Folder of labelled pictures: COCO, YOLO, Pascal VOC, …")],
    destination: Annotated[str, typer.Argument(help="s3://<bucket>/<prefix>")],
    form: Annotated[
        Format | None, typer.Option("--format", "-f", help="What the folder holds; told by its files without it.")
    ] = None,
    namespace: Namespace = None,
    context: Context = None,
    allow_faults: Annotated[
        bool, typer.Option("--allow-faults", help="Send it all the same (for a Dataset with onFault: Skip).")
    ] = False,
    faults: Annotated[
        Path | None, typer.Option("--faults", dir_okay=False, help="Write every fault to this file, one JSON a line.")
    ] = None,
) -> None:
    """Check a folder of labelled pictures and send it to the object store; what is there is not sent again.

    Credentials: --namespace reads the namespace's Secret capforge-object-store; else AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL and AWS_REGION count.
    """
    place = _place(destination)
    labelled = looked_through(folder, form)
    if faults is not None:
        _write_faults(faults, labelled)
    _refuse_faults(labelled, allow_faults=allow_faults)
    access = credentials.choose(os.environ, namespace, context)
    credentials.require_own_prefix(access, place)
    _tell(_sent(access, place, folder, labelled), labelled.form)


def _sent(access: credentials.Access, place: StoreUri, folder: Path, labelled: Labelled) -> Sent:
    """Send while a bar shows how far it is."""
    files = uploads(folder, prefix_of(place), labelled)
    with credentials.opened(access, place.bucket) as store, _progress() as progress:
        bytes_task = progress.add_task("sending", total=sum(file.size_bytes for file in files), files=f"0/{len(files)}")
        done = 0

        def advance(file: Upload) -> None:
            nonlocal done
            done += 1
            progress.update(bytes_task, advance=file.size_bytes, files=f"{done}/{len(files)}")

        return send(store, place, folder, labelled, advance)


def _place(destination: str) -> StoreUri:
    try:
        return StoreUri.parse(destination)
    except ValueError as error:
        raise CliError(str(error), code=Exit.WRONG_USAGE) from error


def _write_faults(path: Path, labelled: Labelled) -> None:
    try:
        with path.open("wb") as file:
            file.writelines(fault.to_json() + b"\n" for fault in labelled.faults)
    except OSError as error:
        raise CliError(f"{path} cannot be written: {error.strerror}", code=Exit.WRONG_USAGE) from error


def _refuse_faults(labelled: Labelled, *, allow_faults: bool) -> None:
    faults = labelled.faults
    for fault in faults[:_SHOWN_FAULTS]:
        remark(f"{fault.file}: {fault.record}: {fault.code}: {fault.message}")
    if len(faults) > _SHOWN_FAULTS:
        remark(f"… and {len(faults) - _SHOWN_FAULTS} more (--faults <file> writes all)")
    if faults and not allow_faults:
        hint = (
            "Nothing was sent. Correct the file, or send it with --allow-faults and use onFault: Skip in the Dataset."
        )
        raise CliError(f"{len(faults)} faulty records", hint, Exit.FAULTY_DATA)


def _progress() -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TextColumn("{task.fields[files]} files"),
        TextColumn("ETA"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=err)


def _tell(sent: Sent, form: Format) -> None:
    size = sent.size_bytes / 1e6
    remark(f"{sent.files} files sent ({size:.1f} MB), {sent.unchanged} were there already.")
    remark(f"Use in a Dataset (spec.source.{form.source}):")
    for uri in sent.uris:
        out.print(uri, markup=False, soft_wrap=True)
