"""What a trainer's first attempt left, as the agent is asked to load it."""

from __future__ import annotations

from capforge_contracts import layout
from capforge_contracts.names import model_name
from capforge_contracts.run import ModelCard, RunSpec
from capforge_contracts.serving import DesiredModel
from capforge_contracts.store import ObjectStore


def card_of(store: ObjectStore, spec: RunSpec) -> ModelCard:
    return ModelCard.from_json(store.get(layout.attempt_file(spec.namespace, spec.digest, 1, layout.CARD)))


def entry_of(spec: RunSpec, card: ModelCard) -> DesiredModel:
    return DesiredModel(
        model=model_name(spec.capability, card.model_sha256),
        namespace=spec.namespace,
        capability=spec.capability,
        version="1.1",
        model_key=layout.attempt_file(spec.namespace, spec.digest, 1, layout.MODEL),
        model_sha256=card.model_sha256,
        golden_key=layout.attempt_file(spec.namespace, spec.digest, 1, layout.GOLDEN),
        golden_sha256=card.golden_sha256,
        max_batch_size=card.max_batch_size,
        required=True,
    )
