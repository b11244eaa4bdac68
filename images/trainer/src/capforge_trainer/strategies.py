"""Which strategy makes which template's models. Each is imported when it is wanted: together they take seconds."""

from __future__ import annotations

from typing import Any

from capforge_trainer.classification.parameters import ClassifierParameters
from capforge_trainer.config import DetectorParameters, Parameters
from capforge_trainer.embedding.parameters import ResnetEmbedderParameters, SmallEmbedderParameters
from capforge_trainer.scorer.parameters import ScorerParameters
from capforge_trainer.strategy import Strategy, Work


def strategy_for(work: Work, parameters: Parameters) -> Strategy[Any, Any, Any]:
    """Return the strategy whose parameters these are."""
    match parameters:
        case DetectorParameters():
            from capforge_trainer.detection import Detection  # noqa: PLC0415

            return Detection(work, parameters)
        case ClassifierParameters():
            from capforge_trainer.classification.strategy import Classification  # noqa: PLC0415

            return Classification(work, parameters)
        case SmallEmbedderParameters() | ResnetEmbedderParameters():
            from capforge_trainer.embedding.strategy import Embedding  # noqa: PLC0415

            return Embedding(work, parameters)
        case ScorerParameters():
            from capforge_trainer.documents.extraction import Extraction  # noqa: PLC0415

            return Extraction(work, parameters)
        case _:
            message = f"{type(parameters).__name__} belong to no template"
            raise TypeError(message)
