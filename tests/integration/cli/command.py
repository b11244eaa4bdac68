"""The `capforge` command as a person runs it: its own process, its own environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.apiserver import KubeApi
from tests.support.eventually import PATIENCE

_SECONDS = 60


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str


def environment(extra: Mapping[str, str], kube: KubeApi | None = None) -> dict[str, str]:
    """Return nothing of this process's own settings but the path: no kubeconfig, no credentials."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    kubeconfig = str(kube.kubeconfig) if kube else "/nonexistent"
    return {**kept, "HOME": "/nonexistent", "COLUMNS": "200", "KUBECONFIG": kubeconfig, **extra}


def capforge(*arguments: str | Path, env: Mapping[str, str] | None = None, kube: KubeApi | None = None) -> Ended:
    """Run the command to its end."""
    command = [sys.executable, "-m", "capforge", *map(str, arguments)]
    done = subprocess.run(
        command,
        env=environment(env or {}, kube),
        capture_output=True,
        text=True,
        timeout=_SECONDS * PATIENCE,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)
