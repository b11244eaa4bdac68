"""The crop's fixed size and what it shows, from the parameters and the training regions."""

from __future__ import annotations

from math import ceil

import numpy as np

from capforge_contracts.run import CropForm, CropSettings
from capforge_trainer.data.looks import Looks
from capforge_trainer.data.telling import sizes_tell
from capforge_trainer.regions.examples import Example
from capforge_trainer.regions.parameters import SIDE_STEP, CropParameters
from capforge_transforms.crop import sides

SMALLEST_AUTO_PIXELS, LARGEST_AUTO_PIXELS = 48, 128
"""Of the longer side, where nobody has chosen: below, a network has nothing to see; above, each step is dear."""
_MOST = 95
"""Percentile of the regions that a place shows whole."""
_AROUND = 1.1
_LEAST_SHARE = 0.15
"""Of a place's side, what most regions must cover: a speck of few pixels tells nothing."""


def crop_settings(parameters: CropParameters, examples: list[Example], looks: Looks | None = None) -> CropSettings:
    """Return how regions are cut: both sides are multiples of SIDE_STEP; without `looks`, `Auto` shows regions."""
    wanted = CropSettings(
        width=1,
        height=1,
        scale=parameters.scale,
        padding_pixels=parameters.padding_pixels,
        form=CropForm(parameters.form),
    )
    if _shows_places(parameters, examples, looks):
        wanted = _place(wanted, examples)
    found = np.array([sides(one.region, wanted) for one in examples]).reshape(-1, 2)
    long_side = parameters.long_side_pixels or _stepped(
        float(np.clip(np.median(found.max(axis=1)), SMALLEST_AUTO_PIXELS, LARGEST_AUTO_PIXELS))
    )
    if parameters.shape == "Square":
        return wanted.model_copy(update={"width": long_side, "height": long_side})
    shape = float(np.exp(np.median(np.log(found[:, 0] / found[:, 1]))))
    short_side = max(2 * SIDE_STEP, _stepped(round(long_side * min(shape, 1 / shape), 3)))
    short_side = min(short_side, long_side)
    width, height = (long_side, short_side) if shape >= 1 else (short_side, long_side)
    return wanted.model_copy(update={"width": width, "height": height})


def _shows_places(parameters: CropParameters, examples: list[Example], looks: Looks | None) -> bool:
    if parameters.view != "Auto":
        return parameters.view == "Place"
    if looks is None or parameters.form == "Rotated" or not examples:
        return False
    found = _sides(examples)
    fits = np.percentile(np.sqrt(found.prod(axis=1)), 100 - _MOST) >= _LEAST_SHARE * np.percentile(
        found.max(axis=1), _MOST
    )
    return bool(fits) and sizes_tell(looks)


def _place(wanted: CropSettings, examples: list[Example]) -> CropSettings:
    """Return settings that show a square of one size around every region's centre."""
    half = ceil(_AROUND * float(np.percentile(_sides(examples).max(axis=1), _MOST)) / 2)
    return wanted.model_copy(update={"scale": 0.0, "padding_pixels": half})


def _sides(examples: list[Example]) -> np.ndarray:
    boxes = np.array([one.region.box for one in examples], np.float64)
    return boxes[:, 2:] - boxes[:, :2]


def _stepped(pixels: float) -> int:
    return ceil(pixels / SIDE_STEP) * SIDE_STEP
