"""Finds the weights that a training run asks to start from, and says which bytes they are."""

from __future__ import annotations

from dataclasses import dataclass, replace

from capforge_contracts.run import InitialWeights
from capforge_contracts.store import NotFound
from capforge_operator.api.training_run import TrainingRun
from capforge_operator.controllers.catalogue import Catalogue
from capforge_operator.domain.checks.case import Violation
from capforge_operator.domain.checks.weights_known import WEIGHTS_UNAVAILABLE
from capforge_operator.domain.weights import (
    MAX_WEIGHTS_BYTES,
    Weights,
    missing,
    too_large,
    weights_of_uri,
    weights_of_version,
)
from capforge_operator.ports import Store


@dataclass(frozen=True)
class WeightsReader:
    """Reads the ledger and the object store."""

    store: Store
    catalogue: Catalogue

    async def find(self, run: TrainingRun) -> Weights | None:
        """Return what the run names, None if it names nothing; raises StoreError."""
        asked = run.spec.initial_weights
        if asked is None:
            return None
        namespace = run.metadata.namespace
        found = (
            await self._of_version(namespace, run.spec.capability_ref.name, asked.version)
            if asked.version
            else weights_of_uri(namespace, asked.uri or "", self.store.uri)
        )
        if found.fault or await self.store.exists(found.key):
            return found
        return replace(found, fault=missing(found))

    async def pin(self, weights: Weights) -> InitialWeights | Violation:
        """Read the file once: the digest says what a run starts from, whatever lies there later. Raises StoreError."""
        try:
            digest = await self.store.sha256(weights.key, MAX_WEIGHTS_BYTES)
        except NotFound:
            return Violation(WEIGHTS_UNAVAILABLE, f"initialWeights.{missing(weights)}")
        if digest is None:
            return Violation(WEIGHTS_UNAVAILABLE, f"initialWeights: {too_large(weights)}")
        return InitialWeights(key=weights.key, sha256=digest, origin=weights.origin)

    async def _of_version(self, namespace: str, capability: str, version: str) -> Weights:
        ledger = await self.catalogue.read(namespace, capability)
        known = [one.version for one in ledger.published]
        return weights_of_version(namespace, version, ledger.version(version), known)
