"""Bringing the cluster up, or repairing what is missing of a running one."""

from __future__ import annotations

import time

from capforge_tools import binaries, debian, kubeconfigs
from capforge_tools.cluster import cgroups, control_plane, dns, elsewhere, images, network, node, volumes
from capforge_tools.cluster.api import Api
from capforge_tools.cluster.bundled import bundled_image
from capforge_tools.cluster.layout import Layout, Node
from capforge_tools.cluster.losing import forget_containers
from capforge_tools.cluster.parts import volumes_service
from capforge_tools.cluster.ports import Ports
from capforge_tools.cluster.survey import problems, processes
from capforge_tools.console import say, step
from capforge_tools.errors import ToolError
from capforge_tools.locks import exclusive
from capforge_tools.privileges import give_to_user, require_root
from capforge_tools.processes import boot_id

_MODULES = ("etcd", "kubernetes", "coredns", "pause")
_READY_SECONDS = 180.0
_PAUSE_SECONDS = 0.3


def up(layout: Layout) -> None:
    """Bring the cluster up; on a healthy one nothing is done. Raises ToolError saying what failed."""
    require_root("the local cluster makes network namespaces, mounts and cgroups")
    started = time.monotonic()
    with exclusive(layout.lock, "the local cluster"):
        debian.install_missing(debian.CLUSTER)
        binaries.ensure(*_MODULES, places=layout.places)
        if not problems(layout):
            say(f"the local cluster runs; KUBECONFIG={layout.kubeconfig}")
            return
        _bring_up(layout)
    say(f"the local cluster is up ({time.monotonic() - started:.0f} s); KUBECONFIG={layout.kubeconfig}")


def _bring_up(layout: Layout) -> None:
    layout.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    elsewhere.remember(layout)
    _forget_an_earlier_boot(layout)
    _take_over_the_number(layout)
    with step("network and cgroups"):
        network.ensure(layout)
        cgroups.ensure(layout)
    _choose_ports(layout)
    server = layout.api_server
    kubeconfigs.write(layout.kubeconfig, server.url, server.authority.own, server.administrator)
    give_to_user(layout.kubeconfig)
    for service in control_plane.services(layout):
        service.ensure(layout.register)
    volumes_service(layout).ensure(layout.register)
    for each in layout.nodes:
        _start_node(layout, each)
    _install(layout)
    with step("wait for nodes and DNS"):
        _wait_until_ready(layout)


def _take_over_the_number(layout: Layout) -> None:
    """Remove what a killed cluster of the same number left whose state folder was another one.

    Its pods' networks go on answering for addresses that this cluster gives to its own pods, DNS first.
    """
    if layout.register.all():
        return
    if alive := processes(layout):
        raise ToolError(
            f"another cluster with the number {layout.number} runs on this machine (process {min(alive)}); take it "
            "down from the checkout or with the state folder that it was started with"
        )
    network.remove(layout)
    cgroups.remove(layout)


def _wait_until_ready(layout: Layout) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while found := problems(layout):
        if time.monotonic() > deadline:
            raise ToolError(f"the cluster is not ready after {_READY_SECONDS:.0f} s: {'; '.join(found)}")
        time.sleep(_PAUSE_SECONDS)


def _start_node(layout: Layout, each: Node) -> None:
    runtime, *others = node.services(layout, each)
    runtime.ensure(layout.register)
    for program in ("pause", "coredns"):
        image = bundled_image(program, layout.places)
        if image.reference not in images.present(each):
            images.load(each, image.archive)
    for service in others:
        service.ensure(layout.register)


def _install(layout: Layout) -> None:
    """Apply what every cluster has: the default StorageClass and DNS."""
    api = Api(layout.api_server)
    api.apply(volumes.STORAGE_CLASS_PATH, volumes.storage_class())
    for path, document in dns.objects(bundled_image("coredns", layout.places).reference, layout.dns_address).items():
        api.apply(path, document)


def _choose_ports(layout: Layout) -> None:
    """Choose the control plane's ports anew where none of it runs: others may have taken the old ones meanwhile."""
    if not any(record.is_alive() for record in layout.register.all()):
        Ports.choose(layout.folder / "ports.json")


def _forget_an_earlier_boot(layout: Layout) -> None:
    """After a reboot the runtimes must not look for containers that ended with the machine."""
    mark = layout.folder / "boot-id"
    if mark.is_file() and mark.read_text() == boot_id():
        return
    for each in layout.nodes:
        forget_containers(each)
    mark.write_text(boot_id())
