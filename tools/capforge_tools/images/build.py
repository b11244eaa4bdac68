"""Building the images whose inputs have changed."""

from __future__ import annotations

from dataclasses import dataclass

from capforge_tools import binaries
from capforge_tools.console import say, step
from capforge_tools.errors import CommandFailedError, ToolError
from capforge_tools.images.context import build_context
from capforge_tools.images.engine import Build, Engine
from capforge_tools.images.table import Image, Table
from capforge_tools.locks import exclusive
from capforge_tools.places import Places

PREFIX = "localhost/capforge"
"""What every image that was not pushed is called by."""


@dataclass(frozen=True)
class Built:
    """An image that the engine has now."""

    image: Image
    reference: str


def build_all(table: Table, engine: Engine, names: tuple[str, ...], places: Places) -> list[Built]:
    """Build those of the named images (all where none is named), and of their bases, that are out of date.

    Raises ToolError naming the image that failed and its log; images built before it stay.
    """
    ordered = table.in_build_order(names)
    with exclusive(places.images_lock, "building images"):
        existing = engine.references()
        for image in ordered:
            if reference(table, image) not in existing:
                _build(table, engine, image, places)
    return [Built(image, reference(table, image)) for image in ordered]


def reference(table: Table, image: Image) -> str:
    """Return the reference of an image as its inputs are now."""
    return f"{PREFIX}/{image.name}:{table.tag(image.name)}"


def pushed_reference(built: Built, registry: str) -> str:
    """Return what an image is called in a registry."""
    return f"{registry.rstrip('/')}/{built.reference.partition('/')[2]}"


def push_all(engine: Engine, images: list[Built], registry: str) -> list[Built]:
    """Push the images to a registry; return them as they are called there."""
    pushed = []
    for built in images:
        target = pushed_reference(built, registry)
        with step(f"push {target}"):
            engine.push(built.reference, target)
        pushed.append(Built(built.image, target))
    return pushed


def chart_values(images: list[Built]) -> dict[str, dict[str, str]]:
    """Return the chart's values that name exactly these images."""
    return {"images": {built.image.chart: built.reference for built in images if built.image.chart}}


def renewed(before: dict[str, dict[str, str]], images: list[Built]) -> dict[str, dict[str, str]]:
    """Return values that were written before, with these images in place of those of their names."""
    return {"images": {**before.get("images", {}), **chart_values(images)["images"]}}


def _build(table: Table, engine: Engine, image: Image, places: Places) -> None:
    if image.programs:
        binaries.ensure(*image.programs, places=places)
    log_path = places.cache / "logs" / f"image-{image.name}.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("wb") as log, build_context(table, image) as context:
        if image.base in table.roots:
            base = engine.root_reference(table.roots[image.base], log)
        else:
            base = reference(table, table.images[image.base])
        with step(f"build image {image.name} ({engine.name})"):
            build = Build(
                reference(table, image), table.dockerfile(image), context, places.binaries, base, image.arguments
            )
            try:
                engine.build(build, log)
            except CommandFailedError as error:
                say(error.output[-2000:])
                raise ToolError(f"image {image.name} was not built; the whole log is {log_path}") from error
