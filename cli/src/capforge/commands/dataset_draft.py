"""`capforge dataset draft`: searches saved under a name."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from capforge.commands.dataset_search import Select, Where
from capforge.commands.options import Context, Gateway, Key, Namespace
from capforge.commands.status import Output
from capforge.console import harmless, out, remark
from capforge.gateway_api import opened
from capforge.vision.where import search_of, words_of
from capforge_contracts.vision import Selection

app = typer.Typer(no_args_is_help=True, help="Saved searches: what a dataset may be made of.")
Name = Annotated[str, typer.Argument(help="Name of the draft.")]


@app.callback()
def _group() -> None:
    """Saved searches."""


@app.command("list")
def show_all(
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for programs.")] = Output.TABLE,
    namespace: Namespace = None,
    gateway: Gateway = None,
    key: Key = None,
    context: Context = None,
) -> None:
    """List the drafts of a namespace, each search on a line of its own."""
    with opened(namespace, gateway, key, context) as api:
        drafts = api.ask("GET", "drafts")["drafts"]
    if output is Output.JSON:
        print(json.dumps(drafts, indent=2))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("DRAFT", "SELECTION", "SEARCHES", "BY"):
        table.add_column(column)
    for one in drafts:
        words = "\n".join(harmless(words_of(search)) for search in one["searches"])
        table.add_row(one["name"], one["selection"], Text(words), Text(harmless(one["author"])))
    out.print(table)


@app.command()
def save(
    name: Name,
    where: Where = None,
    selection: Select = Selection.LATEST,
    description: Annotated[str, typer.Option(help="For the people who use it.")] = "",
    namespace: Namespace = None,
    gateway: Gateway = None,
    key: Key = None,
    context: Context = None,
) -> None:
    """Save a search as a new draft: capforge dataset draft save cats -w class=cat."""
    found = {"name": name, "description": description, "selection": selection.value, "searches": _searches(where)}
    with opened(namespace, gateway, key, context) as api:
        _tell(api.ask("POST", "drafts", found)["draft"])


@app.command()
def add(
    name: Name,
    where: Where = None,
    namespace: Namespace = None,
    gateway: Gateway = None,
    key: Key = None,
    context: Context = None,
) -> None:
    """Add a search to a draft: a dataset of it has what any of its searches finds."""
    with opened(namespace, gateway, key, context) as api:
        _tell(api.ask("POST", f"drafts/{name}/searches", {"searches": _searches(where)})["draft"])


@app.command()
def delete(
    name: Name, namespace: Namespace = None, gateway: Gateway = None, key: Key = None, context: Context = None
) -> None:
    """Forget a draft; datasets that were made of it stay."""
    with opened(namespace, gateway, key, context) as api:
        api.ask("DELETE", f"drafts/{name}")
    remark(f"Draft {name} is forgotten.")


def _searches(where: list[str] | None) -> list[dict[str, Any]]:
    return [search_of(where or []).model_dump(mode="json", exclude_defaults=True)]


def _tell(draft: dict[str, Any]) -> None:
    name = draft["name"]
    remark(f"Draft {name}: {len(draft['searches'])} searches. Next: capforge dataset create <name> --draft {name}")
