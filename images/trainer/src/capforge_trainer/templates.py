"""The templates that this trainer knows: the single source of the built-in ModelTemplates. Knows no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from capforge_contracts.run import CapabilityType
from capforge_trainer.config import DetectorParameters, Parameters


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
    description="Finds and classifies objects as boxes; dense and anchor-free, learns from a few hundred images.",
    parameters=DetectorParameters,
)

TEMPLATES: dict[str, Template] = {template.name: template for template in (ANCHOR_FREE_DETECTOR,)}


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
