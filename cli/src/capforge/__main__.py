"""The `capforge` command: wiring, and one place where errors become words and exit codes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from capforge import logs
from capforge.cluster.connection import Cluster
from capforge.commands import data, data_model, dataset, key, sample
from capforge.commands.lineage import lineage
from capforge.commands.options import Context, Namespace
from capforge.commands.predict import predict
from capforge.commands.status import status
from capforge.console import report
from capforge.errors import CliError

app = typer.Typer(
    name="capforge",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Annotations in, served models out. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 faulty data.",
)
app.add_typer(data.app, name="data")
app.add_typer(data_model.app, name="data-model")
app.add_typer(dataset.app, name="dataset")
app.add_typer(key.app, name="key")
app.add_typer(sample.app, name="sample")
app.command()(status)
app.command()(predict)
app.command()(lineage)


@app.command("logs")
def show_logs(
    run: Annotated[str, typer.Argument(help="Name of the TrainingRun.")],
    namespace: Namespace = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep reading until the run ends.")] = False,
    context: Context = None,
) -> None:
    """Print the log of a training run's newest pod."""
    cluster = Cluster.connect(context)
    for line in logs.lines(cluster, namespace or cluster.namespace, run, follow=follow):
        print(line, flush=True)


def main() -> None:
    """Run the command line."""
    try:
        app()
    except CliError as error:
        report(error)
        sys.exit(error.code)
    except BrokenPipeError:  # `capforge … | head`
        sys.stderr.close()
        sys.exit(0)


if __name__ == "__main__":
    main()
