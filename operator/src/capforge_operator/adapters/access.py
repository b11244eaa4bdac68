"""How this process reaches the API server: by kopf's own login, so that kopf and our connection are one and the same.

As the pod's ServiceAccount or, outside a cluster, by a kubeconfig (tokens and certificates; no exec plugins).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import kopf
import yaml

_KUBECONFIG = "KUBECONFIG"


class NoAccess(ValueError):  # noqa: N818 - reads as the fact it states
    """Nothing says where the API server is; the message names what is missing."""


def access(kubeconfig: Path | None, env: Mapping[str, str]) -> kopf.ConnectionInfo:
    """Read the kubeconfig's current context or, without one, what the kubelet gave the pod; raises NoAccess."""
    return _of_pod(env) if kubeconfig is None else _of_kubeconfig(kubeconfig)


def _of_pod(env: Mapping[str, str]) -> kopf.ConnectionInfo:
    found = kopf.login_with_service_account(settings=kopf.OperatorSettings())
    host, port = env.get("KUBERNETES_SERVICE_HOST"), env.get("KUBERNETES_SERVICE_PORT", "443")
    if found is None or not host:
        raise NoAccess("neither KUBECONFIG nor a pod's ServiceAccount is there: set KUBECONFIG to a file")
    address = f"[{host}]" if ":" in host else host  # IPv6
    # kopf names the server by its Service: the address also works while the cluster's names do not.
    return replace(found, server=f"https://{address}:{port}")


def _of_kubeconfig(path: Path) -> kopf.ConnectionInfo:
    try:
        with _named(path):
            found = kopf.login_with_kubeconfig(settings=kopf.OperatorSettings())
    except KeyError as error:
        raise NoAccess(f"{path}: there is no {error}, which another part of the file names") from error
    except (OSError, ValueError, TypeError, AttributeError, yaml.YAMLError, kopf.LoginError) as error:
        raise NoAccess(f"{path}: {error}") from error
    if found is None or not found.server:
        raise NoAccess(f"{path}: its current context names no server")
    return replace(found, server=found.server.rstrip("/"))


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Name the file where kopf looks for it."""
    before = os.environ.get(_KUBECONFIG)
    os.environ[_KUBECONFIG] = str(path)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_KUBECONFIG]
        else:
            os.environ[_KUBECONFIG] = before
