"""`capforge lineage`: which annotations, by whom, stand behind an answer or a version."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from capforge.cluster.connection import Cluster
from capforge.commands.options import Context, Namespace
from capforge.commands.status import Output
from capforge.console import out, remark
from capforge.data.tenant_store import tenant_store
from capforge.errors import Exit
from capforge.lineage.question import asked
from capforge.lineage.tree import tree
from capforge.lineage.walk import walk


def lineage(
    what: Annotated[str, typer.Argument(help="A file with an answer, or [namespace/]capability[/version].")],
    namespace: Namespace = None,
    limit: Annotated[int, typer.Option(min=0, help="Documents that are shown of each dataset.")] = 20,
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for programs.")] = Output.TABLE,
    context: Context = None,
) -> None:
    """Walk from an answer or a version back to its run, datasets, submissions and annotators.

    Reads the object store: with CAPFORGE_STORE and the AWS_* variables where they are set, else with the namespace's
    Secret capforge-object-store. Exit code 1: something on the way is missing or does not fit together.
    """
    question = asked(what)
    where = question.namespace or namespace or Cluster.connect(context).namespace
    with tenant_store(where, context) as store:
        found = walk(store, where, question)
    if output is Output.JSON:
        print(json.dumps(found.as_document(), indent=2))
    else:
        out.print(tree(found, limit))
    for problem in found.problems:
        remark(f"problem: {problem}")
    if found.problems:
        raise typer.Exit(Exit.FAILED)
