"""`capforge data-model`: from a JSON config of typed fields to a Capability, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from capforge import datamodel
from capforge.cluster.connection import Cluster
from capforge.commands.options import Context, Namespace
from capforge.console import remark

app = typer.Typer(no_args_is_help=True, help="Data models of field extractors.")


@app.callback()
def _group() -> None:
    """Data models of field extractors."""


@app.command("import")
def import_config(
    config: Annotated[Path, typer.Argument(help="The JSON config (selector and classificator features).")],
    name: Annotated[str | None, typer.Option(help="Name of the Capability; the file's name by default.")] = None,
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="Written into the Capability; none by default.")
    ] = None,
) -> None:
    """Print the Capability for a data model: capforge data-model import config.json | kubectl apply -f -.

    Nothing is sent anywhere. All faults are listed at once; then the exit code is 3.
    """
    read = datamodel.read(config)
    text = datamodel.capability_yaml(name or datamodel.name_from(config), namespace, read.fields)
    for warning in read.warnings:
        remark(f"warning: {warning}")
    print(text, end="")
    remark(f"{len(read.fields)} fields.")


@app.command()
def export(
    capability: Annotated[str, typer.Argument(help="Name of a Capability in the cluster, or a file (*.yaml).")],
    namespace: Namespace = None,
    name: Annotated[str | None, typer.Option(help="Which Capability, where a file holds several.")] = None,
    context: Context = None,
) -> None:
    """Print the JSON config of a Capability's data model."""
    path = Path(capability)
    if path.suffix in datamodel.YAML_ENDINGS:
        found = datamodel.capability_in(path, name)
    else:
        cluster = Cluster.connect(context)
        found = cluster.object("capabilities", namespace or cluster.namespace, capability)
    print(datamodel.config_of(found, capability), end="")
