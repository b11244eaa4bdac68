"""`capforge predict`: what a model sees in a picture, or reads in a document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from capforge import draw, fields
from capforge.cluster.connection import Cluster
from capforge.commands.options import Context, Namespace
from capforge.commands.status import Output
from capforge.console import cell, out, remark
from capforge.draw import Detection
from capforge.errors import CliError, Exit
from capforge.predict import Question, ask, detections, gateway_of


def predict(
    capability: Annotated[str, typer.Argument(help="Name of the Capability.")],
    image: Annotated[Path, typer.Argument(help="A JPEG, PNG or WebP file; a document may also be PDF or TIFF.")],
    namespace: Namespace = None,
    version: Annotated[str, typer.Option(help="1 (the newest) or 1.<number>.")] = "1",
    entities: Annotated[
        Path | None,
        typer.Option(help="A JSON list of {id?, box or polygon, class?}: the regions that a classifier shall look at."),
    ] = None,
    picture: Annotated[Path | None, typer.Option("--out", help="Write the picture with the boxes drawn here.")] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for programs.")] = Output.TABLE,
    gateway: Annotated[
        str | None, typer.Option(envvar="CAPFORGE_GATEWAY_URL", help="The gateway; found in the cluster by default.")
    ] = None,
    key: Annotated[str | None, typer.Option(envvar="CAPFORGE_API_KEY", help="API key.", show_envvar=True)] = None,
    context: Context = None,
) -> None:
    """Send a picture or a document to a capability and show what its model finds."""
    if namespace is None:
        namespace = Cluster.connect(context).namespace
    if not key:
        hint = f"Make one: export CAPFORGE_API_KEY=$(capforge key create <name> -n {namespace})"
        raise CliError("no API key: set CAPFORGE_API_KEY or --key", hint, Exit.WRONG_USAGE)
    with gateway_of(namespace, capability, gateway, context) as address:
        answer = ask(address, key, Question(namespace, capability, version, image, entities))
    if fields.is_document(answer):
        _show_document(answer, output, picture)
        return
    found = detections(answer)
    if picture is not None:
        draw.save(draw.drawn(image, found), picture)
        remark(f"Boxes drawn in {picture}")
    if output is Output.JSON:
        print(json.dumps(answer, indent=2))
    else:
        _show(answer, found)


def _show_document(answer: dict[str, Any], output: Output, picture: Path | None) -> None:
    if picture is not None:
        raise CliError("--out draws boxes in pictures; a document has fields: leave it out", code=Exit.WRONG_USAGE)
    if output is Output.JSON:
        print(json.dumps(answer, indent=2))
        return
    rows = fields.rows_of(answer)
    columns = ["FIELD", "VALUE", "CONFIDENCE", "PAGE", *(["CANDIDATES"] if any(one.candidates for one in rows) else [])]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in {"CONFIDENCE", "PAGE"} else "left")
    for one in rows:
        confidence = "-" if one.confidence is None else f"{one.confidence * 100:.1f} %"
        line = [one.field, one.value or "-", confidence, str(one.page or "-"), one.candidates]
        table.add_row(*(cell(text) for text in line[: len(columns)]))
    out.print(table)
    inference = answer["document"]["inference"]
    product, model = inference["product"], inference["model"]
    if model is None:
        remark(f"Read by {product['name']} version {product['version']}, which has no model: candidates alone.")
        return
    remark(f"Read by {product['name']} version {model['version']} ({_origin(model)})")


def _origin(model: dict[str, Any]) -> str:
    return f"run {model['run']}, datasets {', '.join(digest[:12] for digest in model['dataset_digests'])}"


def _show(answer: dict[str, Any], found: list[Detection]) -> None:
    inference = answer["document"]["inference"]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("CLASS", "CONFIDENCE", "X0", "Y0", "X1", "Y1"):
        table.add_column(column, justify="left" if column == "CLASS" else "right")
    for one in found:
        table.add_row(cell(one.name), f"{one.confidence * 100:.1f} %", *(f"{value:.1f}" for value in one.box))
    out.print(table)
    vectors = [one["embedding"]["vector"] for one in inference["prediction"]["entities"] if "embedding" in one]
    if vectors:
        remark(f"{len(vectors)} vectors of {len(vectors[0])} numbers: -o json shows them")
    model = inference["model"]
    product = inference["product"]["name"]
    remark(f"{len(found)} found by {product} version {model['version']} ({_origin(model)})")
