"""Kubeconfig files that point at certificates beside them."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from capforge_tools.certificates import KeyPair

_NAME = "capforge-local"


def write(path: Path, server: str, authority: KeyPair, client: KeyPair) -> Path:
    """Write a kubeconfig (JSON is YAML) that carries its certificates inside, readable by its owner only."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": _NAME,
        "contexts": [{"name": _NAME, "context": {"cluster": _NAME, "user": _NAME}}],
        "clusters": [
            {
                "name": _NAME,
                "cluster": {"server": server, "certificate-authority-data": _encoded(authority.certificate)},
            },
        ],
        "users": [
            {
                "name": _NAME,
                "user": {
                    "client-certificate-data": _encoded(client.certificate),
                    "client-key-data": _encoded(client.key),
                },
            },
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(document, indent=2) + "\n")
    return path


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
