"""What a person may set for every model of regions, with ranges, units and defaults. Knows no torch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from capforge_trainer.config import OptimizerParameters, Parameters, ScheduleParameters

SIDE_STEP = 16
"""Pixels: sides of crops are multiples of it."""
LONG_SIDE = "Longer side of the crop; 0 takes it from the training regions' median, within 48 and 128 pixels."


class CropParameters(Parameters):
    """How a region becomes the model's input."""

    long_side_pixels: int = Field(
        0,
        ge=0,
        le=512,
        multiple_of=SIDE_STEP,
        description=LONG_SIDE,
    )
    shape: Literal["Auto", "Square"] = Field(
        "Auto", description="Auto takes the shorter side from the training regions' median shape; Square is square."
    )
    view: Literal["Auto", "Region", "Place"] = Field(
        "Auto",
        description="Region shows the region's rectangle, stretched to the crop; Place shows as many pixels of the "
        "image around every region's centre, so that sizes and proportions are seen, and needs no scale and padding. "
        "Auto: Place where classes that look alike differ in them, else Region.",
    )
    scale: float = Field(1.1, ge=0.1, le=10, description="Sides of a region are multiplied by this around its centre.")
    padding_pixels: int = Field(0, ge=0, le=1024, description="Then added on each side, in pixels of the image.")
    form: Literal["Upright", "Rotated"] = Field(
        "Upright", description="Rotated turns the smallest rectangle around a polygon upright; boxes stay as they are."
    )


class RegionOptimizerParameters(OptimizerParameters):
    """How the weights follow the loss."""

    batch_size: int = Field(32, ge=2, le=4096, description="Regions per step and process.")
    learning_rate: float = Field(2e-3, ge=1e-8, le=1, description="Highest rate (AdamW), after the warm-up.")
    ema_decay: float = Field(
        0.995,
        ge=0,
        le=0.99999,
        description="Weight of the past in the averaged weights, after a rise; 0 turns averaging off.",
    )


class RegionScheduleParameters(ScheduleParameters):
    """How long training lasts. The run's time budget shortens it further."""

    max_epochs: int = Field(60, ge=1, le=100_000, description="Passes over the training regions at most.")
    evaluations: int = Field(
        12, ge=1, le=1000, description="How often dev is evaluated at most; the best of these is the result."
    )
    patience: int = Field(
        6, ge=1, le=1000, description="Stop early after this many evaluations on dev without a better figure."
    )
