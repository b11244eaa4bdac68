"""`capforge key`: API keys."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from capforge import keys
from capforge.cluster.connection import Cluster
from capforge.commands.options import Context, Namespace
from capforge.console import out, remark

app = typer.Typer(no_args_is_help=True, help="API keys of a namespace.")
Name = Annotated[str, typer.Argument(help="The key's name: who or what uses it.")]


@app.command()
def create(name: Name, namespace: Namespace = None, context: Context = None) -> None:
    """Make a key. It is printed once, to standard output; only its hash is stored."""
    cluster = Cluster.connect(context)
    where = namespace or cluster.namespace
    key = keys.create(cluster, where, name)
    remark(f"Key {name} of namespace {where}; it will not be shown again:")
    out.print(key, markup=False, soft_wrap=True)


@app.command("list")
def list_keys(namespace: Namespace = None, context: Context = None) -> None:
    """List the keys by name; the keys themselves cannot be shown."""
    cluster = Cluster.connect(context)
    found = keys.names(cluster, namespace or cluster.namespace)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("NAME")
    table.add_column("CREATED")
    for one in found:
        table.add_row(one.name, one.created)
    out.print(table)
    if not found:
        remark("No keys: predictions are refused. Make one: capforge key create <name>")


@app.command()
def revoke(name: Name, namespace: Namespace = None, context: Context = None) -> None:
    """Delete a key: requests with it are refused from now on."""
    cluster = Cluster.connect(context)
    where = namespace or cluster.namespace
    keys.revoke(cluster, where, name)
    remark(f"Key {name} of namespace {where} is revoked.")
