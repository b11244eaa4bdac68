"""What PodSecurity's level *restricted* asks for, for every pod that the operator makes."""

from __future__ import annotations

from typing import Any

USER_ID = 1000
"""The user that our images are made for."""


def pod_security() -> dict[str, Any]:
    """Return the pod's securityContext."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER_ID,
        "runAsGroup": USER_ID,
        "fsGroup": USER_ID,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> dict[str, Any]:
    """Return a container's securityContext."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
