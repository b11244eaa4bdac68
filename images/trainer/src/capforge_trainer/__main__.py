"""`capforge-trainer`: the command in the trainer image."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from capforge_contracts import logs
from capforge_contracts.store import open_store
from capforge_trainer.ending import ended


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands; return the exit code."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    logs.configure("trainer")
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # ONNX Runtime's builds on PyPI report to their vendor otherwise
    command: Callable[[argparse.Namespace, Mapping[str, str]], None] = chosen.command
    return int(ended(lambda: command(chosen, os.environ)))


def _run(chosen: argparse.Namespace, environment: Mapping[str, str]) -> None:
    # torch takes seconds to import: not for --help, and inside `ended`, which tells why an import fails.
    from capforge_trainer.patience import CLIENT_PATIENCE, PatientStore, patience_seconds  # noqa: PLC0415
    from capforge_trainer.run import read_spec, run  # noqa: PLC0415
    from capforge_trainer.stopping import Stopping  # noqa: PLC0415
    from capforge_trainer.surroundings import Surroundings, default_cache  # noqa: PLC0415

    stopping = Stopping()
    stopping.listen()
    store, patience = open_store(environment, CLIENT_PATIENCE), patience_seconds(environment)
    spec = read_spec(PatientStore(store, stopping, patience), chosen.run)
    run(spec, Surroundings(store, stopping, default_cache(), patience_seconds=patience))


def _local(chosen: argparse.Namespace, environment: Mapping[str, str]) -> None:
    from capforge_trainer.local import LocalRequest, train_local  # noqa: PLC0415

    request = LocalRequest(
        data=chosen.folder,
        out=chosen.out,
        settings=chosen.set,
        budget_seconds=chosen.time_budget,
        seed=chosen.seed,
        template=chosen.template,
    )
    train_local(request, environment)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="capforge-trainer", description="Trains what run.json describes.")
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="make one attempt at a run in the object store (CAPFORGE_STORE)")
    run.add_argument("--run", required=True, metavar="KEY", help="key of run.json")
    run.set_defaults(command=_run)
    local = commands.add_parser("local", help="train on a folder without a cluster")
    local.add_argument(
        "folder", type=Path, help="COCO: train.json, dev.json, perhaps test.json; documents: documents.jsonl, readings/"
    )
    local.add_argument("--out", type=Path, required=True, help="folder for the model and all that belongs to it")
    local.add_argument(
        "--template",
        metavar="NAME",
        help="as in a TrainingRun, for instance box-classifier-small; default by the folder",
    )
    local.add_argument("--set", action="append", default=[], metavar="GROUP.NAME=VALUE", help="override a parameter")
    local.add_argument("--time-budget", type=int, default=1200, metavar="SECONDS", help="of training; default 1200")
    local.add_argument("--seed", type=int, default=0)
    local.set_defaults(command=_local)
    return parser


if __name__ == "__main__":
    sys.exit(main())
