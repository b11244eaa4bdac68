"""The augmentation that suits a training set, by what its labels and objects say.

How many objects an image holds, how they lie, and whether a change would make an object of another class of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from capforge_trainer.config import AugmentationParameters
from capforge_trainer.data.colour import in_milder_colours
from capforge_trainer.data.items import Item
from capforge_trainer.data.looks import Looks
from capforge_trainer.data.telling import (
    colour_share,
    keeps_classes,
    mirrored,
    sizes_tell,
    turned,
    upside_down,
    zoom_that_keeps_sizes,
)

_MANY_OBJECTS = 4.0
"""Objects per image. Joining four images is worth most where each holds one: a step then learns from four."""
_SELDOM = 0.05
"""Share of a class's objects. One that is never seen the other way stands upright; so does what is round, but it does
not matter there: rounded boxes are as often wide as tall."""


@dataclass(frozen=True)
class Suited:
    """What a training set gets."""

    parameters: AugmentationParameters
    left_out: tuple[str, ...] = ()
    """What the defaults would do and these objects do not bear, for people."""


def suited(
    parameters: AugmentationParameters,
    items: list[Item],
    looks: Callable[[], Looks] | None = None,
    shown: float = 1.0,
) -> Suited:
    """Fill in what is left to the training set; `shown` is the share of the input that a sample shows.

    Without `looks`, changes are not checked for what they do to classes.
    """
    chosen: dict[str, object] = {"mosaic": parameters.mosaic * _sparsity(items, shown)}
    if parameters.quarter_turns == "Auto":
        chosen["quarter_turns"] = "Always" if _lie_any_way(items) else "Never"
    if looks is None or parameters.class_check == "Never":
        return Suited(parameters.model_copy(update=chosen))
    known, asked_for = looks(), parameters.quarter_turns == "Always"
    wanted = in_milder_colours(parameters.model_copy(update=chosen), colour_share(known))
    harmful = _harmful(wanted, known, quarters=not asked_for)
    return Suited(wanted.model_copy(update={name: value for name, value, _ in harmful}), _told(harmful))


_Without = tuple[str, object, str]
"""Field, value, and what is done without."""


def _harmful(parameters: AugmentationParameters, looks: Looks, *, quarters: bool) -> list[_Without]:
    """Return what would change classes."""
    found: list[_Without] = []
    turning = quarters and parameters.quarter_turns == "Always"
    if turning and not all(keeps_classes(looks, turned(one), turned(4 - one)) for one in (1, 2)):
        found.append(("quarter_turns", "Never", "quarter turns"))
    if parameters.horizontal_flip and not keeps_classes(looks, mirrored, mirrored):
        found.append(("horizontal_flip", 0.0, "mirroring left and right"))
    if parameters.vertical_flip and not keeps_classes(looks, upside_down, upside_down):
        found.append(("vertical_flip", 0.0, "mirroring top and bottom"))
    largest = max(parameters.scale_max, 1 / parameters.scale_min)
    if largest > 1 and sizes_tell(looks):
        zoom = zoom_that_keeps_sizes(looks, largest)
        limits = max(parameters.scale_min, 1 / zoom), min(parameters.scale_max, zoom)
        found.append(("scale_min", limits[0], f"zooms beyond {zoom:.2f}"))
        found.append(("scale_max", limits[1], ""))
    return found


def _told(harmful: list[_Without]) -> tuple[str, ...]:
    return tuple(
        f"augmentation does without {what}: training objects would look like another class; augmentation.classCheck "
        "Never brings it back"
        for _, _, what in harmful
        if what
    )


def _sparsity(items: list[Item], shown: float) -> float:
    """Return 1 where samples hold few objects, less the more they hold."""
    objects = sum(len(item.classes) for item in items) * shown
    return min(1.0, _MANY_OBJECTS * len(items) / max(objects, 1))


def _lie_any_way(items: list[Item]) -> bool:
    """Tell whether the objects of every class are seen both wide and tall."""
    if not any(len(item.classes) for item in items):
        return False
    classes = np.concatenate([item.classes for item in items])
    boxes = np.concatenate([item.boxes for item in items])
    wide = (boxes[:, 2] - boxes[:, 0]) > (boxes[:, 3] - boxes[:, 1])
    shares = [wide[classes == one].mean() for one in np.unique(classes)]
    return all(_SELDOM <= share <= 1 - _SELDOM for share in shares)
