"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Namespace = Annotated[
    str | None,
    typer.Option("--namespace", "-n", envvar="CAPFORGE_NAMESPACE", help="Namespace; the kubeconfig's own by default."),
]
Context = Annotated[
    str | None, typer.Option("--context", help="Context of the kubeconfig; the current one by default.")
]
