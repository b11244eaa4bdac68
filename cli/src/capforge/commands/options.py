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

Gateway = Annotated[
    str | None, typer.Option(envvar="CAPFORGE_GATEWAY_URL", help="The gateway; found in the cluster by default.")
]
Key = Annotated[str | None, typer.Option(envvar="CAPFORGE_API_KEY", help="API key.", show_envvar=True)]
