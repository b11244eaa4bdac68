"""The runs behind the versions that answer now, with the addresses of their files: from the routes alone. Pure."""

from __future__ import annotations

from typing import Any

from capforge_contracts.links import RUN_FILES, run_file_path
from capforge_gateway.routing.routes import Routes


def runs_of(routes: Routes, namespace: str, server: str) -> list[dict[str, Any]]:
    """Return the runs by capability and falling version."""
    found = [
        {
            "capability": capability.name,
            "version": version.version,
            "run": version.run,
            "run_digest": version.run_digest,
            "files": {name: server + run_file_path(namespace, version.run_digest, name) for name in RUN_FILES},
        }
        for capability in routes.capabilities.values()
        if capability.namespace == namespace
        for version in capability.versions.values()
    ]
    return sorted(found, key=lambda one: (one["capability"], [-int(part) for part in one["version"].split(".")]))
