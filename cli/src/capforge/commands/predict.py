"""`capforge predict`: what a model sees in a picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from capforge import draw
from capforge.cluster.connection import Cluster
from capforge.commands.options import Context, Namespace
from capforge.commands.status import Output
from capforge.console import out, remark
from capforge.draw import Detection
from capforge.errors import CliError, Exit
from capforge.predict import Question, ask, detections, gateway_of


def predict(
    capability: Annotated[str, typer.Argument(help="Name of the Capability.")],
    image: Annotated[Path, typer.Argument(help="A JPEG, PNG or WebP file.")],
    namespace: Namespace = None,
    version: Annotated[str, typer.Option(help="1 (the newest) or 1.<number>.")] = "1",
    picture: Annotated[Path | None, typer.Option("--out", help="Write the picture with the boxes drawn here.")] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for programs.")] = Output.TABLE,
    gateway: Annotated[
        str | None, typer.Option(envvar="CAPFORGE_GATEWAY_URL", help="The gateway; found in the cluster by default.")
    ] = None,
    key: Annotated[str | None, typer.Option(envvar="CAPFORGE_API_KEY", help="API key.", show_envvar=True)] = None,
    context: Context = None,
) -> None:
    """Send a picture to a capability and show what its model finds."""
    if namespace is None:
        namespace = Cluster.connect(context).namespace
    if not key:
        hint = f"Make one: export CAPFORGE_API_KEY=$(capforge key create <name> -n {namespace})"
        raise CliError("no API key: set CAPFORGE_API_KEY or --key", hint, Exit.WRONG_USAGE)
    with gateway_of(namespace, capability, gateway, context) as address:
        answer = ask(address, key, Question(namespace, capability, version, image))
    found = detections(answer)
    if picture is not None:
        draw.save(draw.drawn(image, found), picture)
        remark(f"Boxes drawn in {picture}")
    if output is Output.JSON:
        print(json.dumps(answer, indent=2))
    else:
        _show(answer, found)


def _show(answer: dict[str, Any], found: list[Detection]) -> None:
    inference = answer["document"]["inference"]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("CLASS", "CONFIDENCE", "X0", "Y0", "X1", "Y1"):
        table.add_column(column, justify="left" if column == "CLASS" else "right")
    for one in found:
        table.add_row(one.name, f"{one.confidence * 100:.1f} %", *(f"{value:.1f}" for value in one.box))
    out.print(table)
    model = inference["model"]
    product = inference["product"]["name"]
    remark(
        f"{len(found)} found by {product} version {model['version']} (run {model['run']}, "
        f"datasets {', '.join(digest[:12] for digest in model['dataset_digests'])})"
    )
