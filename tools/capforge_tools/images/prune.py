"""Removing builds that are no longer current."""

from __future__ import annotations

from collections.abc import Iterable

from capforge_tools.cluster import images as node_images
from capforge_tools.cluster.layout import Layout
from capforge_tools.console import say
from capforge_tools.images.build import PREFIX, reference
from capforge_tools.images.engine import Engine
from capforge_tools.images.table import Table


def prune(table: Table, engine: Engine, cluster: Layout | None) -> None:
    """Remove every build that is not current, from the engine and from the local cluster's nodes."""
    current = {reference(table, image) for image in table.in_build_order(())}
    _report(engine.name, old := outdated(table, engine.references(), current))
    if old:
        engine.remove(old)
    for node in cluster.nodes if cluster else ():
        _report(node.name, old := outdated(table, node_images.present(node), current))
        if old:
            node_images.remove(node, old)


def outdated(table: Table, references: Iterable[str], current: set[str]) -> list[str]:
    """Return those references that are builds of the table's images, and not the current ones."""
    ours = tuple(f"{PREFIX}/{name}:" for name in table.images)
    return sorted(each for each in references if each.startswith(ours) and each not in current)


def _report(where: str, references: list[str]) -> None:
    say(f"  {where}: {len(references)} outdated builds" + "".join(f"\n    {each}" for each in references))
