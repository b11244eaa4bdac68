"""The list of all kinds."""

from __future__ import annotations

from capforge_operator.api.base import Resource
from capforge_operator.api.capability import Capability
from capforge_operator.api.dataset import Dataset
from capforge_operator.api.model_template import ModelTemplate
from capforge_operator.api.training_run import TrainingRun

RESOURCES: tuple[type[Resource], ...] = (Capability, Dataset, TrainingRun, ModelTemplate)
