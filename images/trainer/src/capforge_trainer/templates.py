"""The templates that this trainer knows: the single source of the built-in ModelTemplates. Knows no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from capforge_contracts.run import CapabilityType
from capforge_trainer.classification.parameters import (
    MobilenetClassifierParameters,
    ResnetClassifierParameters,
    SmallClassifierParameters,
)
from capforge_trainer.config import DetectorParameters, Parameters
from capforge_trainer.embedding.parameters import ResnetEmbedderParameters, SmallEmbedderParameters
from capforge_trainer.fcos import FcosParameters
from capforge_trainer.scorer.parameters import ScorerParameters


@dataclass(frozen=True)
class Template:
    """One way to train: which capabilities it suits and what may be set."""

    name: str
    capability_types: tuple[CapabilityType, ...]
    description: str
    parameters: type[Parameters]

    def defaults(self) -> dict[str, Any]:
        """Return every parameter with its default, as JSON values."""
        return self.parameters().model_dump(mode="json", by_alias=True)

    def parameter_schema(self) -> dict[str, Any]:
        """Return the JSON schema of the parameters: no references, no titles, unknown names refused."""
        schema = self.parameters.model_json_schema(by_alias=True)
        definitions = schema.pop("$defs", {})
        plain: dict[str, Any] = _inlined(schema, definitions)
        return plain


ANCHOR_FREE_DETECTOR = Template(
    name="anchor-free-detector",
    capability_types=(CapabilityType.DETECTOR,),
    description="Finds and classifies objects as boxes; light, dense and anchor-free: learns from scratch, from a few "
    "hundred images, in minutes on processors. The first to try.",
    parameters=DetectorParameters,
)

FCOS_DETECTOR = Template(
    name="fcos-detector",
    capability_types=(CapabilityType.DETECTOR,),
    description="Finds and classifies objects as boxes; torchvision's FCOS, deeper and slower. To start from published "
    "weights, for objects of very different sizes or of a few pixels, and for thousands of images with a GPU.",
    parameters=FcosParameters,
)

CANDIDATE_SCORER = Template(
    name="candidate-scorer",
    capability_types=(CapabilityType.FIELD_EXTRACTOR,),
    description="Reads typed fields from documents by choosing among their words and values; learns from 20 documents.",
    parameters=ScorerParameters,
)

BOX_CLASSIFIER_SMALL = Template(
    name="box-classifier-small",
    capability_types=(CapabilityType.BOX_CLASSIFIER,),
    description="Tells what regions show; a light network that learns from scratch in minutes, from few examples.",
    parameters=SmallClassifierParameters,
)

BOX_CLASSIFIER_MOBILENET = Template(
    name="box-classifier-mobilenet",
    capability_types=(CapabilityType.BOX_CLASSIFIER,),
    description="Tells what regions show; torchvision's mobilenet_v3_large, quick to answer on processors.",
    parameters=MobilenetClassifierParameters,
)

BOX_CLASSIFIER_RESNET = Template(
    name="box-classifier-resnet",
    capability_types=(CapabilityType.BOX_CLASSIFIER,),
    description="Tells what regions show; torchvision's residual networks, for many classes and thousands of examples.",
    parameters=ResnetClassifierParameters,
)

BOX_EMBEDDER_SMALL = Template(
    name="box-embedder-small",
    capability_types=(CapabilityType.BOX_EMBEDDER,),
    description="Turns regions into vectors, near each other where they show the same; light, learns in minutes.",
    parameters=SmallEmbedderParameters,
)

BOX_EMBEDDER_RESNET = Template(
    name="box-embedder-resnet",
    capability_types=(CapabilityType.BOX_EMBEDDER,),
    description="Turns regions into vectors, near each other where they show the same; torchvision's residual nets.",
    parameters=ResnetEmbedderParameters,
)

TEMPLATES: dict[str, Template] = {
    template.name: template
    for template in (
        ANCHOR_FREE_DETECTOR,
        FCOS_DETECTOR,
        BOX_CLASSIFIER_SMALL,
        BOX_CLASSIFIER_MOBILENET,
        BOX_CLASSIFIER_RESNET,
        BOX_EMBEDDER_SMALL,
        BOX_EMBEDDER_RESNET,
        CANDIDATE_SCORER,
    )
}


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inlined(one, definitions) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = definitions[node["$ref"].rpartition("/")[2]]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    # `title` is noise where it is pydantic's text; a property of that name would be a dict.
    return {key: _inlined(value, definitions) for key, value in node.items() if not _is_noise(key, value)}


def _is_noise(key: str, value: Any) -> bool:
    return key == "title" and isinstance(value, str)
