"""`images build|list|prune`."""

from __future__ import annotations

import argparse
import json

from capforge_tools import debian, selection
from capforge_tools.cluster.layout import Layout
from capforge_tools.cluster.survey import problems
from capforge_tools.console import say
from capforge_tools.files import write_json_if_changed
from capforge_tools.images import docker
from capforge_tools.images.build import Built, build_all, chart_values, push_all, reference, renewed
from capforge_tools.images.buildah import BuildahEngine
from capforge_tools.images.deliver import to_kind, to_local_nodes
from capforge_tools.images.engine import Engine
from capforge_tools.images.prune import prune
from capforge_tools.images.table import Table
from capforge_tools.locks import exclusive
from capforge_tools.places import REPOSITORY, Places
from capforge_tools.privileges import give_to_user, require_root
from capforge_tools.selection import Cluster

VALUES = REPOSITORY / "build" / "images.json"
"""Values for the chart that name the images built last (not committed)."""


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("images", help="the images that Capforge runs")
    parser.add_argument("action", choices=["build", "list", "prune"])
    parser.add_argument("names", nargs="*", help="images; all where none is given")
    parser.add_argument("--push", metavar="REGISTRY", default="", help="push to <REGISTRY>/capforge/<name>:<tag>")
    parser.set_defaults(verb=_run)


def _run(arguments: argparse.Namespace) -> None:
    table = Table.load(REPOSITORY)
    names = tuple(arguments.names)
    if arguments.action == "list":
        for image in table.in_build_order(names):
            print(reference(table, image))
        return
    places = Places.from_environment()
    cluster = selection.select()
    engine = _engine(cluster, places)
    if arguments.action == "prune":
        layout = Layout(places)
        with exclusive(places.images_lock, "building images"):
            prune(table, engine, None if problems(layout) else layout)
        return
    # What only other images stand on stays with the engine.
    images = [b for b in build_all(table, engine, names, places) if b.image.chart or b.image.example]
    if arguments.push:
        images = push_all(engine, images, arguments.push)
    else:
        _deliver(cluster, engine, images, places)
    if not names or VALUES.exists():
        before = json.loads(VALUES.read_text()) if names else {}
        write_json_if_changed(VALUES, renewed(before, images))
        give_to_user(VALUES.parent, VALUES)
        say(f"values for the chart: {VALUES.relative_to(REPOSITORY)}")
    print(json.dumps(chart_values(images), indent=2))


def _engine(cluster: Cluster, places: Places) -> Engine:
    # The local cluster's nodes take images from buildah, also where somebody chose it beside a Docker engine.
    if cluster is not Cluster.LOCAL and docker.answers():
        return docker.DockerEngine()
    require_root("building images without a Docker engine")
    debian.install_missing(debian.IMAGES)
    return BuildahEngine(places)


def _deliver(cluster: Cluster, engine: Engine, images: list[Built], places: Places) -> None:
    """Bring the images to the cluster in use, where it runs on this machine and cannot pull them."""
    layout = Layout(places)
    if cluster is Cluster.KIND:
        to_kind(images)
    elif cluster is Cluster.LOCAL and (found := problems(layout)):
        say(f"the images are built, and not brought to the local cluster: {found[0]} (make cluster-up)")
    elif cluster is Cluster.LOCAL and isinstance(engine, BuildahEngine):
        to_local_nodes(layout, engine, images)
    elif cluster is Cluster.CURRENT:
        say("the images are built; a cluster elsewhere pulls them from a registry: make images REGISTRY=<registry>")
