"""The demo, step by step. Every step is safe to repeat and does nothing where nothing is to be done."""

from __future__ import annotations

import os
import subprocess
import sys

from capforge import keys
from capforge.cluster.connection import Cluster
from capforge.cluster.reach import reachable
from capforge_demo import install, material, result
from capforge_demo.clients import Clients
from capforge_demo.follow import follow
from capforge_demo.manifests import Example
from capforge_demo.predict import Predictor
from capforge_demo.settings import SYSTEM_NAMESPACE, Settings
from capforge_demo.unseen import unseen
from capforge_tools.console import say, step
from capforge_tools.errors import CommandFailedError, ToolError
from capforge_tools.places import REPOSITORY
from capforge_tools.selection import Cluster as Selected

GATEWAY = f"http://capforge-gateway.{SYSTEM_NAMESPACE}.svc"
IMAGE_VALUES = REPOSITORY / "build" / "images.json"
KEY_NAME = "demo"


def run(settings: Settings) -> None:
    """Go the whole way; raises ToolError or CliError with what to do."""
    _say_plan(settings)
    clients, cluster, key = prepared(settings)
    data = material.folder(settings)
    material.push(settings, data, clients)
    example = material.example(settings, data)
    apply(settings, clients, example)
    follow(cluster, settings.namespace, example)
    with reachable(GATEWAY, cluster) as gateway:
        name = example.capability["metadata"]["name"]
        predictor = Predictor(gateway.removesuffix(":80"), settings.namespace, name, key)
        shown = result.show(settings, predictor, unseen(data, example, cluster, settings.namespace))
        result.say_next(settings, clients, predictor, shown)


def prepared(settings: Settings) -> tuple[Clients, Cluster, str]:
    """Bring up cluster, images, Capforge and the tenant; return how to reach them, and the tenant's API key."""
    prepare_cluster(settings)
    clients = Clients.find(settings.kubeconfig, settings.places)
    install.install_system(clients, IMAGE_VALUES)
    install.install_tenant(clients, settings.namespace)
    cluster = Cluster.connect(kubeconfig=settings.kubeconfig)
    return clients, cluster, ensure_key(settings, cluster)


def prepare_cluster(settings: Settings) -> None:
    """Bring the cluster up and the images to it, by the same tools that `make cluster-up` and `make images` use."""
    if settings.cluster is Selected.CURRENT and not settings.registry:
        raise ToolError(
            "CLUSTER=current needs a registry that your cluster pulls images from: "
            "make demo CLUSTER=current REGISTRY=<registry>"
        )
    tool("cluster", "up")
    tool("images", "build", *(("--push", settings.registry) if settings.registry else ()))


def ensure_key(settings: Settings, cluster: Cluster) -> str:
    """Return the demo's API key: the one kept from before if it is still there, else a new one."""
    namespace, path = settings.namespace, settings.key_file
    known = {one.name for one in keys.names(cluster, namespace)}
    if KEY_NAME in known and path.is_file():
        return path.read_text().strip()
    if KEY_NAME in known:
        keys.revoke(cluster, namespace, KEY_NAME)
    key = keys.create(cluster, namespace, KEY_NAME)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(key + "\n")
    say(f"  ✓ API key `{KEY_NAME}` of namespace {namespace}, kept in {path}")
    return key


def apply(settings: Settings, clients: Clients, example: Example) -> None:
    """Apply the resources as a person would."""
    path = example.write(settings.output)
    shown = path.relative_to(REPOSITORY)
    with step(f"kubectl apply --namespace {settings.namespace} -f {shown}"):
        try:
            clients.kubectl("apply", "--namespace", settings.namespace, "-f", path)
        except CommandFailedError as error:
            raise ToolError(
                f"{error}\nIf a resource of this name with other content is there: use another namespace (make demo "
                f"NAMESPACE=<name>), or delete it: kubectl delete --namespace {settings.namespace} -f {shown}"
            ) from error


def tool(*arguments: str) -> None:
    """Run a verb of the tools, with its own progress lines; raises ToolError (it said why)."""
    command = [sys.executable, "-m", "capforge_tools", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "tools")}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        verb = " ".join(arguments)
        raise ToolError(f"`{verb}` failed; the lines above say why. Put it right and repeat.")


def _say_plan(settings: Settings) -> None:
    source = settings.data or "a small sample set, drawn here (your own: DATA=<coco folder>)"
    say(f"cluster: {settings.cluster.value} (CLUSTER=current|kind|local)   namespace: {settings.namespace}")
    say(f"data: {source}")
    say("The first time this builds a cluster and images: up to 35 minutes on 2 cores. Stop and repeat it as you like.")
