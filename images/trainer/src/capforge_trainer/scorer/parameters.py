"""What a person may set for the candidate scorer, with ranges, units and defaults. Knows no torch."""

from __future__ import annotations

from pydantic import Field

from capforge_trainer.config import Parameters, Share


class ScorerParameters(Parameters):
    """Parameters of the template `candidate-scorer`."""

    pretrained: bool = Field(
        True, description="Start from the shipped generic weights; false starts from random numbers."
    )
    members: int = Field(3, ge=1, le=16, description="Networks that are trained and averaged in one graph.")
    fresh_members: int = Field(
        1, ge=0, le=16, description="So many of several members start from random numbers, for another view."
    )
    max_epochs: int = Field(40, ge=1, le=10_000, description="Passes over the training documents at most.")
    max_steps: int = Field(
        500, ge=1, le=1_000_000, description="Steps of a network at most: many documents, fewer passes."
    )
    batch_size: int = Field(8, ge=1, le=256, description="Documents per step.")
    learning_rate: float = Field(2e-3, ge=1e-8, le=1, description="Highest rate (AdamW) of what is learned per field.")
    body_rate_share: Share = Field(1.0, description="The generic part's rate, as a share of the learning rate.")
    weight_decay: float = Field(0.05, ge=0, le=1, description="Decay of weights.")
    text_dropout: Share = Field(0.15, description="Share of a text's pieces that a step does not see.")
    dropout: Share = Field(0.15, description="Share of inner values that a step does not see.")
    calibration_folds: int = Field(
        3, ge=2, le=10, description="Without enough dev documents, confidence is calibrated on so many left-out parts."
    )
