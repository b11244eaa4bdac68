"""kubectl and helm against the chosen cluster."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from capforge_tools import binaries
from capforge_tools.commands import run
from capforge_tools.errors import CommandFailedError
from capforge_tools.places import Places

_MODULES = {"kubectl": "kubernetes", "helm": "helm"}


@dataclass(frozen=True)
class Clients:
    """The two command lines, bound to one kubeconfig."""

    kubeconfig: str
    kubectl_program: Path
    helm_program: Path

    @classmethod
    def find(cls, kubeconfig: str, places: Places) -> Clients:
        """Take the pinned programs where they are built, else those on the PATH; build what is missing."""
        return cls(kubeconfig, _program("kubectl", places), _program("helm", places))

    def kubectl(self, *arguments: str | Path, stdin: str | None = None) -> str:
        """Run kubectl and return its output; raises CommandFailedError."""
        return run(self.kubectl_program, *arguments, env=self.environment, stdin=stdin)

    def helm(self, *arguments: str | Path) -> str:
        """Run helm and return its output; raises CommandFailedError."""
        return run(self.helm_program, *arguments, env=self.environment)

    def get(self, kind: str, name: str, namespace: str) -> dict[str, Any] | None:
        """Return one object, None if there is none."""
        found = self.kubectl("get", kind, name, "--namespace", namespace, "--output=json", "--ignore-not-found")
        return dict(json.loads(found)) if found.strip() else None

    def succeeds(self, *arguments: str) -> bool:
        """Tell whether a kubectl command ends well."""
        try:
            self.kubectl(*arguments)
        except CommandFailedError:
            return False
        return True

    @property
    def whole_environment(self) -> dict[str, str]:
        """This process's environment with it."""
        return {**os.environ, **self.environment}

    @property
    def environment(self) -> dict[str, str]:
        """What programs need to find the cluster."""
        return {"KUBECONFIG": self.kubeconfig}


def _program(name: str, places: Places) -> Path:
    built = places.binaries / name
    on_path = shutil.which(name)
    if built.is_file() or not on_path:
        return binaries.ensure(_MODULES[name], places=places) / name
    return Path(on_path)
