"""What a person may set for embedders, with ranges, units and defaults. Knows no torch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from capforge_trainer.config import Parameters, Share
from capforge_trainer.regions.parameters import (
    LONG_SIDE,
    SIDE_STEP,
    CropParameters,
    RegionOptimizerParameters,
    RegionScheduleParameters,
)


class SmallCropParameters(CropParameters):
    """How a region becomes the model's input."""

    long_side_pixels: int = Field(64, ge=0, le=512, multiple_of=SIDE_STEP, description=LONG_SIDE)


class LargerCropParameters(CropParameters):
    """How a region becomes the model's input."""

    long_side_pixels: int = Field(96, ge=0, le=512, multiple_of=SIDE_STEP, description=LONG_SIDE)


class SmallBodyParameters(Parameters):
    """What the network looks like."""

    width: int = Field(
        32,
        ge=8,
        le=128,
        multiple_of=8,
        description="Channels of the first of four stages; each next one has twice as many.",
    )
    embedding_size: int = Field(128, ge=8, le=2048, description="Numbers in a vector.")


class ResnetBodyParameters(Parameters):
    """What the network looks like."""

    backbone: Literal["resnet10", "resnet18", "resnet50"] = Field(
        "resnet10", description="torchvision network that sees the crop (resnet10: one block per stage)."
    )
    embedding_size: int = Field(128, ge=8, le=2048, description="Numbers in a vector.")


class EmbedderAugmentationParameters(Parameters):
    """How a crop is changed before it is seen again. Turn off what would make another class of it."""

    turn_degrees: float = Field(12.0, ge=0, le=180, description="Largest turn to either side; 180 for any direction.")
    zoom: float = Field(0.2, ge=0, le=1, description="Largest zoom, in and out and of each side alone.")
    shift: float = Field(0.08, ge=0, le=0.5, description="Largest shift, as a share of the crop's sides.")
    bend: float = Field(0.04, ge=0, le=0.2, description="Largest bend inside the crop, as a share of its side.")
    horizontal_flip: Share = Field(0.0, description="Probability of mirroring left and right.")
    vertical_flip: Share = Field(0.0, description="Probability of mirroring top and bottom.")
    colour: Share = Field(0.3, description="Strength of random brightness, contrast, saturation and colour balance.")
    stroke: Share = Field(0.2, description="Probability of making dark details a pixel thicker or thinner.")
    hide: Share = Field(0.3, description="Probability of covering a part of the crop.")


class MetricParameters(Parameters):
    """What makes vectors of one class meet."""

    direction_share: Share = Field(
        0.5, description="Share of the loss that draws vectors to their class's direction; the rest is by pairs."
    )
    temperature: float = Field(0.1, ge=0.01, le=1, description="Lower weighs the hardest neighbours more.")
    margin: float = Field(0.1, ge=0, le=1, description="Cosine by which the own class must be nearer than others.")
    regions_per_class: int = Field(4, ge=2, le=64, description="Regions of one class that meet in a batch.")


class EmbedderOptimizerParameters(RegionOptimizerParameters):
    """How the weights follow the loss."""

    batch_size: int = Field(64, ge=4, le=4096, description="Regions per step and process.")


class EmbedderParameters(Parameters):
    """What both templates share; each adds its own network and size of crops."""

    augmentation: EmbedderAugmentationParameters = Field(
        EmbedderAugmentationParameters(), description="How a crop is changed before it is seen again."
    )
    metric: MetricParameters = Field(MetricParameters(), description="What makes vectors of one class meet.")
    optimizer: EmbedderOptimizerParameters = Field(
        EmbedderOptimizerParameters(), description="How the weights follow the loss."
    )
    schedule: RegionScheduleParameters = Field(RegionScheduleParameters(), description="How long training lasts.")


class SmallEmbedderParameters(EmbedderParameters):
    """Parameters of the template `box-embedder-small`."""

    model: SmallBodyParameters = Field(SmallBodyParameters(), description="What the network looks like.")
    crop: SmallCropParameters = Field(SmallCropParameters(), description="How a region becomes the model's input.")


class ResnetEmbedderParameters(EmbedderParameters):
    """Parameters of the template `box-embedder-resnet`."""

    model: ResnetBodyParameters = Field(ResnetBodyParameters(), description="What the network looks like.")
    crop: LargerCropParameters = Field(LargerCropParameters(), description="How a region becomes the model's input.")
