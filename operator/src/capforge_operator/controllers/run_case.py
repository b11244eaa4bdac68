"""Reads what the checks of a training run look at."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from capforge_contracts import layout
from capforge_contracts.dataset import Split
from capforge_contracts.store import TooLarge
from capforge_operator.api.capability import Capability
from capforge_operator.api.dataset import Dataset
from capforge_operator.api.model_template import ModelTemplate
from capforge_operator.api.training_run import DatasetRef, TrainingRun
from capforge_operator.controllers.weights_reader import WeightsReader
from capforge_operator.domain.checks.case import Case, Role, Selection, Target, Template
from capforge_operator.domain.manifest_facts import ALL, SplitFacts, selection, split_facts
from capforge_operator.domain.shape import shape_of
from capforge_operator.ports import Resources, Store
from capforge_operator.resource_types import CAPABILITIES, DATASETS, MODEL_TEMPLATES
from capforge_operator.runtime.threads import Threads


@dataclass(frozen=True)
class _Locked:
    digest: str
    facts: Mapping[Split, SplitFacts]


@dataclass(frozen=True)
class RunCaseReader:
    """Puts a Case together: the capability, the template, and every selected item."""

    resources: Resources
    store: Store
    threads: Threads
    weights: WeightsReader

    async def read(self, run: TrainingRun) -> Case:
        """Read everything live."""
        namespace, spec = run.metadata.namespace, run.spec
        capability, template = await asyncio.gather(
            self.resources.get(CAPABILITIES, namespace, spec.capability_ref.name),
            self.resources.get(MODEL_TEMPLATES, "", spec.template_ref.name),
        )
        chosen = [
            (role, ref)
            for role, refs in (
                (Role.TRAIN, spec.datasets.train),
                (Role.DEV, spec.datasets.dev),
                (Role.TEST, spec.datasets.test),
            )
            for ref in refs
        ]
        known = {name: await self._dataset(namespace, name) for name in sorted({ref.name for _, ref in chosen})}
        return Case(
            capability_name=spec.capability_ref.name,
            capability=_target(Capability.parse(capability)) if capability else None,
            template_name=spec.template_ref.name,
            template=_template(ModelTemplate.parse(template)) if template else None,
            selections=tuple(_selection(role, ref, known[ref.name]) for role, ref in chosen),
            overrides=spec.overrides,
            weights=await self.weights.find(run),
        )

    async def _dataset(self, namespace: str, name: str) -> _Locked | str:
        """Return a dataset's items or, where it is not locked, why."""
        document = await self.resources.get(DATASETS, namespace, name)
        if document is None:
            return "there is no Dataset of this name"
        dataset = Dataset.parse(document)
        status, expected = dataset.status, dataset.spec.expected_digest
        if status.digest is not None and expected not in {None, status.digest}:
            return f"DigestMismatch: the data has digest {status.digest}, expectedDigest is {expected}"
        if status.digest is None:
            ready = status.condition("Ready")
            return f"{ready.reason}: {ready.message}" if ready else "its snapshot has not begun"
        try:
            data = await self.store.get(layout.manifest(namespace, status.digest))
        except TooLarge as error:
            return f"{error}; make several Datasets of its records, a run takes any number of them"
        return _Locked(status.digest, await self.threads.run(split_facts, data))


def _selection(role: Role, ref: DatasetRef, known: _Locked | str) -> Selection:
    split = ref.split.value if ref.split else ALL
    if isinstance(known, str):
        return Selection(role, ref.name, split, why_unlocked=known)
    return selection(role, ref.name, split, known.digest, known.facts)


def _target(capability: Capability) -> Target:
    return Target(shape_of(capability))


def _template(template: ModelTemplate) -> Template:
    spec = template.spec
    types = frozenset(one.value for one in spec.capability_types)
    return Template(types, spec.parameter_schema, spec.defaults, spec.image)
