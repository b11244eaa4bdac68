"""What a person may set for the anchor-free detector: one model per group, with ranges, units and defaults.

Knows no torch: the operator's built-in ModelTemplates and their schemas are generated from here.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

STRIDE = 32
"""Pixels: the coarsest step of every backbone; input sides are multiples of it."""

LEAST_INPUT_PIXELS = 96

Share = Annotated[float, Field(ge=0, le=1)]


class Parameters(BaseModel):
    """A group of settings: unknown names are refused, values are not converted, nothing changes after parsing."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, allow_inf_nan=False
    )


class ModelParameters(Parameters):
    """What the network looks like."""

    backbone: Literal["mobilenet_v3_large", "resnet10", "resnet10_slim", "resnet18", "resnet50"] = Field(
        "resnet10_slim",
        description="torchvision network that sees the image (resnet10: one block per stage; resnet10_slim: with half "
        "the channels).",
    )
    input_long_side_pixels: int = Field(
        0,
        ge=0,
        le=1536,
        multiple_of=STRIDE,
        description="Longer side of the model's input, at least 96; 0 takes it from the training images: 320, or up to "
        "1024 where the objects of some class would cover less than 10 pixels.",
    )
    input_shape: Literal["Auto", "Square"] = Field(
        "Auto", description="Auto takes the shorter side from the training images' median shape; Square is square."
    )
    neck_channels: int = Field(64, ge=32, le=512, multiple_of=16, description="Width of the feature pyramid and heads.")
    max_detections: int = Field(
        0,
        ge=0,
        le=500,
        description="At most this many boxes per image; 0 takes twice the most objects of a training image, within 100 "
        "and 500.",
    )
    nms_iou: float = Field(
        0.6, ge=0.1, le=0.95, description="Two boxes of one class that overlap more than this (IoU) are one object."
    )

    @model_validator(mode="after")
    def _input_large_enough(self) -> Self:
        if 0 < self.input_long_side_pixels < LEAST_INPUT_PIXELS:
            message = (
                f"inputLongSidePixels is {self.input_long_side_pixels}; allowed: 0, or at least {LEAST_INPUT_PIXELS}"
            )
            raise ValueError(message)
        return self


class AugmentationParameters(Parameters):
    """How a training image is changed before it is seen again. Turn off what would change an object's class."""

    class_check: Literal["Auto", "Never"] = Field(
        "Auto",
        description="Auto does without mirroring and quarter turns after which training objects look like another "
        "class (letters, arrows), zooms less where classes differ in size alone, and changes colours less where "
        "objects are faint. Never trusts the settings.",
    )
    horizontal_flip: Share = Field(0.5, description="Probability of mirroring left and right.")
    vertical_flip: Share = Field(0.0, description="Probability of mirroring top and bottom.")
    quarter_turns: Literal["Auto", "Always", "Never"] = Field(
        "Auto",
        description="Whether images are turned by 0, 90, 180 or 270 degrees. Auto: where training images show objects "
        "of every class both wide and tall, so that they lie any way.",
    )
    turn_degrees: float = Field(
        12.0, ge=0, le=45, description="Turned by up to this many degrees to either side, save at the schedule's end."
    )
    stretch: float = Field(0.15, ge=0, le=1, description="Change of the ratio of width to height, up to 1 + this.")
    windows: Literal["Auto", "Never"] = Field(
        "Auto",
        description="Auto trains on windows of an input larger than 320 pixels where objects are small beside it: a "
        "step then takes no longer. Never shows it whole.",
    )
    scale_min: float = Field(0.6, ge=0.1, le=1, description="Smallest zoom of an image.")
    scale_max: float = Field(1.5, ge=1, le=4, description="Largest zoom of an image; what leaves the frame is cut.")
    colour: Share = Field(0.3, description="Strength of random brightness, contrast, saturation and hue.")
    mosaic: Share = Field(
        0.9,
        description="Probability of joining four images into one, where they hold up to four objects on average; with "
        "more it falls in proportion.",
    )
    plain_share: Share = Field(
        0.2, description="Share of the schedule, at its end, without mosaic and without turns by a few degrees."
    )

    @model_validator(mode="after")
    def _scales_in_order(self) -> Self:
        if self.scale_min > self.scale_max:
            message = f"scaleMin {self.scale_min} is above scaleMax {self.scale_max}"
            raise ValueError(message)
        return self


class OptimizerParameters(Parameters):
    """How the weights follow the loss."""

    batch_size: int = Field(8, ge=1, le=512, description="Images per step and process.")
    learning_rate: float = Field(2e-3, ge=1e-8, le=1, description="Highest rate (AdamW), after the warm-up.")
    weight_decay: float = Field(0.05, ge=0, le=1, description="Decay of weights other than norms and biases.")
    warmup_steps: int = Field(30, ge=0, le=100_000, description="Steps in which the rate rises from nearly zero.")
    gradient_clip_norm: float = Field(
        10.0, ge=0, le=1000, description="Longest gradient that a step may take; 0 sets no limit."
    )
    ema_decay: float = Field(
        0.998,
        ge=0,
        le=0.99999,
        description="Weight of the past in the averaged weights, after a rise; 0 turns averaging off.",
    )
    precision: Literal["Auto", "Float32", "BFloat16"] = Field(
        "Auto", description="Number format of the forward pass; Auto takes BFloat16 where the hardware is built for it."
    )


class ScheduleParameters(Parameters):
    """How long training lasts. The run's time budget shortens it further."""

    max_epochs: int = Field(600, ge=1, le=100_000, description="Passes over the training images at most.")
    evaluations: int = Field(
        8, ge=1, le=1000, description="How often dev is evaluated at most; the best of these is the result."
    )
    patience: int = Field(
        4, ge=1, le=1000, description="Stop early after this many evaluations on dev without a better mAP50-95."
    )
    checkpoint_seconds: int = Field(
        300, ge=1, le=86_400, description="A checkpoint is written after each epoch, and after this time within one."
    )
    loader_threads: int = Field(2, ge=1, le=64, description="Threads that prepare batches; they share cached images.")


class DetectorParameters(Parameters):
    """Parameters of the template `anchor-free-detector`."""

    model: ModelParameters = Field(ModelParameters(), description="What the network looks like.")
    augmentation: AugmentationParameters = Field(
        AugmentationParameters(), description="How a training image is changed before it is seen again."
    )
    optimizer: OptimizerParameters = Field(OptimizerParameters(), description="How the weights follow the loss.")
    schedule: ScheduleParameters = Field(ScheduleParameters(), description="How long training lasts.")
