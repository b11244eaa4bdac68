"""Where a classifier or embedder gets its regions when a request brings none."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from capforge_operator.api.model import ApiModel
from capforge_operator.api.references import NameRef
from capforge_operator.api.schema import SET, ClassName, Rule

MAX_FILTERED = 400
OF_REGIONS = "self.type in ['BoxClassifierElement', 'BoxEmbedderElement']"


class InputFrom(ApiModel):
    """Another capability that is asked first."""

    capability_ref: NameRef
    """The Capability of the same namespace that finds the entities: a DetectorElement, or one with an inputFrom of its
    own, which hands on the entities with its observations."""


class InputFilter(ApiModel):
    """Which entities are taken; the others stay in the answer as they are."""

    classes: Annotated[list[ClassName], Field(min_length=1, max_length=MAX_FILTERED), SET]
    """The classes, as the capability of inputFrom calls them."""


INPUT_RULES = (
    Rule(
        f"{OF_REGIONS} || !has(self.inputFrom)",
        "inputFrom: allowed for types BoxClassifierElement and BoxEmbedderElement only",
    ),
    Rule(
        "has(self.inputFrom) || !has(self.inputFilter)",
        "inputFilter: allowed together with inputFrom only",
    ),
    Rule(
        "self.type != 'BoxEmbedderElement' || !has(self.modelParameters)"
        " || self.modelParameters.outputs.all(o, !has(o.confidenceThresholdPercent))",
        "modelParameters.outputs: confidenceThresholdPercent is not allowed for type BoxEmbedderElement, whose vectors"
        " have no confidence",
    ),
)
"""On the spec."""
NOT_ITSELF = Rule(
    "!has(self.spec.inputFrom) || self.spec.inputFrom.capabilityRef.name != self.metadata.name",
    "spec.inputFrom.capabilityRef: another Capability is allowed, not itself",
)
"""On the whole object."""
