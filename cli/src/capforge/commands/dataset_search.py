"""`capforge dataset search` and `create`: from annotated images to a Dataset."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
import yaml
from kubernetes import client
from rich.table import Table
from rich.text import Text

from capforge.cluster.connection import TIMEOUT_SECONDS, Cluster, explained
from capforge.commands.options import Context, Gateway, Key, Namespace
from capforge.commands.status import Output
from capforge.console import harmless, out, remark
from capforge.errors import CliError, Exit
from capforge.gateway_api import opened
from capforge.vision.where import ALLOWED, search_of
from capforge_contracts.dataset_resource import Shares, dataset_of
from capforge_contracts.names import API_GROUP, API_VERSION
from capforge_contracts.vision import Selection

Where = Annotated[
    list[str] | None,
    typer.Option("--where", "-w", help=f"A filter <name>=<value>; all must hold. Names: {ALLOWED}."),
]
Select = Annotated[Selection, typer.Option(help="Of each image the official annotation, or every one that is found.")]
_NO_FILTERS: list[str] = []


def search(
    where: Where = None,
    selection: Select = Selection.LATEST,
    limit: Annotated[int, typer.Option(min=0, max=200, help="How many images are listed.")] = 10,
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for programs.")] = Output.TABLE,
    namespace: Namespace = None,
    gateway: Gateway = None,
    key: Key = None,
    context: Context = None,
) -> None:
    """Count and list what was annotated: capforge dataset search -w class=cat -w metadata.site=north."""
    asked = search_of(where or _NO_FILTERS).model_dump(mode="json", exclude_defaults=True)
    body = {"searches": [asked], "selection": selection.value, "page_size": limit, "figures": True}
    with opened(namespace, gateway, key, context) as api:
        found = api.ask("POST", "search", body)
    if output is Output.JSON:
        print(json.dumps(found, indent=2))
        return
    out.print(_classes(found["figures"]["classes"]))
    if found["results"]:
        out.print(_images(found["results"]))
    figures = found["figures"]
    remark(f"{figures['submissions']} annotations of {figures['files']} images.")


def create(
    name: Annotated[str, typer.Argument(help="Name of the Dataset.")],
    draft: Annotated[str | None, typer.Option(help="Make it of this draft's searches.")] = None,
    where: Where = None,
    selection: Select = Selection.LATEST,
    dev_percent: Annotated[int, typer.Option(min=0, max=99, help="Of the images: chooses the checkpoint.")] = 0,
    test_percent: Annotated[int, typer.Option(min=0, max=99, help="Of the images: read once, at the end.")] = 0,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Another seed draws another split.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the Dataset and create nothing.")] = False,
    namespace: Namespace = None,
    gateway: Gateway = None,
    key: Key = None,
    context: Context = None,
) -> None:
    """Create a Dataset of a draft, or of filters: capforge dataset create cats-1 -w class=cat --dev-percent 20."""
    if (draft is None) == (where is None):
        raise CliError("allowed: --draft, or one or more --where", code=Exit.WRONG_USAGE)
    shares = Shares(dev_percent, test_percent, seed)
    divided = shares if dev_percent or test_percent else None
    if draft is None:
        space = namespace or Cluster.connect(context).namespace
        found = dataset_of(name, space, selection, [search_of(where or _NO_FILTERS)], divided)
    else:
        split = {"dev_percent": dev_percent, "test_percent": test_percent, "seed": seed}
        with opened(namespace, gateway, key, context) as api:
            text = api.text("POST", f"drafts/{draft}/dataset", {"name": name} | ({"split": split} if divided else {}))
        found = yaml.safe_load(text)
    if dry_run:
        print(yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=120), end="")
        return
    _create(Cluster.connect(context), found)


def _create(cluster: Cluster, dataset: dict[str, Any]) -> None:
    space, name = dataset["metadata"]["namespace"], dataset["metadata"]["name"]
    custom = client.CustomObjectsApi(cluster.api)
    with explained(f"create Dataset {space}/{name}"):
        custom.create_namespaced_custom_object(
            API_GROUP, API_VERSION, space, "datasets", dataset, _request_timeout=TIMEOUT_SECONDS
        )
    remark(f"Dataset {space}/{name} created; it locks itself when its snapshot is done: capforge status -n {space}")


def _classes(classes: list[dict[str, Any]]) -> Table:
    table = _table("CLASS", "OBJECTS", "IMAGES")
    for one in classes:
        table.add_row(Text(harmless(one["name"])), str(one["objects"]), str(one["files"]))
    return table


def _images(results: list[dict[str, Any]]) -> Table:
    table = _table("IMAGE", "OBJECTS", "ANNOTATOR", "STATUS", "FILE")
    for one in results:
        said = one["submission"] or {"entities": [], "annotator": "", "status": "Unannotated"}
        name = Text(harmless(one["file"]["name"] or one["file"]["sha256"][:12]))
        annotator, objects = Text(harmless(said["annotator"])), str(len(said["entities"]))
        table.add_row(name, objects, annotator, said["status"], one["file"]["id"])
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in {"OBJECTS", "IMAGES"} else "left")
    return table
