"""What a person may set for classifiers, with ranges, units and defaults. Knows no torch."""

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

_DROPOUT = "Share of the features that training hides before the decision."


class SmallCropParameters(CropParameters):
    """How a region becomes the model's input."""

    long_side_pixels: int = Field(64, ge=0, le=512, multiple_of=SIDE_STEP, description=LONG_SIDE)


class SmallNetworkParameters(Parameters):
    """What the network looks like."""

    width: int = Field(
        24,
        ge=8,
        le=128,
        multiple_of=8,
        description="Channels of the first of four stages; each next one has twice as many.",
    )
    dropout: Share = Field(0.1, description=_DROPOUT)


class MobilenetParameters(Parameters):
    """What the network looks like."""

    dropout: Share = Field(0.1, description=_DROPOUT)


class ResnetParameters(Parameters):
    """What the network looks like."""

    backbone: Literal["resnet10", "resnet18", "resnet50"] = Field(
        "resnet18", description="torchvision network that sees the crop (resnet10: one block per stage)."
    )
    dropout: Share = Field(0.1, description=_DROPOUT)


class ClassifierAugmentationParameters(Parameters):
    """How a crop is changed before it is seen again. Turn off what would change a region's class."""

    turn_degrees: float = Field(10.0, ge=0, le=180, description="Largest turn to either side; 180 for any direction.")
    zoom: float = Field(0.15, ge=0, le=1, description="Largest zoom, in and out and of each side alone.")
    shift: float = Field(0.06, ge=0, le=0.5, description="Largest shift, as a share of the crop's sides.")
    horizontal_flip: Share = Field(0.0, description="Probability of mirroring left and right; 0.5 for most objects.")
    vertical_flip: Share = Field(0.0, description="Probability of mirroring top and bottom.")
    colour: Share = Field(0.2, description="Strength of random brightness, contrast and saturation.")
    hide: Share = Field(0.2, description="Probability of covering a part of the crop.")


class ClassParameters(Parameters):
    """How classes of very different size are treated."""

    balance: Share = Field(
        0.5,
        description="0 draws regions as often as they occur, 1 each class equally often. Scores stay those of classes "
        "as frequent as in the data.",
    )
    label_smoothing: Share = Field(
        0.05, description="Share of certainty that is spread over all classes: lets a wrong label do less harm."
    )


class ClassifierParameters(Parameters):
    """What all templates of classifiers share; each adds its own network."""

    crop: CropParameters = Field(CropParameters(), description="How a region becomes the model's input.")
    augmentation: ClassifierAugmentationParameters = Field(
        ClassifierAugmentationParameters(), description="How a crop is changed before it is seen again."
    )
    classes: ClassParameters = Field(ClassParameters(), description="How classes of very different size are treated.")
    optimizer: RegionOptimizerParameters = Field(
        RegionOptimizerParameters(), description="How the weights follow the loss."
    )
    schedule: RegionScheduleParameters = Field(RegionScheduleParameters(), description="How long training lasts.")


class SmallClassifierParameters(ClassifierParameters):
    """Parameters of the template `box-classifier-small`."""

    model: SmallNetworkParameters = Field(SmallNetworkParameters(), description="What the network looks like.")
    crop: SmallCropParameters = Field(SmallCropParameters(), description="How a region becomes the model's input.")


class MobilenetClassifierParameters(ClassifierParameters):
    """Parameters of the template `box-classifier-mobilenet`."""

    model: MobilenetParameters = Field(MobilenetParameters(), description="What the network looks like.")


class ResnetClassifierParameters(ClassifierParameters):
    """Parameters of the template `box-classifier-resnet`."""

    model: ResnetParameters = Field(ResnetParameters(), description="What the network looks like.")
