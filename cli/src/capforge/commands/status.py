"""`capforge status`: where everything stands."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.live import Live
from rich.text import Text

from capforge.cluster.connection import Cluster
from capforge.commands.options import Context, Namespace
from capforge.console import out, remark
from capforge.errors import CliError, Exit
from capforge.status import KINDS, Row, as_documents, rows, table

_INTERVAL_SECONDS = 2.0


class Output(StrEnum):
    """How the answer is printed."""

    TABLE = "table"
    JSON = "json"


def status(
    namespace: Namespace = None,
    all_namespaces: Annotated[bool, typer.Option("--all-namespaces", "-A", help="Of all namespaces.")] = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Keep showing it; stop with Ctrl-C.")] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for programs.")] = Output.TABLE,
    context: Context = None,
) -> None:
    """Show capabilities, datasets and training runs in one table."""
    if watch and output is Output.JSON:
        raise CliError("--watch shows a table; allowed: --watch or --output json", code=Exit.WRONG_USAGE)
    cluster = Cluster.connect(context)
    where = None if all_namespaces else namespace or cluster.namespace
    if watch:
        with suppress(KeyboardInterrupt):  # the way to end it
            _watch(cluster, where)
        return
    everything = _everything(cluster, where)
    if output is Output.JSON:
        print(json.dumps(as_documents(everything), indent=2))
        return
    if not everything:
        place = "any namespace" if where is None else f"namespace {where}"
        remark(f"Nothing in {place} yet. Another one: --namespace, --all-namespaces. To begin: docs/how-to/README.md")
        return
    out.print(table(everything, namespaces=where is None))


def _everything(cluster: Cluster, where: str | None) -> list[Row]:
    now = datetime.now(UTC)
    return [row for plural in KINDS for row in rows(plural, cluster.objects(plural, where), now)]


def _watch(cluster: Cluster, where: str | None) -> None:
    shown: RenderableType = table(_everything(cluster, where), namespaces=where is None)
    with Live(shown, console=out, auto_refresh=False) as live:
        while True:
            live.update(shown, refresh=True)
            time.sleep(_INTERVAL_SECONDS)
            try:
                shown = table(_everything(cluster, where), namespaces=where is None)
            except CliError as error:  # an API server that restarts ends no watch
                shown = Text(f"{error}; trying again", style="red")
