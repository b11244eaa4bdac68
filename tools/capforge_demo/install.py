"""The two charts: the system once, and the tenant's namespace."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from capforge_demo.clients import Clients
from capforge_demo.settings import SYSTEM_NAMESPACE, SYSTEM_RELEASE, TENANT_RELEASE
from capforge_tools.console import say, step
from capforge_tools.errors import CommandFailedError, ToolError
from capforge_tools.places import REPOSITORY

CHARTS = REPOSITORY / "charts"
MADE_BY = "capforge.dev/made-by"
DEMO = "demo"
RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"
_TIMEOUT = "10m"
_DEFINITIONS = tuple(f"{kind}.capforge.dev" for kind in ("capabilities", "datasets", "modeltemplates", "trainingruns"))


def install_system(
    clients: Clients, image_values: Path, namespace: str = SYSTEM_NAMESPACE, more: Sequence[str] = ()
) -> None:
    """Install or upgrade the system and wait until it is ready; `more` are values as `--set` takes them.

    Raises ToolError with what its pods say.
    """
    ensure_namespace(clients, namespace)
    _end_interrupted(clients, SYSTEM_RELEASE, namespace)
    with step("install Capforge (helm upgrade --install)"):
        try:
            clients.helm(
                *("upgrade", "--install", SYSTEM_RELEASE, CHARTS / "capforge", "--namespace", namespace),
                *("--values", image_values, "--wait", "--timeout", _TIMEOUT),
                *(word for value in more for word in ("--set", value)),
            )
        except CommandFailedError as error:
            raise ToolError(f"{error}\n{_pods(clients, namespace)}") from error


def install_tenant(clients: Clients, namespace: str, system: str = SYSTEM_NAMESPACE) -> None:
    """Prepare a namespace."""
    ensure_namespace(clients, namespace)
    _end_interrupted(clients, TENANT_RELEASE, namespace)
    with step(f"prepare namespace {namespace} (chart capforge-tenant)"):
        clients.helm(
            *("upgrade", "--install", TENANT_RELEASE, CHARTS / "capforge-tenant", "--namespace", namespace),
            *("--set", f"systemNamespace={system}", "--wait"),
        )


def _end_interrupted(clients: Clients, release: str, namespace: str) -> None:
    """Let go of a release whose installation or upgrade was interrupted: Helm would refuse every other one for ever."""
    listed = clients.helm("list", "--all", "--namespace", namespace, "--filter", f"^{release}$", "--output", "json")
    status = next((str(one["status"]) for one in json.loads(listed)), "")
    if status == "pending-install":
        clients.helm("uninstall", release, "--namespace", namespace)
    elif status.startswith("pending-"):
        clients.helm("rollback", release, "--namespace", namespace)


def ensure_namespace(clients: Clients, name: str) -> None:
    """Make the namespace, where only restricted pods may start, unless there is one; ours carry a label."""
    if clients.succeeds("get", "namespace", name):
        return
    clients.kubectl("create", "namespace", name)
    clients.kubectl("label", "namespace", name, f"{MADE_BY}={DEMO}", RESTRICTED)


def uninstall(clients: Clients, system: str = SYSTEM_NAMESPACE) -> None:
    """Remove from a cluster that stays what the demo made there: releases and namespaces with the demo's label."""
    listed = json.loads(clients.kubectl("get", "namespaces", "--selector", f"{MADE_BY}={DEMO}", "--output=json"))
    namespaces = [item["metadata"]["name"] for item in listed["items"]]
    tenants = [name for name in namespaces if name != system]
    releases = [*((name, TENANT_RELEASE) for name in tenants), *((name, SYSTEM_RELEASE) for name in namespaces)]
    for namespace, release in releases:
        if clients.helm("list", "--namespace", namespace, "--filter", f"^{release}$", "--short").strip():
            with step(f"uninstall {release} from {namespace}"):
                clients.helm("uninstall", release, "--namespace", namespace, "--wait")
    for namespace in namespaces:
        with step(f"delete namespace {namespace}"):
            clients.kubectl("delete", "namespace", namespace, "--wait")
    say("The CustomResourceDefinitions stay. To remove them and every resource of their kinds:")
    say(f"  kubectl delete crd {' '.join(_DEFINITIONS)}")


def _pods(clients: Clients, namespace: str) -> str:
    """Return what a person would look at next."""
    pods = clients.kubectl("get", "pods", "--namespace", namespace, "--output=wide")
    events = clients.kubectl(
        "get", "events", "--namespace", namespace, "--field-selector=type=Warning", "--sort-by=.lastTimestamp"
    )
    return (
        f"{pods}\n{events}\nLook at: kubectl --namespace {namespace} describe pod <name>; then run `make demo` again."
    )
