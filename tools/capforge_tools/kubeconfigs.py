"""Kubeconfig files that point at certificates beside them."""

from __future__ import annotations

import base64
from pathlib import Path

from capforge_tools.certificates import KeyPair
from capforge_tools.files import write_json_if_changed

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
    return write_json_if_changed(path, document, mode=0o600)


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
