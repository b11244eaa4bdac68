"""`capforge dataset`: locked datasets, and the way to them."""

from __future__ import annotations

import typer

from capforge.commands import dataset_content, dataset_draft, dataset_faults, dataset_search

app = typer.Typer(no_args_is_help=True, help="Datasets: what is in them, what differs, their files.")


@app.callback()
def _group() -> None:
    """Datasets."""


app.command("list")(dataset_content.show_all)
app.command("stats")(dataset_content.stats)
app.command("faults")(dataset_faults.faults)
app.command("diff")(dataset_content.diff)
app.command("export")(dataset_content.write)
app.command("search")(dataset_search.search)
app.command("create")(dataset_search.create)
app.add_typer(dataset_draft.app, name="draft")
