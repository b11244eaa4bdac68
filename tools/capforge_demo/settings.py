"""What a person may choose by environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from capforge_tools import selection
from capforge_tools.errors import ToolError
from capforge_tools.places import REPOSITORY, Places
from capforge_tools.selection import Cluster

SYSTEM_NAMESPACE = "capforge-system"
SYSTEM_RELEASE = "capforge"
TENANT_RELEASE = "capforge-tenant"
DEFAULT_NAMESPACE = "demo"
_DEFAULT_BUDGET_SECONDS = 180
_LEAST_BUDGET_SECONDS = 10
"""The API's own."""


@dataclass(frozen=True)
class Settings:
    """The demo's choices."""

    cluster: Cluster
    kubeconfig: str
    """As the variable KUBECONFIG takes it."""
    places: Places
    namespace: str = DEFAULT_NAMESPACE
    """The tenant's."""
    data: Path | None = None
    """The person's own data; without any a small sample set is drawn."""
    sample: str = "cells"
    """What resources are called where the data is drawn."""
    registry: str = ""
    """Where images are pushed to, for a cluster that is not on this machine."""
    time_budget_seconds: int = _DEFAULT_BUDGET_SECONDS
    output: Path = REPOSITORY / "build" / "demo"
    """Where pictures and the applied resources are written."""

    @classmethod
    def from_environment(cls, env: Mapping[str, str] = os.environ, sample: str = "cells") -> Settings:
        """Read CLUSTER, DATA, NAMESPACE, REGISTRY, TIME_BUDGET_SECONDS; raises ToolError naming what is wrong."""
        places = Places.from_environment(env)
        cluster = selection.select(env)
        return cls(
            cluster=cluster,
            kubeconfig=selection.kubeconfig(cluster, places, env),
            places=places,
            namespace=env.get("NAMESPACE") or DEFAULT_NAMESPACE,
            data=_folder(env.get("DATA", "")),
            sample=sample,
            registry=env.get("REGISTRY", ""),
            time_budget_seconds=_seconds(env.get("TIME_BUDGET_SECONDS", "")),
        )

    @property
    def name(self) -> str:
        """What the demo's resources are called: the data folder's name as a DNS label."""
        letters = [char if char.isascii() and char.isalnum() else "-" for char in self._folder_name.lower()]
        return "".join(letters).strip("-")[:20].strip("-") or "data"

    @property
    def _folder_name(self) -> str:
        return self.data.name if self.data else self.sample

    @property
    def key_file(self) -> Path:
        """Where the demo's API key is kept, readable by its owner only."""
        return self.key_folder / self.namespace

    @property
    def key_folder(self) -> Path:
        """Keys of all namespaces of this cluster, by namespace."""
        return self.places.state / "demo" / f"keys-{self.cluster.value}"


def _folder(text: str) -> Path | None:
    if not text:
        return None
    path = Path(text).expanduser().resolve()
    if not path.is_dir():
        raise ToolError(f"DATA is {text!r}, which is no folder; allowed: a folder with labelled data")
    return path


def _seconds(text: str) -> int:
    if not text:
        return _DEFAULT_BUDGET_SECONDS
    if not text.isdigit() or int(text) < _LEAST_BUDGET_SECONDS:
        raise ToolError(f"TIME_BUDGET_SECONDS is {text!r}; allowed: a whole number from {_LEAST_BUDGET_SECONDS}")
    return int(text)
